//! `parterre holds rebuild EVENT`: the CQL cluster's marks of what is sold, made anew from PostgreSQL.

use super::HoldsCommand;
use super::database::{Database, Role};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::holds::audit::SETTLES_WITHIN;
use crate::stores::postgres::Pool;
use crate::wiring;

/// Runs the command; answers what to print.
///
/// # Errors
/// One sentence for whoever typed it.
pub(crate) async fn run(command: &HoldsCommand) -> Result<String, String> {
    let HoldsCommand::Rebuild { event, config } = command;
    if config.cql().is_none() {
        return Err(
            "CQL_NODES names no cluster: holds are kept in the server's own memory, which starts from PostgreSQL \
                    by itself. There is nothing to rebuild."
                .into(),
        );
    }
    let database = Database::open(config, Role::Guest).await?;
    let done = match database.ready(4).await {
        Ok(pool) => rebuild(config, &pool, event).await,
        Err(sentence) => Err(sentence),
    };
    database.close().await;
    done
}

async fn rebuild(config: &Config, pool: &Pool, slug: &str) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| format!("The marks could not be rebuilt: {error}. Run it again.");
    let found = wiring::catalog(pool).by_slug(slug, SystemClock.now()).await.map_err(|trouble| failed(&trouble))?;
    let Some(event) = found else { return Err(format!("There is no event \"{slug}\".")) };
    let holds = wiring::holds(config, pool).await?;
    let id = event.summary.id;
    // Opening writes what is missing; the audit finds what is too much.
    let looked = async {
        holds.ready(id).await.map_err(|error| failed(&error))?;
        holds.audit(id, SETTLES_WITHIN).await.map_err(|error| failed(&error))
    };
    let wrong = Role::Guest.told("Comparing every seat with PostgreSQL", looked).await?;
    Ok(match wrong {
        0 => format!("\"{slug}\": every mark of what is sold is as PostgreSQL says.\n"),
        1 => format!("\"{slug}\": one wrong mark was corrected; the others are as PostgreSQL says.\n"),
        _ => format!("\"{slug}\": {wrong} wrong marks were corrected; the others are as PostgreSQL says.\n"),
    })
}
