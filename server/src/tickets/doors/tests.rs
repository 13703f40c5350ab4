//! The projection beside the books it follows: messages that are lost, repeated and swapped, a store that is away, tools.

mod turns;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::{OrderId, TicketId};
use domain::ticket::TicketStatus;
use uuid::Uuid;

use super::cql::CqlTickets;
use super::memory::MemoryTickets;
use super::*;
use crate::clock::{Clock, SystemClock, random};
use crate::jobs::Jobs;
use crate::jobs::postgres::PostgresOutbox;
use crate::purchase::types::OrderRecord;
use crate::stores::postgres::begin::begin;
use crate::test_support::shop::Shop;
use crate::test_support::{cassandra, metric};

const GOOD: &str = "4242 4242 4242 4242";
/// Behind it is every ticket.
const FIRST: Option<TicketId> = Some(TicketId(Uuid::nil()));

async fn paid(shop: &Shop, seats: &[u32], standing: u32) -> OrderRecord {
    let hold = shop.till.hold(shop.till.somebody(), seats, standing).unwrap();
    shop.till.pay(&shop.till.checkout(&hold).await.unwrap(), GOOD).await.unwrap()
}

fn doors(shop: &Shop, store: Arc<dyn DoorStore>) -> Doors {
    Doors::new(PostgresTickets::new(shop.database.pool.clone()), store)
}

async fn cluster() -> Arc<dyn DoorStore> {
    Arc::new(CqlTickets::new(cassandra::shared().await.cql.clone()).await.expect("the table is there"))
}

async fn set(shop: &Shop, statement: &'static str, ticket: TicketId) {
    sqlx::query(statement).bind(ticket.0).execute(&shop.database.pool).await.unwrap();
}

const VOID: &str = "UPDATE tickets SET status = 'void', used_at = NULL WHERE id = $1";
const USED: &str = "UPDATE tickets SET status = 'used', used_at = clock_timestamp() WHERE id = $1";
const VALID: &str = "UPDATE tickets SET status = 'valid', used_at = NULL WHERE id = $1";

/// Everything lies so long back that nothing of it is on its way any more.
async fn hours_pass(shop: &Shop) {
    let age =
        "UPDATE tickets SET issued_at = issued_at - interval '2 hours', changed_at = changed_at - interval '2 hours'";
    sqlx::query(age).execute(&shop.database.pool).await.unwrap();
}

/// What doors are told, beside what the books say.
async fn told(doors: &Doors, order: OrderId) -> Vec<(Option<TicketStatus>, TicketStatus)> {
    let mut told = Vec::new();
    for listed in doors.books.of_order(order).await.unwrap() {
        let shown = doors.store.find(listed.ticket.id).await.unwrap();
        told.push((shown.map(|shown| shown.ticket.status), listed.ticket.status));
    }
    told
}

fn jobs(shop: &Shop, doors: Option<Doors>) -> Jobs {
    Jobs::new(Arc::new(PostgresOutbox::new(shop.database.pool.clone()))).handle(Follower(doors))
}

/// Messages of the topic that are not done.
async fn waiting(shop: &Shop) -> i64 {
    let asked = "SELECT count(*) FROM outbox WHERE topic = $1 AND done_at IS NULL";
    sqlx::query_scalar(asked).bind(TOPIC).fetch_one(&shop.database.pool).await.unwrap()
}

async fn tickets_are_followed(store: Arc<dyn DoorStore>) {
    use TicketStatus::{Used, Valid, Void};
    let shop = Shop::open(10).await;
    let doors = doors(&shop, store);
    let jobs = jobs(&shop, Some(doors.clone()));
    let order = paid(&shop, &[3], 2).await;
    assert_eq!(told(&doors, order.id).await, [(None, Valid); 3]);
    while jobs.drain_once().await.unwrap() > 0 {}
    assert_eq!(told(&doors, order.id).await, [(Some(Valid), Valid); 3]);
    for (statement, status) in [(USED, Used), (VOID, Void), (VALID, Valid), (VOID, Void)] {
        set(&shop, statement, order.tickets[0].id).await;
        assert_eq!(waiting(&shop).await, 1, "whoever changes a ticket need not think of it");
        while jobs.drain_once().await.unwrap() > 0 {}
        assert!(told(&doors, order.id).await.contains(&(Some(status), status)));
    }
    // What is set as it is changes nothing, and nobody has to be told.
    set(&shop, VOID, order.tickets[0].id).await;
    assert_eq!(waiting(&shop).await, 0);
}

#[tokio::test]
async fn doors_are_told_of_tickets_that_are_issued_used_and_void() {
    tickets_are_followed(Arc::new(MemoryTickets::default())).await;
}

#[tokio::test]
async fn doors_are_told_of_tickets_that_are_issued_used_and_void_on_a_cluster() {
    tickets_are_followed(cluster().await).await;
}

/// Several processes handle what they read at another time than they write it: late, twice, swapped, or never.
async fn any_order_ends_well(store: Arc<dyn DoorStore>) {
    let shop = Shop::open(10).await;
    let doors = doors(&shop, store);
    let order = paid(&shop, &[1, 2, 3], 0).await;
    let mut words: Vec<(u8, Listed)> = Vec::new();
    for turn in 0..24_usize {
        let [place, lost, again]: [u8; 3] = random(&SystemClock);
        set(&shop, [USED, VOID, VALID][turn / 3 % 3], order.tickets[turn % 3].id).await;
        for listed in doors.books.of_order(order.id).await.unwrap() {
            if lost % 3 > 0 {
                words.push((place, listed.clone()));
                words.extend((again % 2 == 0).then_some((again, listed)));
            }
        }
    }
    words.sort_by_key(|(place, _)| *place);
    let mut newest: BTreeMap<TicketId, i64> = BTreeMap::new();
    for (_, listed) in words {
        let ticket = listed.ticket;
        doors.store.project(&ticket, ticket.version).await.unwrap();
        let newest = newest.entry(ticket.id).or_default();
        *newest = ticket.version.max(*newest);
        assert_eq!(doors.store.find(ticket.id).await.unwrap().unwrap().ticket.version, *newest);
    }
    // All three change once more, and nobody says so.
    for ticket in &order.tickets {
        set(&shop, USED, ticket.id).await;
        set(&shop, VOID, ticket.id).await;
    }
    assert_eq!(doors.compare(FIRST).await.unwrap().1, 0, "it may be on its way");
    hours_pass(&shop).await;
    let (last, wrong) = doors.compare(FIRST).await.unwrap();
    assert_eq!(wrong, 3);
    assert_eq!(told(&doors, order.id).await, [(Some(TicketStatus::Void), TicketStatus::Void); 3]);
    assert_eq!(doors.compare(last).await.unwrap(), (None, 0), "there are no more");
    assert_eq!(doors.compare(FIRST).await.unwrap().1, 0);
}

#[tokio::test]
async fn whatever_becomes_of_messages_doors_are_told_what_the_books_say() {
    any_order_ends_well(Arc::new(MemoryTickets::default())).await;
}

#[tokio::test]
async fn whatever_becomes_of_messages_doors_are_told_what_the_books_say_on_a_cluster() {
    any_order_ends_well(cluster().await).await;
}

#[tokio::test]
async fn a_store_that_is_away_holds_nobody_up_and_hears_of_it_later() {
    let shop = Shop::open(10).await;
    let store = Arc::new(MemoryTickets::default());
    let doors = doors(&shop, store.clone());
    let jobs = jobs(&shop, Some(doors.clone()));
    store.away.store(true, Ordering::SeqCst);
    let order = paid(&shop, &[3], 0).await;
    assert_eq!(order.tickets.len(), 1);
    assert_eq!(jobs.drain_once().await.unwrap(), 1);
    assert_eq!(waiting(&shop).await, 1, "it comes back");
    hours_pass(&shop).await;
    assert!(doors.compare(FIRST).await.is_err());
    store.away.store(false, Ordering::SeqCst);
    sqlx::query("UPDATE outbox SET due_at = clock_timestamp()").execute(&shop.database.pool).await.unwrap();
    while jobs.drain_once().await.unwrap() > 0 {}
    assert_eq!(told(&doors, order.id).await, [(Some(TicketStatus::Valid), TicketStatus::Valid)]);
    assert_eq!(waiting(&shop).await, 0);
}

#[tokio::test]
async fn where_no_door_asks_a_store_nothing_waits_for_one() {
    let shop = Shop::open(10).await;
    paid(&shop, &[3], 0).await;
    let jobs = jobs(&shop, None);
    while jobs.drain_once().await.unwrap() > 0 {}
    assert_eq!(waiting(&shop).await, 0);
}

#[tokio::test]
async fn a_ticket_that_changes_while_it_is_compared_is_not_brought_back() {
    let shop = Shop::open(10).await;
    let doors = doors(&shop, Arc::new(MemoryTickets::default()));
    let order = paid(&shop, &[3], 0).await;
    hours_pass(&shop).await;
    let read = doors.books.lot(TicketId(Uuid::nil()), LOT).await.unwrap();
    set(&shop, VOID, order.tickets[0].id).await;
    doors.follow(order.id).await.unwrap();
    assert_eq!(doors.put_right(read, |_| true).await.1.wrong, 0);
    assert_eq!(told(&doors, order.id).await, [(Some(TicketStatus::Void), TicketStatus::Void)]);
}

/// A purchase of many steps may have changed a ticket long before it is committed, and then the change is that old.
async fn a_change_that_was_long_open_counts(store: Arc<dyn DoorStore>) {
    let shop = Shop::open(10).await;
    let doors = doors(&shop, store);
    let jobs = jobs(&shop, Some(doors.clone()));
    let order = paid(&shop, &[3], 0).await;
    let ticket = order.tickets[0].id;
    hours_pass(&shop).await;
    let mut open = begin(&shop.database.pool).await.unwrap();
    sqlx::query(VOID).bind(ticket.0).execute(&mut *open).await.unwrap();
    let age = "UPDATE tickets SET changed_at = changed_at - interval '1 hour' WHERE id = $1";
    sqlx::query(age).bind(ticket.0).execute(&mut *open).await.unwrap();
    // Doors know nothing of the ticket, which would be put right by now.
    assert_eq!(doors.compare(FIRST).await.unwrap().1, 0, "it is just being changed");
    open.commit().await.unwrap();
    while jobs.drain_once().await.unwrap() > 0 {}
    assert_eq!(told(&doors, order.id).await, [(Some(TicketStatus::Void), TicketStatus::Void)]);
    assert_eq!(doors.compare(FIRST).await.unwrap().1, 0);
}

#[tokio::test]
async fn a_change_that_was_long_open_counts_when_it_is_committed() {
    a_change_that_was_long_open_counts(Arc::new(MemoryTickets::default())).await;
}

#[tokio::test]
async fn a_change_that_was_long_open_counts_when_it_is_committed_on_a_cluster() {
    a_change_that_was_long_open_counts(cluster().await).await;
}

#[tokio::test]
async fn what_a_tool_wrote_or_deleted_is_put_right_on_a_cluster() {
    let keyspace = cassandra::shared().await;
    let shop = Shop::open(10).await;
    let doors = doors(&shop, cluster().await);
    let order = paid(&shop, &[1, 2, 3, 4], 0).await;
    hours_pass(&shop).await;
    doors.follow(order.id).await.unwrap();
    assert_eq!(doors.compare(FIRST).await.unwrap().1, 0);
    // An hour ago: after the tickets' last change.
    let ago = SystemClock.now().0 * 1_000 - 3_600_000_000;
    let [one, two, three, _] = [0, 1, 2, 3].map(|n| order.tickets[n].id.0);
    for tool in [
        format!("UPDATE tickets_by_id USING TIMESTAMP {ago} SET state = 2 WHERE ticket_id = {one}"),
        format!("UPDATE tickets_by_id SET label = 'another', state = 9 WHERE ticket_id = {two}"),
        format!("DELETE FROM tickets_by_id USING TIMESTAMP {ago} WHERE ticket_id = {three}"),
    ] {
        keyspace.cql.session().query_unpaged(tool, ()).await.unwrap();
    }
    use TicketStatus::{Valid, Void};
    assert_eq!(
        told(&doors, order.id).await,
        [(Some(Void), Valid), (Some(Void), Valid), (None, Valid), (Some(Valid), Valid)]
    );
    assert_eq!(doors.compare(FIRST).await.unwrap().1, 3);
    assert_eq!(told(&doors, order.id).await, [(Some(Valid), Valid); 4]);
    assert_eq!(doors.compare(FIRST).await.unwrap().1, 0);
}

#[tokio::test]
async fn tickets_that_cannot_be_read_keep_nobody_from_those_behind_them() {
    let shop = Shop::open(10).await;
    let store = Arc::new(MemoryTickets::default());
    let doors = doors(&shop, store.clone());
    let order = paid(&shop, &[1, 2, 3, 4], 0).await;
    hours_pass(&shop).await;
    let mut tickets: Vec<TicketId> = order.tickets.iter().map(|ticket| ticket.id).collect();
    tickets.sort_unstable();
    // A release to come knows a status that this one does not, and a row of the store is none of its own.
    for change in
        ["ALTER TABLE tickets DROP CONSTRAINT tickets_status_known", "ALTER TABLE tickets DISABLE TRIGGER USER"]
    {
        sqlx::query(change).execute(&shop.database.pool).await.unwrap();
    }
    set(&shop, "UPDATE tickets SET status = 'lent' WHERE id = $1", tickets[0]).await;
    *store.poisoned.lock().unwrap() = Some(tickets[1]);
    let counted = metric("parterre_tickets_unread_total");
    let (last, wrong) = doors.compare(FIRST).await.unwrap();
    assert_eq!((last, wrong), (Some(tickets[3]), 2), "those that can be read are put right");
    assert!(metric("parterre_tickets_unread_total") >= counted + 2.0);
    assert_eq!(doors.compare(last).await, Ok((None, 0)));
    // So it is where all of a lot cannot be read, and for whoever types the command.
    let all = "UPDATE tickets SET status = 'lent' WHERE id <> $1";
    set(&shop, all, tickets[2]).await;
    assert_eq!(doors.compare(FIRST).await, Ok((Some(tickets[3]), 0)));
    assert_eq!(doors.rebuild(order.event).await, Ok(Compared { right: 1, wrong: 0, unread: 3 }));
}
