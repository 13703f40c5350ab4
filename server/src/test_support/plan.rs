//! For tests: how much of a table a statement reads, by the database's own account.

use sqlx::AssertSqlSafe;

use crate::stores::postgres::Pool;
use crate::stores::postgres::begin::begin;

/// The most rows that one step of `statement`, which has its values in it, reads or throws away; and its plan. What it
/// changes is taken back.
///
/// # Panics
/// Where the database refuses it.
pub async fn rows_read(pool: &Pool, statement: &str) -> (u64, String) {
    let mut tx = begin(pool).await.expect("the test's database answers");
    let explain = AssertSqlSafe(format!("EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) {statement}"));
    let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut *tx).await.expect("the statement runs");
    tx.rollback().await.expect("the test's database answers");
    let after = |line: &str, word: &str| -> Option<f64> {
        line.split(word).nth(1)?.split([' ', ')']).find(|text| !text.is_empty())?.parse().ok()
    };
    let most = plan.iter().filter_map(|line| {
        let rows = after(line, "actual rows=").or_else(|| after(line, "Rows Removed by Filter:"))?;
        Some((rows * after(line, "loops=").unwrap_or(1.0)) as u64)
    });
    (most.max().unwrap_or(0), plan.join("\n"))
}
