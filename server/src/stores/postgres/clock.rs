//! PostgreSQL's clock beside this machine's.

use domain::time::Millis;

use super::Pool;
use super::error::trouble;
use crate::clock::Clock;
use crate::trouble::Trouble;

/// By how many milliseconds `clock` surely differs from PostgreSQL's: positive where it is ahead, negative where it is
/// behind. How long the question takes does not count.
///
/// # Errors
/// What keeps PostgreSQL from answering.
pub async fn off_by(pool: &Pool, clock: &dyn Clock) -> Result<i64, Trouble> {
    let before = clock.now();
    let told = sqlx::query_scalar("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint");
    let told: i64 = told.fetch_one(pool).await.map_err(trouble)?;
    Ok(surely_off(before, Millis(told), clock.now()))
}

/// The clock's least distance from `told`, which was true at some moment between `before` and `after`.
fn surely_off(before: Millis, told: Millis, after: Millis) -> i64 {
    match () {
        () if told < before => before.since(told),
        () if after < told => after.since(told),
        () => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::test_support::database;

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        assert_eq!(surely_off(Millis(5_000), Millis(5_900), Millis(9_000)), 0);
        assert_eq!(surely_off(Millis(5_000), Millis(3_000), Millis(9_000)), 2_000, "ahead");
        assert_eq!(surely_off(Millis(5_000), Millis(9_500), Millis(9_000)), -500, "behind");
    }

    #[tokio::test]
    async fn a_clock_that_jumped_is_seen() {
        let database = database().await;
        let off = async |clock: &dyn Clock| off_by(&database.pool, clock).await.unwrap();
        assert_eq!(off(&crate::clock::SystemClock).await, 0);
        let year = 365 * 86_400_000;
        let ahead = ManualClock::at(crate::clock::SystemClock.now().plus(year));
        assert!(off(&ahead).await > year - 60_000);
    }
}
