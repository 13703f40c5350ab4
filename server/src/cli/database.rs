//! The database a command works on: the one that is configured, or the embedded one in the data folder.

use crate::clock::told_if_long;
use crate::config::Config;
use crate::stores::postgres::embedded::{Embedded, Settings};
use crate::stores::postgres::{Pool, connect, migrate};
use secrecy::ExposeSecret;

/// What is going on while steps of the schema are applied.
pub(super) const MIGRATING: &str = "Bringing the database up to date";

/// Name of the database within the embedded server.
const NAME: &str = "postgres";

/// An address, and the embedded server behind it where there is one.
#[derive(Debug)]
pub(crate) struct Database {
    /// Where it is.
    pub(crate) url: String,
    embedded: Option<Embedded>,
    role: Role,
}

/// Whether a command owns the embedded server or works beside the one that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `serve`: starts it, and refuses where another one runs.
    Owner,
    /// Every other command: joins it, or starts it for a moment.
    Guest,
}

impl Role {
    /// Says what is going on. What a guest prints on its standard output is its answer alone.
    pub(super) fn say(self, words: &str) {
        match self {
            Self::Owner => println!("{words} …"),
            Self::Guest => eprintln!("{words} …"),
        }
    }

    /// Goes through `step`, and says the `words` for it where it takes long.
    pub(super) async fn told<T>(self, words: &str, step: impl Future<Output = T>) -> T {
        told_if_long(words, &|words| self.say(words), step).await
    }
}

impl Database {
    /// Makes the database of `config` reachable, and says what takes long of it.
    ///
    /// # Errors
    /// One sentence for whoever typed the command.
    pub(crate) async fn open(config: &Config, role: Role) -> Result<Self, String> {
        if let Some(url) = &config.database_url {
            return Ok(Self { url: url.expose_secret().to_owned(), embedded: None, role });
        }
        let settings = Settings::new(&config.data);
        let say = |words: &str| role.say(words);
        let started = match role {
            Role::Owner => Embedded::start(&settings, &say).await,
            Role::Guest => Embedded::join_or_start(&settings, &say).await,
        };
        let embedded = started.map_err(|error| error.to_string())?;
        Ok(Self { url: embedded.url(NAME), embedded: Some(embedded), role })
    }

    /// Applies what is missing of the schema and opens a pool.
    ///
    /// # Errors
    /// One sentence for whoever typed the command.
    pub(crate) async fn ready(&self, connections: u32) -> Result<Pool, String> {
        let sentence = |error: crate::trouble::Trouble| format!("The database cannot be used: {error}.");
        self.role.told(MIGRATING, migrate::up(&self.url)).await.map_err(sentence)?;
        connect::connect(&self.url, connections).await.map_err(sentence)
    }

    /// Stops the embedded server, if this process started it.
    pub(crate) async fn close(self) {
        if let Some(embedded) = self.embedded
            && let Err(error) = embedded.stop().await
        {
            eprintln!("{error}");
        }
    }
}
