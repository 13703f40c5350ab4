//! `parterre check`: is everything in the books as it must be?

use std::process::ExitCode;

use super::Check;
use super::database::{Database, Role};
use crate::checker;
use crate::stores::postgres::Pool;
use crate::trouble::Trouble;

/// Runs the command: 0 where the books are in order, 2 where they are not, 1 where that could not be found out.
pub(crate) async fn run(command: &Check) -> ExitCode {
    let database = match Database::open(&command.config, Role::Guest, &|words| eprintln!("{words} …")).await {
        Ok(database) => database,
        Err(sentence) => return told(Err(sentence)),
    };
    let done = match database.ready(2).await {
        Ok(pool) => look(&pool, command).await.map_err(|trouble| format!("The books could not be checked: {trouble}.")),
        Err(sentence) => Err(sentence),
    };
    database.close().await;
    told(done)
}

/// How many breaches there are, and what to print.
async fn look(pool: &Pool, command: &Check) -> Result<(usize, String), Trouble> {
    let breaches = if command.stop { checker::audit(pool).await? } else { checker::check(pool).await? };
    let mut text: String = breaches.iter().map(|breach| format!("{breach}\n")).collect();
    match (&command.resume, breaches.len()) {
        (Some(slug), 0) if checker::resume(pool, slug).await? => text += "The sale goes on.\n",
        (Some(_), 0) => text += "The books are in order. No sale of that event was stopped.\n",
        (Some(_), _) => text += "Nothing was resumed: mend this first.\n",
        (None, 0) => text += "The books are in order.\n",
        (None, _) if command.stop => text += "The sales concerned are stopped.\n",
        (None, _) => text += "To stop the sales concerned: parterre check --stop\n",
    }
    Ok((breaches.len(), text))
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
