//! Laws about taking, keeping and giving back.

use super::*;

pub(in crate::holds) async fn all_or_none(store: Store) {
    opened(&store).await;
    place(&store, &grant(1, &[7, 20])).await;
    assert_eq!(lost(store.place(&grant(2, &[5, 6, 7, 20, 30]), NOW).await), taken(&[7, 20]));
    for seat in [5, 6, 30] {
        assert_eq!(state(&store, seat, NOW).await, SeatState::Free, "seat {seat}");
    }
    assert_eq!(store.by_holder(holder(2), NOW).await.unwrap(), []);
    // Short of standing places: no seat either.
    let mixed = Grant { standing: vec![(tier(), CAPACITY + 1)], ..grant(3, &[5]) };
    assert_eq!(lost(store.place(&mixed, NOW).await), Loss::Taken { seats: vec![], standing: vec![tier()] });
    assert_eq!(state(&store, 5, NOW).await, SeatState::Free);
}

pub(in crate::holds) async fn a_seat_has_one_holder(store: Store) {
    opened(&store).await;
    let mut tasks = Vec::new();
    for n in 0..60_u8 {
        let store = Arc::clone(&store);
        let first = u32::from(n) * 5 % 33;
        let wish = grant(n, &[first, first + 1, first + 5]);
        tasks.push(tokio::spawn(async move { store.place(&wish, NOW).await }));
    }
    let mut granted: Vec<SeatId> = Vec::new();
    for task in tasks {
        if let Outcome::Applied(hold) = task.await.unwrap() {
            assert_eq!(store.verify(hold.id, hold.holder, NOW).await.unwrap(), Some(hold.clone()));
            granted.extend(hold.seats);
        }
    }
    granted.sort_unstable();
    let all = granted.len();
    granted.dedup();
    assert_eq!(granted.len(), all, "a seat was granted twice");
    assert!(all >= 9);
}

pub(in crate::holds) async fn nothing_but_free_seats_is_granted(store: Store) {
    opened(&store).await;
    assert_eq!(lost(store.place(&grant(1, &[38, BLOCKED.0]), NOW).await), taken(&[BLOCKED.0]));
    assert_eq!(lost(store.place(&grant(1, &[38, SEATS, u32::MAX]), NOW).await), taken(&[SEATS, u32::MAX]));
    let strange = Grant { standing: vec![(TierId::mint(NOW, [9; 10]), 1)], ..grant(1, &[]) };
    assert!(matches!(lost(store.place(&strange, NOW).await), Loss::Taken { .. }));
}

pub(in crate::holds) async fn the_same_id_is_the_same_hold(store: Store) {
    opened(&store).await;
    let wish = grant(1, &[3, 4]);
    let first = place(&store, &wish).await;
    assert_eq!(applied(store.place(&wish, later(1000)).await), first);
    assert_eq!(store.by_holder(holder(1), NOW).await.unwrap(), [first]);
    assert_eq!(lost(store.place(&Grant { seats: seats(&[3]), ..wish.clone() }, NOW).await), Loss::IdReused);
    // Once it has run out, the id is spent, not a way to a second ten minutes.
    assert_eq!(lost(store.place(&wish, wish.expires_at).await), Loss::Gone);
}

pub(in crate::holds) async fn a_hold_ends_at_its_time_swept_or_not(store: Store) {
    opened(&store).await;
    let hold = place(&store, &grant(1, &[3])).await;
    let last = hold.expires_at.plus(-1);
    assert_eq!(lost(store.place(&grant(2, &[3]), last).await), taken(&[3]));
    assert_eq!(store.verify(hold.id, hold.holder, last).await.unwrap(), Some(hold.clone()));
    let end = hold.expires_at;
    assert_eq!(store.get(hold.id, hold.holder, end).await.unwrap(), None);
    assert_eq!(store.verify(hold.id, hold.holder, end).await.unwrap(), None);
    assert_eq!(store.by_holder(hold.holder, end).await.unwrap(), []);
    assert_eq!(lost(store.extend(hold.id, hold.holder, MINUTE, end).await), Loss::Gone);
    let over = end.plus(store.grace());
    assert_eq!(state(&store, 3, over).await, SeatState::Free);
    let next = Grant { expires_at: over.plus(MINUTE), ..grant(2, &[3]) };
    applied(store.place(&next, over).await);
}

pub(in crate::holds) async fn an_extension_keeps_the_seats_and_comes_once(store: Store) {
    opened(&store).await;
    let hold = place(&store, &Grant { standing: vec![(tier(), 2)], ..grant(1, &[3, 9]) }).await;
    let longer = applied(store.extend(hold.id, hold.holder, MINUTE, NOW).await);
    let expected = Hold { expires_at: hold.expires_at.plus(MINUTE), extensions_left: 0, ..hold.clone() };
    assert_eq!(longer, expected);
    let between = hold.expires_at;
    assert_eq!(lost(store.place(&grant(2, &[9]), between).await), taken(&[9]));
    assert_eq!(left(&store, between).await, CAPACITY - 2);
    assert_eq!(store.verify(hold.id, hold.holder, between).await.unwrap(), Some(expected));
    assert_eq!(lost(store.extend(hold.id, hold.holder, MINUTE, NOW).await), Loss::NoExtensionLeft);
    assert_eq!(store.get(hold.id, hold.holder, longer.expires_at).await.unwrap(), None);
}

pub(in crate::holds) async fn only_its_holder_touches_a_hold(store: Store) {
    opened(&store).await;
    let hold = place(&store, &grant(1, &[3])).await;
    let thief = holder(2);
    assert_eq!(store.get(hold.id, thief, NOW).await.unwrap(), None);
    assert_eq!(store.verify(hold.id, thief, NOW).await.unwrap(), None);
    assert_eq!(lost(store.extend(hold.id, thief, MINUTE, NOW).await), Loss::Gone);
    assert!(!applied(store.release(hold.id, thief, NOW).await));
    let swap = Grant { replaces: Some(hold.id), ..grant(2, &[3]) };
    assert_eq!(lost(store.place(&swap, NOW).await), taken(&[3]));
    assert_eq!(store.verify(hold.id, hold.holder, NOW).await.unwrap(), Some(hold.clone()));
    assert!(applied(store.release(hold.id, hold.holder, NOW).await));
    assert!(!applied(store.release(hold.id, hold.holder, NOW).await));
    place(&store, &grant(2, &[3])).await;
}

pub(in crate::holds) async fn fences_only_grow(store: Store) {
    opened(&store).await;
    let mut last = FLOOR;
    // The clock stands still, goes on, and is set back.
    for (n, now) in [(1, NOW), (2, NOW), (3, later(5)), (4, later(-60_000)), (5, Millis(0))] {
        let wish = Grant { expires_at: later(MINUTE), ..grant(n, &[u32::from(n)]) };
        let hold = applied(store.place(&wish, now).await);
        assert!(hold.fence > last, "{:?} after {last:?}", hold.fence);
        last = hold.fence;
    }
}

pub(in crate::holds) async fn whoever_was_overtaken_cannot_verify(store: Store) {
    opened(&store).await;
    let old = place(&store, &grant(1, &[3, 4])).await;
    let next = Grant { expires_at: old.expires_at.plus(MINUTE), ..grant(2, &[4]) };
    let new = applied(store.place(&next, old.expires_at.plus(store.grace())).await);
    // A process that slept still believes in its old clock.
    assert_eq!(store.verify(old.id, old.holder, NOW).await.unwrap(), None);
    assert_eq!(lost(store.extend(old.id, old.holder, MINUTE, NOW).await), Loss::Gone);
    applied(store.release(old.id, old.holder, NOW).await);
    assert_eq!(store.verify(new.id, new.holder, old.expires_at).await.unwrap(), Some(new));
}

pub(in crate::holds) async fn a_replacement_takes_over_or_changes_nothing(store: Store) {
    opened(&store).await;
    let old = place(&store, &Grant { standing: vec![(tier(), 15)], max_holds: 1, ..grant(1, &[3, 4]) }).await;
    place(&store, &grant(2, &[6])).await;
    let refused = Grant { id: id(9), replaces: Some(old.id), max_holds: 1, ..grant(1, &[4, 5, 6]) };
    assert_eq!(lost(store.place(&refused, NOW).await), taken(&[6]));
    assert_eq!(store.verify(old.id, old.holder, NOW).await.unwrap(), Some(old.clone()));
    assert_eq!(state(&store, 5, NOW).await, SeatState::Free);
    let wish = Grant { seats: seats(&[4, 5]), standing: vec![(tier(), 18)], ..refused };
    let new = place(&store, &wish).await;
    assert_eq!(store.by_holder(old.holder, NOW).await.unwrap(), [new]);
    assert_eq!(state(&store, 3, NOW).await, SeatState::Free);
    assert_eq!(left(&store, NOW).await, CAPACITY - 18);
    // What is gone already is no obstacle.
    place(&store, &Grant { id: id(10), replaces: Some(old.id), ..grant(1, &[11]) }).await;
}

pub(in crate::holds) async fn holds_per_holder_are_limited(store: Store) {
    opened(&store).await;
    let wish = |n: u8| Grant { holder: holder(1), max_holds: 2, ..grant(n, &[u32::from(n)]) };
    let first = place(&store, &wish(1)).await;
    place(&store, &wish(2)).await;
    assert_eq!(lost(store.place(&wish(3), NOW).await), Loss::TooManyHolds);
    assert_eq!(state(&store, 3, NOW).await, SeatState::Free);
    applied(store.release(first.id, first.holder, NOW).await);
    place(&store, &wish(3)).await;
    // What ran out does not count.
    let next = Grant { expires_at: first.expires_at.plus(MINUTE), ..wish(4) };
    applied(store.place(&next, first.expires_at).await);
}

pub(in crate::holds) async fn a_sweep_frees_what_ran_out(store: Store) {
    opened(&store).await;
    let short = place(&store, &Grant { expires_at: later(MINUTE), ..grant(1, &[1, 2]) }).await;
    let long = place(&store, &grant(2, &[3])).await;
    assert_eq!(store.sweep(later(MINUTE - 1)).await.unwrap(), 0);
    let before = store.version(event()).await.unwrap();
    let over = short.expires_at.plus(store.grace());
    assert_eq!(store.sweep(over).await.unwrap(), 1);
    assert!(store.version(event()).await.unwrap() > before);
    assert_eq!(store.sweep(over).await.unwrap(), 0);
    assert_eq!(store.verify(long.id, long.holder, over).await.unwrap(), Some(long));
}

pub(in crate::holds) async fn a_snapshot_tells_the_truth(store: Store) {
    opened(&store).await;
    let empty = store.snapshot(event(), NOW).await.unwrap().unwrap();
    assert_eq!((empty.states.len(), empty.stale_at), (SEATS, None));
    let hold = place(&store, &Grant { expires_at: later(MINUTE), ..grant(1, &[0, 13]) }).await;
    place(&store, &Grant { standing: vec![(tier(), 3)], ..grant(2, &[14]) }).await;
    let sold = place(&store, &grant(3, &[38])).await;
    store.mark_sold(&sold).await.unwrap();
    let seen = store.snapshot(event(), NOW).await.unwrap().unwrap();
    assert!(seen.version > empty.version);
    assert_eq!(store.version(event()).await.unwrap(), Some(seen.version));
    assert_eq!(seen.stale_at, Some(hold.expires_at.plus(store.grace())));
    assert_eq!(seen.standing, [(tier(), CAPACITY - 3)]);
    for seat in 0..SEATS {
        let expected = match seat {
            0 | 13 | 14 => SeatState::Held,
            38 => SeatState::Sold,
            39 => SeatState::Blocked,
            _ => SeatState::Free,
        };
        assert_eq!(seen.states.get(SeatId(seat)), expected, "seat {seat}");
    }
    assert_eq!(state(&store, 13, later(MINUTE + store.grace())).await, SeatState::Free);
    assert_eq!(state(&store, 14, later(MINUTE + store.grace())).await, SeatState::Held);
}
