//! `parterre check`: is everything in the books as it must be?

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use domain::ids::EventId;

use super::Check;
use super::database::{Database, Role};
use crate::checker::{self, Hears};
use crate::stores::postgres::Pool;
use crate::trouble::Trouble;
use crate::wiring;

/// Runs the command: 0 where the books are in order, 2 where they are not, 1 where that could not be found out.
pub(crate) async fn run(command: &Check) -> ExitCode {
    let database = match Database::open(&command.config, Role::Guest).await {
        Ok(database) => database,
        Err(sentence) => return told(Err(sentence)),
    };
    let done = match database.ready(2).await {
        Ok(pool) => Role::Guest.told("Checking the books", look(&pool, command)).await,
        Err(sentence) => Err(sentence),
    };
    database.close().await;
    told(done)
}

/// How many breaches there are, and what to print.
async fn look(pool: &Pool, command: &Check) -> Result<(usize, String), String> {
    let unchecked = |trouble: Trouble| format!("The books could not be checked: {trouble}.");
    let told = Told { sales: wiring::sales(&command.config, pool).await?, all: AtomicBool::new(true) };
    let breaches = if command.stop { checker::audit(pool, &told).await } else { checker::check(pool).await };
    let breaches = breaches.map_err(unchecked)?;
    let mut text: String = breaches.iter().map(|breach| format!("{breach}\n")).collect();
    let resumed = match &command.resume {
        Some(slug) if breaches.is_empty() => checker::resume(pool, slug).await.map_err(unchecked)?,
        _ => None,
    };
    if let Some(event) = resumed {
        told.sale_changed(event).await;
    }
    match (&command.resume, breaches.len()) {
        (Some(_), 0) if resumed.is_some() => text += "The sale goes on.\n",
        (Some(_), 0) => text += "The books are in order. No sale of that event was stopped.\n",
        (Some(_), _) => text += "Nothing was resumed: mend this first.\n",
        (None, 0) => text += "The books are in order.\n",
        (None, _) if command.stop => text += "The sales concerned are stopped.\n",
        (None, _) => text += "To stop the sales concerned: parterre check --stop\n",
    }
    if !told.all.load(Ordering::Relaxed) {
        text += "Redis does not answer: pages may show what was for five minutes more. Nothing is sold by it.\n";
    }
    Ok((breaches.len(), text))
}

/// Passes on what changes, and remembers whether all could hear it.
struct Told<H> {
    sales: H,
    all: AtomicBool,
}

#[async_trait]
impl<H: Hears> Hears for Told<H> {
    async fn sale_changed(&self, event: EventId) -> bool {
        let heard = self.sales.sale_changed(event).await;
        self.all.fetch_and(heard, Ordering::Relaxed);
        heard
    }
}

fn told(done: Result<(usize, String), String>) -> ExitCode {
    match done {
        Ok((0, text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Ok((_, text)) => {
            eprint!("{text}");
            ExitCode::from(2)
        }
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}
