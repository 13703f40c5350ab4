//! `parterre migrate up|down|status`.

use super::Migrate;
use super::database::{Database, Role};
use crate::stores::postgres::migrate::{self, StepStatus};

/// Runs the command; answers what to print.
///
/// # Errors
/// One sentence for whoever typed it.
pub(crate) async fn run(command: &Migrate) -> Result<String, String> {
    let (Migrate::Up(config) | Migrate::Down(config) | Migrate::Status(config)) = command;
    let database = Database::open(config, Role::Guest, &|words| eprintln!("{words} …")).await?;
    let url = &database.url;
    let text = match command {
        Migrate::Up(_) => migrate::up(url).await.map(|steps| match steps.len() {
            0 => "Nothing to do: the schema is up to date.\n".to_owned(),
            _ => listed(&steps),
        }),
        Migrate::Down(_) => migrate::down(url)
            .await
            .map(|step| step.map_or_else(|| "Nothing to take back.\n".to_owned(), |step| listed(&[step]))),
        Migrate::Status(_) => migrate::status(url).await.map(|steps| listed(&steps)),
    };
    database.close().await;
    text.map_err(|error| format!("The schema was not changed: {error}."))
}

fn listed(steps: &[StepStatus]) -> String {
    steps.iter().fold(String::new(), |text, step| {
        let state = if step.applied { "applied" } else { "missing" };
        text + &format!("{:04}  {state}  {}\n", step.version, step.name)
    })
}
