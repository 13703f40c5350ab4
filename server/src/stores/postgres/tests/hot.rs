//! What a buyer makes PostgreSQL do touches one month: every statement of a purchase, of its end and of what follows it, as
//! it was really planned and run. What looks for work over all months is named here. The same ear hears in which order tiers
//! are locked.
//!
//! No statement is copied here. PostgreSQL itself explains each one that the application sends (`auto_explain`), and the
//! driver's log brings the plans.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::TicketId;
use domain::order::OrderStatus;
use domain::payment::PaymentStatus;
use domain::time::MINUTE;
use rstest::rstest;

use super::leaves::touched;
use crate::clock::{Clock, SystemClock};
use crate::jobs::Jobs;
use crate::jobs::postgres::PostgresOutbox;
use crate::mail::{Mailer, TicketMail};
use crate::payments::News;
use crate::purchase::postgres::due::{DUE, READY};
use crate::purchase::postgres::person::HAD;
use crate::purchase::stop::StopAt;
use crate::purchase::types::OrderRecord;
use crate::purchase::{AvailabilityFollower, TicketMailer};
use crate::stores::postgres::Pool;
use crate::stores::postgres::connect::connect;
use crate::stores::postgres::partitions::ensure;
use crate::test_support::TestDatabase;
use crate::test_support::log::Log;
use crate::test_support::shop::{Shop, Till, run_out};
use crate::tickets::doors::postgres::{LOT, PostgresTickets};
use crate::tickets::doors::{DoorStore, DoorTicket, Doors, Follower, Shown};
use crate::trouble::Trouble;

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

/// Every statement that was heard, with its plan.
fn heard(log: &Log) -> Vec<String> {
    let plans = log.messages("sqlx::postgres::notice");
    plans.iter().filter_map(|plan| plan.split_once("Query Text: ")).map(|(_, rest)| rest.to_owned()).collect()
}

/// Of these the statements on orders.
fn seen(heard: &[String]) -> Vec<Seen> {
    let seen = heard.iter().map(|heard| (heard.clone(), touched(heard.lines())));
    seen.filter(|(_, leaves)| !leaves.is_empty()).collect()
}

/// Whoever locks several tiers of an event takes them in the order of their ids, at the claim as at its end: two who lock
/// them in different orders wait for each other. So do two who have just written what refers to a tier, where the lock is one
/// that such a reference keeps off.
fn tiers_are_locked_in_one_order(heard: &[String]) {
    let words = heard.iter().map(|heard| heard.split_whitespace().collect::<Vec<_>>().join(" "));
    let locks: BTreeSet<String> = words
        .filter_map(|heard| heard.split_once(" FOR NO KEY UPDATE").map(|(statement, _)| statement.to_owned()))
        .filter(|statement| statement.contains("FROM ticket_tiers"))
        .collect();
    assert_eq!(locks.len(), 2, "a claim locks tiers, and whatever moves their counters: {locks:#?}");
    assert!(locks.iter().all(|statement| statement.ends_with(" ORDER BY id")), "{locks:#?}");
}

/// What looks for work over all months, each by a short index, or in the order of ids until it has enough.
const OVER_ALL_MONTHS: [&str; 3] = [READY, DUE, LOT];

/// Doors that show nothing, and a post office that keeps nothing.
struct Nowhere;

#[async_trait]
impl DoorStore for Nowhere {
    async fn find(&self, _: TicketId) -> Result<Option<Shown>, Trouble> {
        Ok(None)
    }
    async fn project(&self, _: &DoorTicket, _: i64) -> Result<(), Trouble> {
        Ok(())
    }
}

#[async_trait]
impl Mailer for Nowhere {
    async fn send_tickets(&self, _: &TicketMail) -> Result<(), Trouble> {
        Ok(())
    }
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

/// What becomes of orders by themselves: run out while the bank is asked and while nobody pays, closed, released, and money
/// that is taken after the end given back.
async fn the_end_of_it(shop: &Shop, till: &Till) {
    let order = async |seat: u32| till.checkout(&till.hold(till.somebody(), &[seat], 0).unwrap()).await.unwrap();
    let status = async |order: &OrderRecord| till.purchase.order(order.id, order.holder).await.unwrap().status;
    let (at_the_bank, left) = (order(4).await, order(5).await);
    till.pay(&at_the_bank, ASKS).await.unwrap();
    run_out(&shop.database.pool).await;
    till.purchase.sweep().await.unwrap();
    assert_eq!([status(&at_the_bank).await, status(&left).await], [OrderStatus::Expired; 2]);

    let given_up = order(6).await;
    let payment = till.pay(&given_up, ASKS).await.unwrap().payments[0].id;
    till.purchase.cancel(given_up.id, given_up.holder).await.unwrap();
    let taken = "UPDATE test_provider_intents SET status = 'succeeded', captured = amount WHERE payment_id = $1";
    sqlx::query(taken).bind(payment.0).execute(&shop.database.pool).await.unwrap();
    till.purchase.news(News { order: given_up.id, payment }).await.unwrap();
    let end = till.purchase.order(given_up.id, given_up.holder).await.unwrap();
    assert_eq!(end.payments[0].status, PaymentStatus::Refunded);
}

/// What follows a sale: the hold store's marks, the mail, and doors, told and compared.
async fn what_follows(till: &Till, pool: &Pool) {
    let doors = Doors::new(PostgresTickets::new(pool.clone()), Arc::new(Nowhere));
    let mail = TicketMailer { purchase: till.purchase.clone(), mailer: Arc::new(Nowhere), public_url: String::new() };
    let jobs = Jobs::new(Arc::new(PostgresOutbox::new(pool.clone())));
    let jobs =
        jobs.handle(AvailabilityFollower(till.purchase.clone())).handle(mail).handle(Follower(Some(doors.clone())));
    let mut done = 0;
    loop {
        match jobs.drain_once().await.unwrap() {
            0 => break,
            more => done += more,
        }
    }
    assert!(done >= 6, "{done} messages were handled");
    let (_, wrong) = doors.compare(Some(TicketId(uuid::Uuid::nil()))).await.unwrap();
    assert!(wrong > 0, "tickets were compared one by one");
}

/// The months of so many days around this moment, as leaves are named.
async fn months(pool: &Pool, days: i32) -> BTreeSet<String> {
    let months = "SELECT to_char((now() + days * interval '1 day') AT TIME ZONE 'UTC', 'YYYY_MM') FROM generate_series(-$1, $1) AS days";
    let months: Vec<String> = sqlx::query_scalar(months).bind(days).fetch_all(pool).await.unwrap();
    months.into_iter().collect()
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
    let till = Till::new(&pool, false, StopAt::default());
    let mut this = months(&shop.database.pool, 0).await;
    all_of_it(&till).await;
    the_end_of_it(&shop, &till).await;
    hours_pass(&shop.database.pool).await;
    what_follows(&till, &pool).await;
    // One month, unless midnight passed.
    this.extend(months(&shop.database.pool, 0).await);
    // How much a person has is counted a day further either way: on the first and the last day that is one month more.
    let near = months(&shop.database.pool, 1).await;
    let heard = heard(&log);
    tiers_are_locked_in_one_order(&heard);
    let seen = seen(&heard);
    for table in ["orders", "order_items", "payments", "tickets"] {
        assert!(seen.iter().any(|(_, leaves)| leaves.iter().any(|leaf| leaf.starts_with(table))), "{table} was used");
    }
    for named in OVER_ALL_MONTHS.iter().chain([&HAD]) {
        assert!(seen.iter().any(|(statement, _)| is(statement, named)), "is not sent any more: {named}");
    }
    for (statement, leaves) in &seen {
        if OVER_ALL_MONTHS.iter().any(|named| is(statement, named)) {
            continue;
        }
        let months = if is(statement, HAD) { &near } else { &this };
        let strange: Vec<_> = leaves.iter().filter(|leaf| !months.iter().any(|month| leaf.contains(month))).collect();
        assert!(strange.is_empty(), "touches {strange:?}: {statement}");
    }
}

/// Whether what was heard, a statement and its plan, is that statement.
fn is(heard: &str, statement: &str) -> bool {
    heard.trim_start().starts_with(statement.trim())
}

/// So that what doors are told of the tickets is no longer on its way.
async fn hours_pass(pool: &Pool) {
    let age = "UPDATE tickets SET issued_at = issued_at - interval '2 hours'";
    sqlx::query(age).execute(pool).await.unwrap();
}
