//! What a buyer makes PostgreSQL do touches one month: every statement of a purchase, as it was really planned and run.
//!
//! No statement is copied here. PostgreSQL itself explains each one that the application sends (`auto_explain`), and the
//! driver's log brings the plans.

use std::collections::BTreeSet;

use domain::order::OrderStatus;
use domain::time::MINUTE;
use rstest::rstest;

use super::leaves::touched;
use crate::clock::{Clock, SystemClock};
use crate::purchase::stop::StopAt;
use crate::stores::postgres::Pool;
use crate::stores::postgres::connect::connect;
use crate::stores::postgres::partitions::ensure;
use crate::test_support::TestDatabase;
use crate::test_support::log::Log;
use crate::test_support::shop::{Shop, Till};

const GOOD: &str = "4242 4242 4242 4242";
const BAD: &str = "4000 0000 0000 9995";
const ASKS: &str = "4000 0027 6000 3184";

const DAY: i64 = 24 * 60 * MINUTE;

/// A statement and the leaves it touched.
type Seen = (String, BTreeSet<String>);

/// Connections whose every statement comes back with its plan.
async fn explained(database: &TestDatabase, mode: &str) -> Pool {
    let settings = [
        "session_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_analyze=on",
        "auto_explain.log_timing=off",
        "client_min_messages=log",
        &format!("plan_cache_mode={mode}"),
    ];
    let options: String = settings.iter().map(|setting| format!("-c%20{}%20", setting.replace('=', "%3D"))).collect();
    connect(&format!("{}&options={options}", database.url), 8).await.expect("PostgreSQL explains")
}

/// Every statement on orders that was heard.
fn seen(log: &Log) -> Vec<Seen> {
    let plans = log.messages("sqlx::postgres::notice");
    let plans = plans.iter().filter_map(|plan| plan.split_once("Query Text: "));
    plans.map(|(_, rest)| (rest.to_owned(), touched(rest.lines()))).filter(|(_, leaves)| !leaves.is_empty()).collect()
}

/// Everything that buyers do: refused, declined, asked, paid, looked at, prolonged, corrected, cancelled.
async fn all_of_it(till: &Till) {
    let hold = till.hold(till.somebody(), &[0, 1], 2).unwrap();
    let order = till.checkout(&hold).await.unwrap();
    till.checkout(&hold).await.unwrap();
    till.purchase.prolong(hold.id, hold.holder).await.unwrap().unwrap();
    let other = crate::purchase::types::Checkout { email: "other@example.org".into(), ..till.wish(&hold) };
    till.purchase.checkout(other).await.unwrap();
    till.pay(&order, BAD).await.unwrap();
    assert_eq!(till.pay(&order, GOOD).await.unwrap().status, OrderStatus::Paid);
    let paid = till.purchase.order(order.id, order.holder).await.unwrap();
    let link = till.purchase.signer().link(paid.tickets[0].id);
    assert!(till.purchase.prints(&link).await.unwrap().is_some());

    let order = till.checkout(&till.hold(till.somebody(), &[2], 0).unwrap()).await.unwrap();
    let asked = till.pay(&order, ASKS).await.unwrap();
    let intent = asked.live_payment().unwrap().action_url.as_deref().unwrap().rsplit('/').next().unwrap().to_owned();
    till.provider.answer_challenge(&intent, true).await.unwrap();
    till.read_news().await;
    assert_eq!(till.purchase.refresh(order.id, order.holder).await.unwrap().status, OrderStatus::Paid);

    let order = till.checkout(&till.hold(till.somebody(), &[3], 0).unwrap()).await.unwrap();
    till.purchase.cancel(order.id, order.holder).await.unwrap();
}

#[rstest]
#[case::planned_for_each_call("force_custom_plan")]
#[case::planned_once("force_generic_plan")]
#[tokio::test]
async fn every_statement_of_a_purchase_touches_one_month(#[case] mode: &str) {
    let shop = Shop::open(10).await;
    let limit = "UPDATE events SET max_per_person = 20";
    sqlx::query(limit).execute(&shop.database.pool).await.unwrap();
    // Months of the shop's past, beside those that are made ahead.
    ensure(&shop.database.pool, SystemClock.now().plus(-150 * DAY)).await.unwrap();
    let log = Log::default();
    let _hears = log.hears("sqlx::postgres::notice=trace");
    let pool = explained(&shop.database, mode).await;
    all_of_it(&Till::new(&pool, false, StopAt::default())).await;
    let seen = seen(&log);
    for table in ["orders", "order_items", "payments", "tickets"] {
        assert!(seen.iter().any(|(_, leaves)| leaves.iter().any(|leaf| leaf.starts_with(table))), "{table} was used");
    }
    // How much a person has is counted a day further either way: on the first and the last day that is one month more.
    let months = "SELECT to_char((now() + days * interval '1 day') AT TIME ZONE 'UTC', 'YYYY_MM') FROM generate_series(-1, 1) AS days";
    let months: Vec<String> = sqlx::query_scalar(months).fetch_all(&shop.database.pool).await.unwrap();
    for (statement, leaves) in &seen {
        let strange: Vec<_> = leaves.iter().filter(|leaf| !months.iter().any(|month| leaf.contains(month))).collect();
        assert!(strange.is_empty(), "touches {strange:?}: {statement}");
    }
}
