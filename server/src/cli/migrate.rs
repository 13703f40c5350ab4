//! `parterre migrate up|down|status`: PostgreSQL's schema, and CQL's where a cluster is named.

use super::Migrate;
use super::database::{Database, MIGRATING, Role};
use crate::clock::{Clock, SystemClock, random};
use crate::config::Config;
use crate::stores::cql;
use crate::stores::cql::connect::Settings;
use crate::stores::postgres::migrate;
use crate::trouble::Trouble;

/// Runs the command; answers what to print.
///
/// # Errors
/// One sentence for whoever typed it.
pub(crate) async fn run(command: &Migrate) -> Result<String, String> {
    let (Migrate::Up(config) | Migrate::Down(config) | Migrate::Status(config)) = command;
    let mut text = postgres(command, config).await?;
    if let Some(settings) = config.cql() {
        text += "CQL\n";
        text += &cluster(command, &settings).await.map_err(|error| {
            format!("{text}The CQL schema was not brought up: {error}. Calling this again is safe.")
        })?;
    }
    Ok(text)
}

async fn postgres(command: &Migrate, config: &Config) -> Result<String, String> {
    let database = Database::open(config, Role::Guest).await?;
    let url = &database.url;
    let list = |steps: Vec<migrate::StepStatus>| {
        steps.iter().map(|step| line(step.version, step.applied, &step.name)).collect::<String>()
    };
    let text = match command {
        Migrate::Up(_) => Role::Guest.told(MIGRATING, migrate::up(url)).await.map(|steps| match steps.len() {
            0 => "Nothing to do: the schema is up to date.\n".to_owned(),
            _ => list(steps),
        }),
        Migrate::Down(_) => Role::Guest
            .told("Taking back the newest step", migrate::down(url))
            .await
            .map(|step| step.map_or_else(|| "Nothing to take back.\n".to_owned(), |step| list(vec![step]))),
        Migrate::Status(_) => migrate::status(url).await.map(list),
    };
    database.close().await;
    text.map_err(|error| format!("The schema was not changed: {error}."))
}

async fn cluster(command: &Migrate, settings: &Settings) -> Result<String, Trouble> {
    let list = |steps: &[cql::migrate::StepStatus]| {
        steps.iter().map(|step| line(step.version.into(), step.applied, &step.name)).collect::<String>()
    };
    match command {
        Migrate::Status(_) => Ok(list(&cql::migrate::status(settings).await?)),
        Migrate::Down(_) => {
            Ok("Nothing is taken back: its steps only add, and the release before runs on them.\n".into())
        }
        Migrate::Up(_) => {
            let clock = SystemClock;
            let steps = cql::migrate::up(settings, clock.now(), random(&clock));
            let done = Role::Guest.told("Bringing the CQL cluster up to date", steps).await?;
            let place = done.placement;
            let made = if place.made {
                format!(
                    "Keyspace {}: made in {}, {} of each row.\n",
                    settings.keyspace,
                    place.datacenter,
                    copies(place.copies)
                )
            } else {
                String::new()
            };
            Ok(match done.steps.len() {
                0 => made + "Nothing to do: the schema is up to date.\n",
                _ => made + &list(&done.steps),
            })
        }
    }
}

fn copies(number: usize) -> String {
    if number == 1 { "one copy".into() } else { format!("{number} copies") }
}

fn line(version: i64, applied: bool, name: &str) -> String {
    let state = if applied { "applied" } else { "missing" };
    format!("{version:04}  {state}  {name}\n")
}
