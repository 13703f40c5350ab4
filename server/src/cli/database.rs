//! The database a command works on: the one that is configured, or the embedded one in the data folder.

use crate::config::Config;
use crate::stores::postgres::embedded::{Embedded, Settings};
use crate::stores::postgres::{Pool, connect, migrate};
use secrecy::ExposeSecret;

/// Name of the database within the embedded server.
const NAME: &str = "postgres";

/// An address, and the embedded server behind it where there is one.
#[derive(Debug)]
pub(crate) struct Database {
    /// Where it is.
    pub(crate) url: String,
    embedded: Option<Embedded>,
}

/// Whether a command owns the embedded server or works beside the one that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `serve`: starts it, and refuses where another one runs.
    Owner,
    /// Every other command: joins it, or starts it for a moment.
    Guest,
}

impl Database {
    /// Makes the database of `config` reachable; `say` hears what takes long.
    ///
    /// # Errors
    /// One sentence for whoever typed the command.
    pub(crate) async fn open(config: &Config, role: Role, say: &(dyn Fn(&str) + Send + Sync)) -> Result<Self, String> {
        if let Some(url) = &config.database_url {
            return Ok(Self { url: url.expose_secret().to_owned(), embedded: None });
        }
        let settings = Settings::new(&config.data);
        let started = match role {
            Role::Owner => Embedded::start(&settings, say).await,
            Role::Guest => Embedded::join_or_start(&settings, say).await,
        };
        let embedded = started.map_err(|error| error.to_string())?;
        Ok(Self { url: embedded.url(NAME), embedded: Some(embedded) })
    }

    /// Applies what is missing of the schema and opens a pool.
    ///
    /// # Errors
    /// One sentence for whoever typed the command.
    pub(crate) async fn ready(&self, connections: u32) -> Result<Pool, String> {
        let sentence = |error: crate::trouble::Trouble| format!("The database cannot be used: {error}.");
        migrate::up(&self.url).await.map_err(sentence)?;
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
