//! The laws every hold store obeys, each written once over `Arc<dyn HoldStore>`.
//!
//! `hold_store_laws!` makes one named test of every law for an implementation, so that none can be forgotten: a law
//! that is not in its list is dead code, which the compiler reports. `broken.rs` shows each of them able to fail.

pub(super) mod broken;
mod marks;
mod places;
pub(super) mod salted;
mod tiers;

use std::sync::Arc;

use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::seat::{SeatId, SeatState};
use domain::time::{MINUTE, Millis};

use super::store::{Grant, HoldStore, Layout, Loss, Outcome, Sold};

pub(super) use marks::*;
pub(super) use places::*;
pub(super) use tiers::*;

/// One named test a law.
macro_rules! hold_store_laws {
    ($store:expr) => {
        hold_store_laws!(@ $store,
            all_or_none, a_seat_has_one_holder, nothing_but_free_seats_is_granted, the_same_id_is_the_same_hold,
            a_hold_ends_at_its_time_swept_or_not, an_extension_keeps_the_seats_and_comes_once,
            only_its_holder_touches_a_hold, fences_only_grow, whoever_was_overtaken_cannot_verify,
            a_replacement_takes_over_or_changes_nothing, holds_per_holder_are_limited, a_sweep_frees_what_ran_out,
            a_snapshot_tells_the_truth, nothing_is_held_before_the_event_opens, sold_is_sold_whoever_held_it,
            freed_places_can_be_held_again, standing_never_exceeds_its_quantity, standing_comes_back,
            saying_it_twice_counts_once, a_blocked_seat_is_blocked_again, what_was_said_while_loading_wins, an_order_in_the_books_counts_once,
            what_was_said_while_loading_counts_once, another_layout_is_taken_over, standing_tiers_come_and_grow,
            a_smaller_tier_offers_what_is_left, places_that_go_stay_their_holders,
        );
    };
    (@ $store:expr, $($law:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $law() {
            crate::holds::contract::$law(std::sync::Arc::new($store)).await;
        })+
    };
}

pub(in crate::holds) use hold_store_laws;

mod memory {
    use std::collections::{HashMap, HashSet};

    use tokio::sync::Barrier;

    use super::*;
    use crate::holds::MemoryHolds;

    hold_store_laws!(crate::holds::MemoryHolds::default());

    /// Three people want more than they may have, and what others want.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn on_four_threads_no_seat_is_granted_twice_and_nobody_holds_more_than_they_may() {
        for _ in 0..100 {
            let store: Store = Arc::new(MemoryHolds::default());
            opened(&store).await;
            let together = Arc::new(Barrier::new(48));
            let crowd = (0..48_u8).map(|n| {
                let first = u32::from(n) * 5 % 33;
                let wish = grant(n, &[first, first + 1, first + 5]);
                let wish = Grant { holder: holder(n % 3), max_holds: 2, ..wish };
                let (store, together) = (Arc::clone(&store), Arc::clone(&together));
                tokio::spawn(async move {
                    together.wait().await;
                    store.place(&wish, NOW).await
                })
            });
            let (mut seats, mut holds) = (HashSet::new(), HashMap::new());
            for told in futures::future::join_all(crowd).await {
                match told.unwrap() {
                    Outcome::Applied(hold) => {
                        assert!(hold.seats.iter().all(|seat| seats.insert(*seat)), "granted twice: {hold:?}");
                        assert_eq!(store.verify(hold.id, hold.holder, NOW).await.unwrap().as_ref(), Some(&hold));
                        *holds.entry(hold.holder).or_insert(0) += 1;
                    }
                    Outcome::Lost(Loss::Taken { .. } | Loss::TooManyHolds) => {}
                    other => panic!("{other:?}"),
                }
            }
            assert!(!holds.is_empty() && holds.values().all(|holds| *holds <= 2), "{holds:?}");
        }
    }
}

type Store = Arc<dyn HoldStore>;

const NOW: Millis = Millis(1_800_000_000_000);
const SEATS: u32 = 40;
const BLOCKED: SeatId = SeatId(39);
const FLOOR: Fence = Fence(77);
const CAPACITY: u32 = 20;

fn later(ms: i64) -> Millis {
    NOW.plus(ms)
}

fn event() -> EventId {
    EventId::mint(NOW, [1; 10])
}

fn tier() -> TierId {
    TierId::mint(NOW, [2; 10])
}

fn holder(n: u8) -> HolderId {
    HolderId::mint(NOW, [n; 10])
}

fn id(n: u8) -> HoldId {
    HoldId::mint(NOW, [n; 10])
}

fn seats(numbers: &[u32]) -> Vec<SeatId> {
    numbers.iter().copied().map(SeatId).collect()
}

/// Forty seats in blocks of seven, the last one blocked; a standing tier of twenty.
async fn opened(store: &Store) {
    opening(store).await;
    store.load_sold(event(), Sold::default()).await.unwrap();
}

async fn opening(store: &Store) {
    laid(store, &[BLOCKED.0], &[(tier(), CAPACITY)]).await;
}

/// The same forty seats, these blocked, with these standing tiers.
async fn laid(store: &Store, blocked: &[u32], standing: &[(TierId, u32)]) {
    let blocks = (0..SEATS).map(|seat| seat / 7 * 3).collect();
    let (blocked, standing) = (seats(blocked), standing.to_vec());
    store.open(event(), Layout { blocks, blocked, standing, fence_floor: FLOOR }).await.unwrap();
}

/// Hold `n` of holder `n`.
fn grant(n: u8, numbers: &[u32]) -> Grant {
    Grant {
        id: id(n),
        event: event(),
        holder: holder(n),
        seats: seats(numbers),
        standing: Vec::new(),
        lines: Vec::new(),
        expires_at: later(10 * MINUTE),
        extensions: 1,
        replaces: None,
        max_holds: 4,
    }
}

fn standing(n: u8, quantity: u32) -> Grant {
    Grant { standing: vec![(tier(), quantity)], ..grant(n, &[]) }
}

#[track_caller]
fn applied<T: std::fmt::Debug>(outcome: Outcome<T>) -> T {
    match outcome {
        Outcome::Applied(value) => value,
        other => panic!("not applied: {other:?}"),
    }
}

#[track_caller]
fn lost<T: std::fmt::Debug>(outcome: Outcome<T>) -> Loss {
    match outcome {
        Outcome::Lost(loss) => loss,
        other => panic!("not lost: {other:?}"),
    }
}

fn taken(numbers: &[u32]) -> Loss {
    Loss::Taken { seats: seats(numbers), standing: Vec::new() }
}

async fn state(store: &Store, seat: u32, now: Millis) -> SeatState {
    store.snapshot(event(), now).await.unwrap().unwrap().states.get(SeatId(seat))
}

async fn left(store: &Store, now: Millis) -> u32 {
    store.snapshot(event(), now).await.unwrap().unwrap().standing[0].1
}

async fn place(store: &Store, grant: &Grant) -> Hold {
    applied(store.place(grant, NOW).await)
}
