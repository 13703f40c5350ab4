//! For tests: a fresh, migrated PostgreSQL database for each, in well under a tenth of a second.
//!
//! All tests of a machine share one PostgreSQL with fsync off. `./test` may bring one by `PARTERRE_TEST_DATABASE_URL`;
//! otherwise the first test starts one under the user's cache folder, and it stays for the next run. A template is
//! migrated once per version of the migrations and cloned for each test.

pub mod cassandra;
pub mod house;
pub mod linear;
pub mod log;
pub mod paper;
pub mod plan;
pub mod redis;
mod server;
pub mod shop;
pub mod steady;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::ids::EventId;
use domain::time::Millis;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::checker::{Breach, check};
use crate::stores::postgres::Pool;
use crate::stores::postgres::connect::connect_within;

/// An instant for tests whose clock stands still: 2026-11-20T12:00:00Z. Partitions exist from its month on.
pub const NOW: Millis = Millis(1_795_176_000_000);

/// How long a store may take where a test is not about time: machines that tests run on stop for seconds.
pub const PATIENT: Duration = Duration::from_secs(10);

/// Connections of a test's pool.
pub const CONNECTIONS: u32 = 16;

/// A database of one's own, dropped at the end.
#[derive(Debug)]
pub struct TestDatabase {
    /// Connections to it.
    pub pool: Pool,
    /// Its address, for what connects by itself.
    pub url: String,
    base: String,
    name: String,
}

/// Runs `work` to its end where there is no runtime, as in the cases of a property.
///
/// # Panics
/// As `work` does.
pub fn to_its_end<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}

/// The value of a metric as `/metrics` tells it; 0 before it was ever set. What is counted before the first call is not
/// told.
#[must_use]
pub fn metric(name: &str) -> f64 {
    let text = crate::http::layers::metrics().1.render();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or_default()
}

/// Every breach in the books as the checker would find them six minutes from now, if nothing happened until then: what is
/// allowed to last for a while must have come to its end.
///
/// # Panics
/// Where the database fails.
pub async fn check_later(pool: &Pool) -> Vec<Breach> {
    for table in ["payments", "orders"] {
        let back = format!("UPDATE {table} SET updated_at = updated_at - interval '6 minutes'");
        pool.execute(AssertSqlSafe(back)).await.expect("the times are moved back");
    }
    check(pool).await.expect("the books are read")
}

/// What a command said, but for what it was doing when that took long: a machine without a processor to spare is slow.
#[must_use]
pub fn without_progress(said: &str) -> String {
    said.split_inclusive('\n').filter(|line| !line.ends_with(" …\n")).collect()
}

/// A migrated database with partitions for the present month and for [`NOW`]'s.
///
/// # Panics
/// Where no PostgreSQL can be had: the test cannot run.
pub async fn database() -> TestDatabase {
    let base = server::url().await;
    let template = server::template(&base).await;
    clone(base, &template).await
}

/// A database without any table.
///
/// # Panics
/// Where no PostgreSQL can be had: the test cannot run.
pub async fn empty_database() -> TestDatabase {
    let base = server::url().await;
    clone(base, "template0").await
}

impl TestDatabase {
    /// Sells every other one of so many seats of `event`, as far as the claims go.
    ///
    /// # Panics
    /// Where the database does not answer.
    pub async fn claim_every_other(&self, event: EventId, seats: u32) {
        const CLAIM: &str = "INSERT INTO seat_claims (event_id, seat, order_id, fence)
            SELECT $1, seat, gen_random_uuid(), 1 FROM generate_series(0, $2 - 1, 2) AS every (seat)
            WHERE NOT EXISTS (SELECT FROM seat_kills k WHERE k.event_id = $1 AND k.seat = every.seat)";
        sqlx::query(CLAIM)
            .bind(event.0)
            .bind(seats.cast_signed())
            .execute(&self.pool)
            .await
            .expect("seats are claimed");
    }

    /// Cuts every other connection to it, as a restarted server would.
    ///
    /// # Panics
    /// Where the database does not answer.
    pub async fn cut_connections(&self) {
        const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::query(CUT).execute(&self.pool).await.expect("the test's database answers");
    }
    /// Cuts every connection to it, and takes no new ones until [`TestDatabase::back`].
    ///
    /// # Panics
    /// Where the server does not obey.
    pub async fn away(&self) {
        self.takes_connections(false).await;
        self.as_admin(format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        ))
        .await;
    }

    /// Takes connections again.
    ///
    /// # Panics
    /// Where the server does not obey.
    pub async fn back(&self) {
        self.takes_connections(true).await;
    }

    async fn takes_connections(&self, takes: bool) {
        self.as_admin(format!("ALTER DATABASE {} ALLOW_CONNECTIONS {takes}", self.name)).await;
    }

    async fn as_admin(&self, statement: String) {
        let mut admin = PgConnection::connect(&self.base).await.expect("the test server answers");
        run(&mut admin, statement).await;
        admin.close().await.expect("the test server says goodbye");
    }
}

async fn clone(base: String, template: &str) -> TestDatabase {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("t_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&base).await.expect("the test server answers");
    // A process number comes round again; what an aborted test left under this name is nobody's.
    run(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")).await;
    admin.close().await.expect("the test server says goodbye");
    let url = server::with_database(&base, &name);
    let pool = connect_within(&url, CONNECTIONS, PATIENT).await.expect("the test's database answers");
    TestDatabase { pool, url, base, name }
}

async fn run(admin: &mut PgConnection, statement: String) {
    // Names are made here, never brought from outside.
    admin.execute(AssertSqlSafe(statement)).await.expect("the test server obeys");
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (base, name) = (self.base.clone(), self.name.clone());
        // A runtime of its own, as the test's may be of one thread and busy unwinding.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&base).await.ok()?;
                admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await.ok()
            })
        });
        let _ = dropped.join();
    }
}

/// A module with a test of every law, each over a store of its own: `$make` is awaited anew for each.
#[cfg(test)]
macro_rules! each_law {
    ($module:ident, $make:expr, [$($law:ident),+ $(,)?]) => {
        mod $module {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                super::$law($make.await).await;
            })+
        }
    };
}
#[cfg(test)]
pub(crate) use each_law;
