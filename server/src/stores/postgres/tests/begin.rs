//! Whoever goes away while a transaction begins leaves nothing of it to whoever has the connection next.

use std::time::Duration;

use futures::poll;
use tokio::time::{sleep, timeout};

use crate::stores::postgres::Pool;
use crate::stores::postgres::begin::{begin, begin_reading};
use crate::stores::postgres::connect::connect_within;
use crate::test_support::database;

const AT_MOST: Duration = Duration::from_secs(20);

/// Begins one on the only connection and goes away: before the question is sent, while it is under way, after its answer.
async fn goes_away(pool: &Pool, writes: bool, looks: u32) {
    let mut begun = Box::pin(async { if writes { begin(pool).await } else { begin_reading(pool).await }.map(drop) });
    for look in 0..looks {
        // From the second look on an answer has come.
        sleep(Duration::from_millis(u64::from(look.min(1) * 2))).await;
        if poll!(&mut begun).is_ready() {
            return;
        }
    }
}

#[tokio::test]
async fn whoever_goes_away_while_a_transaction_begins_leaves_nothing_open() {
    let others = database().await;
    let pool = connect_within(&others.url, 1, AT_MOST).await.unwrap();
    sqlx::query("CREATE TABLE told (number int)").execute(&pool).await.unwrap();
    let mut told = 0_i64;
    for looks in 0..6 {
        for writes in [true, false] {
            goes_away(&pool, writes, looks).await;
            // Refused in a transaction that only reads; in one that nobody ends, told as done and seen by nobody else.
            let write = sqlx::query("INSERT INTO told VALUES ($1)").bind(looks as i32).execute(&pool);
            timeout(AT_MOST, write).await.expect("the connection is free").expect("it writes");
            told += 1;
            let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM told").fetch_one(&others.pool).await.unwrap();
            assert_eq!(seen, told, "gone after {looks} looks, writing: {writes}");
        }
    }
}
