//! The PostgreSQL that all tests of a machine share, and its migrated template.

use std::fs::{self, File};
use std::path::PathBuf;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::NOW;
use crate::clock::{Clock, SystemClock};
use crate::stores::postgres::embedded::{Embedded, Settings, user_cache};
use crate::stores::postgres::{connect, migrate, partitions};

/// The address of the server's own database.
pub(super) async fn url() -> String {
    #[allow(clippy::disallowed_methods, reason = "tests have no Config")]
    if let Ok(url) = std::env::var("PARTERRE_TEST_DATABASE_URL") {
        return url;
    }
    let cache = user_cache().unwrap_or_else(|| PathBuf::from("/tmp/parterre"));
    let data = cache.join("test-database");
    let settings = Settings { data: data.clone(), cache, durable: false };
    // Most tests find it running. Where several do not, one starts it and the others wait here.
    if let Some(url) = answering(&settings).await {
        return url;
    }
    fs::create_dir_all(&data).expect("the cache folder can be written");
    let gate = File::create(data.join("start.lock")).expect("the cache folder can be written");
    let gate = tokio::task::spawn_blocking(move || gate.lock().map(|()| gate));
    let _gate = gate.await.expect("waiting does not panic").expect("the lock can be had");
    if let Some(url) = answering(&settings).await {
        return url;
    }
    let server = Embedded::start(&settings, &|words| eprintln!("{words}")).await.expect("PostgreSQL starts");
    let url = server.url("postgres");
    server.leave_running();
    url
}

async fn answering(settings: &Settings) -> Option<String> {
    let url = Embedded::url_if_running(settings)?;
    PgConnection::connect(&url).await.ok()?.close().await.ok()?;
    Some(url)
}

/// The name of the template for these migrations and this month, made where it is missing.
pub(super) async fn template(base: &str) -> String {
    let now = SystemClock.now();
    let month = jiff::Timestamp::from_millisecond(now.0).expect("the clock shows a time").strftime("%Y%m").to_string();
    let name = format!("template_{}_{month}", migrate::fingerprint());
    let mut admin = PgConnection::connect(base).await.expect("the test server answers");
    if !exists(&mut admin, &name).await {
        // One process builds, under a lock of the server; it is renamed when it is whole.
        sqlx::query("SELECT pg_advisory_lock(7061727465727265)")
            .execute(&mut admin)
            .await
            .expect("the lock can be had");
        if !exists(&mut admin, &name).await {
            let draft = format!("draft_{name}");
            run(&mut admin, format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
            run(&mut admin, format!("CREATE DATABASE {draft} TEMPLATE template0")).await;
            let url = with_database(base, &draft);
            migrate::up(&url).await.expect("the migrations apply");
            let pool = connect::connect(&url, 2).await.expect("the template answers");
            partitions::ensure(&pool, NOW).await.expect("partitions can be made");
            partitions::ensure(&pool, now).await.expect("partitions can be made");
            pool.close().await;
            run(&mut admin, format!("ALTER DATABASE {draft} RENAME TO {name}")).await;
        }
    }
    admin.close().await.expect("the test server says goodbye");
    name
}

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(admin)
        .await
        .expect("the test server answers")
}

async fn run(admin: &mut PgConnection, statement: String) {
    // Names are made here, never brought from outside.
    admin.execute(AssertSqlSafe(statement)).await.expect("the test server obeys");
}

/// The same address with another database.
pub(super) fn with_database(base: &str, name: &str) -> String {
    let (address, query) = base.split_once('?').map_or((base, None), |(address, query)| (address, Some(query)));
    let server = address.rsplit_once('/').map_or(address, |(server, _)| server);
    query.map_or_else(|| format!("{server}/{name}"), |query| format!("{server}/{name}?{query}"))
}
