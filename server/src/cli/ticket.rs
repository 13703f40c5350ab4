//! `parterre ticket`: what doors ask, and what they are told.

use std::process::ExitCode;

use super::database::{Database, Role};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::stores::postgres::Pool;
use crate::tickets::verify_cli;
use crate::wiring;

/// `parterre ticket verify TOKEN`: by the signature, and by the shop's word where it can be asked.
pub(crate) async fn verify(token: &str, key: Option<&str>, config: &Config) -> ExitCode {
    let verdict = match verify_cli::verify(token, key, &config.data) {
        Ok(claim) => verify_cli::judge(&claim, wiring::ask(config, claim.ticket).await),
        Err(verdict) => verdict,
    };
    match verdict.exit {
        0 => println!("{}", verdict.text.trim_end()),
        _ => eprintln!("{}", verdict.text.trim_end()),
    }
    ExitCode::from(verdict.exit)
}

/// `parterre ticket rebuild EVENT`: answers what to print.
///
/// # Errors
/// One sentence for whoever typed it.
pub(crate) async fn rebuild(event: &str, config: &Config) -> Result<String, String> {
    let database = Database::open(config, Role::Guest).await?;
    let done = match database.ready(4).await {
        Ok(pool) => Role::Guest.told("Writing down every ticket", rebuild_on(config, &pool, event)).await,
        Err(sentence) => Err(sentence),
    };
    database.close().await;
    done
}

async fn rebuild_on(config: &Config, pool: &Pool, slug: &str) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| format!("The tickets could not be written: {error}. Run it again.");
    let doors = wiring::doors(config, pool).await?;
    let found = wiring::catalog(pool).by_slug(slug, SystemClock.now()).await.map_err(|trouble| failed(&trouble))?;
    let Some(event) = found else { return Err(format!("There is no event \"{slug}\".")) };
    let done = doors.rebuild(event.summary.id).await.map_err(|trouble| failed(&trouble))?;
    let all = done.right + done.wrong;
    let anew = if done.wrong > 0 { format!("; {} were written anew", done.wrong) } else { String::new() };
    let told = format!("\"{slug}\": doors are told of its tickets ({all}) what PostgreSQL says{anew}.\n");
    match done.unread {
        0 => Ok(told),
        unread => Err(format!(
            "{told}{unread} more could not be read: the log says why. Doors go on by what they know of them."
        )),
    }
}
