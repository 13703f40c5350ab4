//! The command line: what `parterre --help` shows.

mod chart;
mod check;
mod database;
mod demo;
mod holds;
mod migrate;
mod serve;
mod ticket;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{ADDRESS, CACHE, Config, DATA, HOLDS};

/// Open-source ticketing with live seat maps.
#[derive(Debug, Parser)]
#[command(name = "parterre", version, about, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Commands and the settings that concern them, by the headings of [`Config`]. They take all the others too, as one
/// environment serves for all commands of a shop, but name these alone.
const CONCERNS: [(&[&str], &[&str]); 9] = [
    (&["migrate", "up"], &[DATA, HOLDS]),
    (&["migrate", "down"], &[DATA, HOLDS]),
    (&["migrate", "status"], &[DATA, HOLDS]),
    (&["chart", "import"], &[DATA]),
    (&["demo"], &[ADDRESS, DATA]),
    (&["holds", "rebuild"], &[DATA, HOLDS, CACHE]),
    (&["check"], &[DATA, CACHE]),
    (&["ticket", "verify"], &[DATA, HOLDS]),
    (&["ticket", "rebuild"], &[DATA, HOLDS]),
];

impl Cli {
    /// Reads what was typed; where it makes no sense, or asks for help, the process ends with that.
    #[must_use]
    pub fn read() -> Self {
        let command = CONCERNS.iter().fold(Self::command(), |all, (path, headings)| naming(all, path, headings));
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

/// The command with its subcommand of this path naming only the settings under these headings.
fn naming(command: clap::Command, path: &[&'static str], headings: &[&str]) -> clap::Command {
    match path {
        [first, rest @ ..] => command.mut_subcommand(first, |next| naming(next, rest, headings)),
        [] => command.mut_args(|setting| {
            let foreign = setting.get_help_heading().is_some_and(|heading| !headings.contains(&heading));
            if foreign { setting.hide(true) } else { setting }
        }),
    }
}

/// What `parterre` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the ticket shop
    Serve(Box<Config>),
    /// Bring the database to another version of its schema
    #[command(subcommand)]
    Migrate(Migrate),
    /// Look at seat charts, or take one in
    #[command(subcommand)]
    Chart(Chart),
    /// Put a demo event on sale, also while the server runs, and print its address
    Demo(Box<Demo>),
    /// Look after the hold store
    #[command(subcommand)]
    Holds(HoldsCommand),
    /// Check the books against every invariant; exit 0 where all is well, 2 where something is not
    Check(Box<Check>),
    /// Check tickets, with and without a network
    #[command(subcommand)]
    Ticket(Ticket),
    /// Show the settings in force, secrets masked
    Config(Box<Config>),
}

/// Ways to migrate.
#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Apply everything that is missing
    Up(Box<Config>),
    /// Take back the newest step
    Down(Box<Config>),
    /// List the steps and which are applied
    Status(Box<Config>),
}

/// What can be done with charts.
#[derive(Debug, Subcommand)]
pub enum Chart {
    /// Say what is odd about a seating plan; exit 0 where it is usable, 2 where it is not
    Check {
        /// The plan, as JSON
        file: PathBuf,
    },
    /// Take a seating plan in as a new version of its chart
    Import {
        /// The plan, as JSON
        file: PathBuf,
        /// Where the data are
        #[command(flatten)]
        config: Box<Config>,
    },
}

/// What can be done with holds.
#[derive(Debug, Subcommand)]
pub enum HoldsCommand {
    /// Write down in the CQL cluster what PostgreSQL knows to be sold, and correct what is wrong there; safe to repeat,
    /// also while the event is on sale
    Rebuild {
        /// The event, by the name in its address
        event: String,
        /// Where the data are
        #[command(flatten)]
        config: Box<Config>,
    },
}

/// A look at the books.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Stop the sale of every event concerned
    #[arg(long, conflicts_with = "resume")]
    pub stop: bool,
    /// Let the stopped sale of this event (the last part of its address) go on, if all is well
    #[arg(long, value_name = "EVENT")]
    pub resume: Option<String>,
    /// Where the data are
    #[command(flatten)]
    pub config: Config,
}

/// A demo event.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// A seating plan to use instead of the built-in arena
    #[arg(long)]
    pub chart: Option<PathBuf>,
    /// A drawn bowl of so many seats instead, 100 to 110000
    #[arg(long, value_name = "SEATS", conflicts_with = "chart", value_parser = clap::value_parser!(u32).range(100..=110_000))]
    pub bowl: Option<u32>,
    /// Price of a category in whole and minor units, such as "Gold=45.00"; may be repeated
    #[arg(long = "price", value_name = "CATEGORY=AMOUNT")]
    pub prices: Vec<String>,
    /// Where the data are
    #[command(flatten)]
    pub config: Config,
}

/// What can be done with tickets.
#[derive(Debug, Subcommand)]
pub enum Ticket {
    /// Verify a ticket's token by public key, and ask whether it is still valid where CQL_NODES or DATABASE_URL says whom;
    /// exit 0 where it is good, 2 where it is not, 1 where that could not be found out
    Verify {
        /// The token, as the QR code carries it
        token: String,
        /// Public key (base64url); taken from the data folder where it is missing
        #[arg(long)]
        key: Option<String>,
        /// Where the keys are, and whom to ask
        #[command(flatten)]
        config: Box<Config>,
    },
    /// Write an event's tickets anew to the CQL cluster, where doors ask; safe to repeat, also while the doors are open
    Rebuild {
        /// The event, by the name in its address
        event: String,
        /// Where the data are
        #[command(flatten)]
        config: Box<Config>,
    },
}

/// Carries a command out and says how it went.
pub async fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Serve(config) => serve::run(*config).await.map(|()| String::new()),
        Command::Migrate(command) => migrate::run(&command).await,
        Command::Config(config) => Ok(config.to_text()),
        Command::Demo(command) => demo::run(&command).await,
        Command::Holds(command) => holds::run(&command).await,
        Command::Chart(command) => return chart::run(&command).await,
        Command::Check(command) => return check::run(&command).await,
        Command::Ticket(Ticket::Verify { token, key, config }) => {
            return ticket::verify(&token, key.as_deref(), &config).await;
        }
        Command::Ticket(Ticket::Rebuild { event, config }) => ticket::rebuild(&event, &config).await,
    };
    match done {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}
