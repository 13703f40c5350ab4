//! Everything that can be set, in one struct: flags first, then the environment, then defaults.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use domain::time::SECOND;
use secrecy::SecretString;

use crate::stores::cql::connect::Settings;

/// Under these headings the help lists the settings.
pub(crate) const ADDRESS: &str = "Address";
pub(crate) const DATA: &str = "Data";
pub(crate) const HOLDS: &str = "Holds";
pub(crate) const CACHE: &str = "Cache";
const SHOP: &str = "Shop";
const MAIL: &str = "Mail";
const LIMITS: &str = "Limits";
const DEVELOPMENT: &str = "Development";

/// Connections, and browsers that listen, at a time: where nobody says otherwise.
pub const CONNECTIONS: u32 = 10_000;
/// See [`CONNECTIONS`].
pub const STREAMS: u32 = 100_000;

/// Settings of `parterre serve` and of the commands that need the same stores.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Port to listen on; 0 takes a free one
    #[arg(long, env = "PARTERRE_PORT", default_value_t = 8080, help_heading = ADDRESS)]
    pub port: u16,
    /// Address to listen on
    #[arg(long, env = "PARTERRE_HOST", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), help_heading = ADDRESS)]
    pub host: IpAddr,
    /// Folder for everything that is kept: database, keys, mail
    #[arg(long, env = "PARTERRE_DATA", default_value = ".parterre", help_heading = DATA)]
    pub data: PathBuf,
    /// Folder with the built browser files
    #[arg(long, env = "PARTERRE_ASSETS", default_value = "dist", help_heading = SHOP)]
    pub assets: PathBuf,
    /// Address that fans see, without a slash at the end; made from host and port where it is missing
    #[arg(long, env = "PARTERRE_PUBLIC_URL", help_heading = ADDRESS)]
    pub public_url: Option<String>,
    /// PostgreSQL to use instead of the embedded one
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, help_heading = DATA)]
    pub database_url: Option<SecretString>,
    /// Connections to PostgreSQL, at most; a quarter is for those who look, the rest for those who buy
    #[arg(long, env = "PARTERRE_DATABASE_POOL", default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=200), help_heading = DATA)]
    pub database_pool: u32,
    /// ScyllaDB or Apache Cassandra for holds: some of its nodes as host:port; without it holds live in this process
    #[arg(long = "cql-node", env = "CQL_NODES", value_delimiter = ',', help_heading = HOLDS)]
    pub cql_nodes: Vec<String>,
    /// Keyspace of the holds; `parterre migrate up` makes it
    #[arg(long, env = "PARTERRE_CQL_KEYSPACE", default_value = "parterre", help_heading = HOLDS)]
    pub cql_keyspace: String,
    /// Copies of each row, where the keyspace is still to be made; three, or as many as there are nodes
    #[arg(long, env = "PARTERRE_CQL_REPLICATION", value_parser = clap::value_parser!(u8).range(1..=9), help_heading = HOLDS)]
    pub cql_replication: Option<u8>,
    /// Data centre that decides about holds; needed where the cluster has several
    #[arg(long, env = "PARTERRE_CQL_DATACENTER", help_heading = HOLDS)]
    pub cql_datacenter: Option<String>,
    /// User of the CQL cluster, where it asks for one
    #[arg(long, env = "PARTERRE_CQL_USER", requires = "cql_password", help_heading = HOLDS)]
    pub cql_user: Option<String>,
    /// Password of that user
    #[arg(long, env = "PARTERRE_CQL_PASSWORD", hide_env_values = true, help_heading = HOLDS)]
    pub cql_password: Option<SecretString>,
    /// Redis or Valkey for what may be lost, such as redis://host:6379 or redis-cluster://host:6379; in process without it
    #[arg(long, env = "REDIS_URL", hide_env_values = true, help_heading = CACHE)]
    pub redis_url: Option<SecretString>,
    /// Put before every key and channel in Redis, where several shops share one
    #[arg(long, env = "PARTERRE_REDIS_PREFIX", default_value = "", help_heading = CACHE)]
    pub redis_prefix: String,
    /// Mail server, such as smtps://user:password@mail.example:465; without it mail is written to the data folder
    #[arg(long, env = "SMTP_URL", hide_env_values = true, help_heading = MAIL)]
    pub smtp_url: Option<SecretString>,
    /// Sender of ticket mails
    #[arg(long, env = "PARTERRE_MAIL_FROM", default_value = "Parterre <tickets@localhost>", help_heading = MAIL)]
    pub mail_from: String,
    /// Seconds a hold lasts
    #[arg(long, env = "PARTERRE_HOLD_SECONDS", default_value_t = 600, value_parser = clap::value_parser!(i64).range(1..=3600), help_heading = SHOP)]
    pub hold_seconds: i64,
    /// Requests a second that one client address may send to calls that change something, and as many looks at its own things
    #[arg(long, env = "PARTERRE_WRITES_PER_SECOND", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = LIMITS)]
    pub writes_per_second: u32,
    /// Searches and filtered lists that one client address may ask for in an hour
    #[arg(long, env = "PARTERRE_SEARCHES_PER_HOUR", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = LIMITS)]
    pub searches_per_hour: u32,
    /// Proxy in front of the shop whose X-Forwarded-For is believed; may be repeated
    #[arg(long = "trusted-proxy", env = "PARTERRE_TRUSTED_PROXIES", value_delimiter = ',', help_heading = LIMITS)]
    pub trusted_proxies: Vec<IpAddr>,
    /// Baskets that one client address may have open at a time
    #[arg(long, env = "PARTERRE_HOLDS_PER_ADDRESS", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..), help_heading = LIMITS)]
    pub holds_per_address: u32,
    /// Connections that are served at a time; live streams are counted by themselves
    #[arg(long, env = "PARTERRE_CONNECTIONS", default_value_t = CONNECTIONS, value_parser = clap::value_parser!(u32).range(1..), help_heading = LIMITS)]
    pub connections: u32,
    /// Of these, from one client address; trusted proxies have no limit
    #[arg(long, env = "PARTERRE_CONNECTIONS_PER_ADDRESS", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..), help_heading = LIMITS)]
    pub connections_per_address: u32,
    /// Browsers that listen to live availability at a time
    #[arg(long, env = "PARTERRE_STREAMS", default_value_t = STREAMS, value_parser = clap::value_parser!(u32).range(1..), help_heading = LIMITS)]
    pub streams: u32,
    /// Of these, from one client address
    #[arg(long, env = "PARTERRE_STREAMS_PER_ADDRESS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..), help_heading = LIMITS)]
    pub streams_per_address: u32,
    /// Seconds between two audits of the books
    #[arg(long, env = "PARTERRE_AUDIT_SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(10..=86_400), help_heading = SHOP)]
    pub audit_seconds: u64,
    /// Seed the demo when the database is empty
    #[arg(long, env = "PARTERRE_DEMO", default_value_t = false, help_heading = DEVELOPMENT)]
    pub demo: bool,
    /// Show the development pages (mail, test payment); never on a public server
    #[arg(long, env = "PARTERRE_DEV_PAGES", default_value_t = false, help_heading = DEVELOPMENT)]
    pub dev_pages: bool,
    /// Take test cards: tickets are issued and no money moves. Development pages imply it
    #[arg(long, env = "PARTERRE_TEST_PAYMENTS", default_value_t = false, help_heading = DEVELOPMENT)]
    pub test_payments: bool,
    /// Stand still (SIGSTOP) at a named step of the purchase; for the crash tests
    #[arg(long, env = "PARTERRE_STOP_AT", hide = true, help_heading = DEVELOPMENT)]
    pub stop_at: Option<String>,
    /// Between two comparisons of what is shown with what the hold store says; nobody but tests is in a hurry.
    #[arg(skip = Duration::from_secs(10))]
    pub compare_every: Duration,
    /// Between two rounds of the audit of holds, and the longest that one may take.
    #[arg(skip = Duration::from_secs(30))]
    pub audit_holds_every: Duration,
}

impl Config {
    /// Where to listen.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    /// The address fans see, given the port really bound.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.public_url.as_deref().map_or_else(|| format!("http://{bound}"), |url| url.trim_end_matches('/').to_owned())
    }

    /// Whether test cards pay.
    #[must_use]
    pub fn takes_test_payments(&self) -> bool {
        self.test_payments || self.dev_pages
    }

    /// How long a hold lasts, in milliseconds.
    #[must_use]
    pub fn hold_ms(&self) -> i64 {
        self.hold_seconds * SECOND
    }

    /// The CQL cluster, where one is named.
    #[must_use]
    pub fn cql(&self) -> Option<Settings> {
        let login = self.cql_user.clone().zip(self.cql_password.clone());
        let (replication, datacenter) = (self.cql_replication, self.cql_datacenter.clone());
        let named = Settings::new(self.cql_nodes.clone(), &self.cql_keyspace);
        (!self.cql_nodes.is_empty()).then(|| Settings { replication, datacenter, login, ..named })
    }

    /// The settings as `name = value` lines, secrets masked.
    #[must_use]
    pub fn to_text(&self) -> String {
        let masked = |secret: &Option<SecretString>| if secret.is_some() { "(set, hidden)" } else { "(not set)" };
        let lines = [
            ("host", self.host.to_string()),
            ("port", self.port.to_string()),
            ("data", self.data.display().to_string()),
            ("assets", self.assets.display().to_string()),
            ("public_url", self.public_url.clone().unwrap_or_else(|| "(from host and port)".into())),
            ("database_url", masked(&self.database_url).into()),
            ("database_pool", self.database_pool.to_string()),
            (
                "cql_nodes",
                if self.cql_nodes.is_empty() {
                    "(none: holds live in this process)".into()
                } else {
                    self.cql_nodes.join(", ")
                },
            ),
            ("cql_keyspace", self.cql_keyspace.clone()),
            (
                "cql_replication",
                self.cql_replication.map_or_else(|| "(by the number of nodes)".into(), |copies| copies.to_string()),
            ),
            ("cql_datacenter", self.cql_datacenter.clone().unwrap_or_else(|| "(the only one)".into())),
            ("cql_user", self.cql_user.clone().unwrap_or_else(|| "(none)".into())),
            ("cql_password", masked(&self.cql_password).into()),
            ("redis_url", masked(&self.redis_url).into()),
            ("redis_prefix", self.redis_prefix.clone()),
            ("smtp_url", masked(&self.smtp_url).into()),
            ("mail_from", self.mail_from.clone()),
            ("hold_seconds", self.hold_seconds.to_string()),
            ("writes_per_second", self.writes_per_second.to_string()),
            ("searches_per_hour", self.searches_per_hour.to_string()),
            ("trusted_proxies", self.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
            ("holds_per_address", self.holds_per_address.to_string()),
            ("connections", self.connections.to_string()),
            ("connections_per_address", self.connections_per_address.to_string()),
            ("streams", self.streams.to_string()),
            ("streams_per_address", self.streams_per_address.to_string()),
            ("audit_seconds", self.audit_seconds.to_string()),
            ("demo", self.demo.to_string()),
            ("dev_pages", self.dev_pages.to_string()),
            ("test_payments", self.takes_test_payments().to_string()),
        ];
        lines.iter().fold(String::new(), |text, (name, value)| text + name + " = " + value + "\n")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn secrets_never_show() {
        let words = ["parterre", "--database-url", "postgres://u:hush@db/x", "--cql-password", "hush"];
        let config = Cli::parse_from(words.into_iter().chain(["--redis-url", "redis://:hush@cache"])).config;
        assert!(!config.to_text().contains("hush"));
        assert!(!format!("{config:?}").contains("hush"));
        assert!(config.to_text().contains("database_url = (set, hidden)"));
        assert!(config.to_text().contains("redis_url = (set, hidden)"));
    }
}
