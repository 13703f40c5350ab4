//! The laws of stores that doors ask, on the table's twin in memory and on Cassandra, and a store that breaks each.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{EventId, OrderId, TicketId};
use domain::seat::SeatId;
use domain::ticket::TicketStatus;
use domain::time::Millis;

use super::cql::CqlTickets;
use super::memory::MemoryTickets;
use super::store::{DoorStore, DoorTicket, Shown};
use crate::clock::{SystemClock, random};
use crate::test_support::each_law;
use crate::test_support::{NOW, cassandra};
use crate::trouble::Trouble;

type Store = Arc<dyn DoorStore>;

/// A ticket that nobody else has, at its `version`th change.
fn ticket(salt: [u8; 10], version: i64) -> DoorTicket {
    let status = match version % 3 {
        0 => TicketStatus::Void,
        1 => TicketStatus::Valid,
        _ => TicketStatus::Used,
    };
    DoorTicket {
        id: TicketId::mint(NOW, salt),
        event: EventId::mint(NOW, salt),
        order: OrderId::mint(NOW, salt),
        seat: (version % 2 == 0).then_some(SeatId(7)),
        label: format!("Row Ä, seat {version}"),
        status,
        issued_at: NOW,
        used_at: (status == TicketStatus::Used).then_some(Millis(NOW.0 + version)),
        version: NOW.0 * 1_000 + version,
    }
}

fn salt() -> [u8; 10] {
    random(&SystemClock)
}

async fn found(store: &Store, id: TicketId) -> Option<DoorTicket> {
    store.find(id).await.unwrap().map(|shown| shown.ticket)
}

async fn what_is_written_is_found_whole(store: Store) {
    let salt = salt();
    assert_eq!(store.find(ticket(salt, 1).id).await, Ok(None));
    // A place and a moment that were there are gone again, too.
    for version in 1..=4 {
        let next = ticket(salt, version);
        store.project(&next, next.version).await.unwrap();
        assert_eq!(store.find(next.id).await, Ok(Some(Shown { stamp: next.version, ticket: next })));
    }
}

async fn words_that_are_lost_repeated_and_swapped_bring_nothing_older_back(store: Store) {
    for _ in 0..20 {
        let salt = salt();
        // Each change once, never or thrice, in any order.
        let mut words: Vec<(u8, i64)> = Vec::new();
        for version in 1..=6 {
            let [times, places @ ..]: [u8; 4] = random(&SystemClock);
            words.extend(places.into_iter().take([1, 0, 3, 1][usize::from(times % 4)]).map(|place| (place, version)));
        }
        words.sort_unstable();
        let mut newest = None;
        for (_, version) in words {
            let said = ticket(salt, version);
            store.project(&said, said.version).await.unwrap();
            newest = newest.max(Some(version));
            assert_eq!(found(&store, said.id).await, newest.map(|version| ticket(salt, version)));
        }
    }
}

async fn what_is_put_right_stays_and_gives_way_to_the_next_change(store: Store) {
    let salt = salt();
    let (truth, next) = (ticket(salt, 1), ticket(salt, 60_000_000));
    // A tool's word, under a stamp above the truth's.
    let tools = DoorTicket { status: TicketStatus::Void, ..truth.clone() };
    store.project(&tools, truth.version + 500).await.unwrap();
    store.project(&truth, truth.version).await.unwrap();
    assert_eq!(found(&store, truth.id).await, Some(tools), "its own stamp is too low");
    let stamp = store.find(truth.id).await.unwrap().unwrap().stamp;
    store.project(&truth, stamp + 1).await.unwrap();
    assert_eq!(found(&store, truth.id).await, Some(truth.clone()));
    store.project(&next, next.version).await.unwrap();
    assert_eq!(found(&store, truth.id).await, Some(next));
}

macro_rules! laws {
    ($module:ident, $make:expr) => {
        each_law!(
            $module,
            $make,
            [
                what_is_written_is_found_whole,
                words_that_are_lost_repeated_and_swapped_bring_nothing_older_back,
                what_is_put_right_stays_and_gives_way_to_the_next_change,
            ]
        );
    };
}

async fn memory() -> Store {
    Arc::new(MemoryTickets::default())
}

async fn cluster() -> Store {
    let keyspace = cassandra::shared().await;
    Arc::new(CqlTickets::new(keyspace.cql.clone()).await.expect("the table is there"))
}

laws!(in_memory, memory());
laws!(on_a_cluster, cluster());

/// The last word wins, whatever its stamp.
#[derive(Default)]
struct LastWord(MemoryTickets);

#[async_trait]
impl DoorStore for LastWord {
    async fn find(&self, ticket: TicketId) -> Result<Option<Shown>, Trouble> {
        self.0.find(ticket).await
    }

    async fn project(&self, ticket: &DoorTicket, _: i64) -> Result<(), Trouble> {
        let stamp = self.0.find(ticket.id).await?.map_or(0, |shown| shown.stamp + 1);
        self.0.project(ticket, stamp).await
    }
}

#[tokio::test]
async fn a_store_that_believes_the_last_word_is_found_out() {
    let law = words_that_are_lost_repeated_and_swapped_bring_nothing_older_back(Arc::new(LastWord::default()));
    assert!(tokio::spawn(law).await.unwrap_err().is_panic());
    let law = what_is_put_right_stays_and_gives_way_to_the_next_change(Arc::new(LastWord::default()));
    assert!(tokio::spawn(law).await.unwrap_err().is_panic());
}

/// Writes what is there, and leaves what is not there any more as it was.
#[derive(Default)]
struct KeepsOld(MemoryTickets);

#[async_trait]
impl DoorStore for KeepsOld {
    async fn find(&self, ticket: TicketId) -> Result<Option<Shown>, Trouble> {
        self.0.find(ticket).await
    }

    async fn project(&self, ticket: &DoorTicket, stamp: i64) -> Result<(), Trouble> {
        let old = self.0.find(ticket.id).await?.map(|shown| shown.ticket);
        let seat = ticket.seat.or(old.as_ref().and_then(|old| old.seat));
        let used_at = ticket.used_at.or(old.as_ref().and_then(|old| old.used_at));
        self.0.project(&DoorTicket { seat, used_at, ..ticket.clone() }, stamp).await
    }
}

#[tokio::test]
async fn a_store_that_keeps_what_is_gone_is_found_out() {
    let law = what_is_written_is_found_whole(Arc::new(KeepsOld::default()));
    assert!(tokio::spawn(law).await.unwrap_err().is_panic());
}
