//! Laws about what Postgres says: sold, freed, loaded; and about standing places.

use super::*;

fn places(numbers: &[u32], standing: u32) -> Sold {
    let standing = if standing == 0 { vec![] } else { vec![(tier(), standing)] };
    Sold { seats: seats(numbers), standing, counted: vec![] }
}

pub(in crate::holds) async fn nothing_is_held_before_the_event_opens(store: Store) {
    assert_eq!(lost(store.place(&grant(1, &[1]), NOW).await), Loss::NotOpen);
    assert_eq!(store.version(event()).await.unwrap(), None);
    opening(&store).await;
    assert!(!store.is_open(event()).await.unwrap());
    assert_eq!(lost(store.place(&grant(1, &[1]), NOW).await), Loss::NotOpen);
    assert_eq!(store.snapshot(event(), NOW).await.unwrap(), None);
    store.load_sold(event(), places(&[1], 4)).await.unwrap();
    assert!(store.is_open(event()).await.unwrap());
    assert_eq!(lost(store.place(&grant(1, &[1]), NOW).await), taken(&[1]));
    // Opening and loading again, as a second request does that came at the same time, changes nothing.
    place(&store, &grant(2, &[2])).await;
    opening(&store).await;
    store.load_sold(event(), places(&[2, 3], 4)).await.unwrap();
    assert_eq!(state(&store, 2, NOW).await, SeatState::Held);
    assert_eq!(state(&store, 3, NOW).await, SeatState::Free);
    assert_eq!(left(&store, NOW).await, CAPACITY - 4);
}

pub(in crate::holds) async fn sold_is_sold_whoever_held_it(store: Store) {
    opened(&store).await;
    let mine = place(&store, &grant(1, &[3, 4])).await;
    store.mark_sold(&mine).await.unwrap();
    assert_eq!(store.verify(mine.id, mine.holder, NOW).await.unwrap(), None, "the hold is spent");
    assert_eq!(store.by_holder(mine.holder, NOW).await.unwrap(), []);
    assert!(!applied(store.release(mine.id, mine.holder, NOW).await));
    assert_eq!(lost(store.place(&grant(2, &[3]), later(60 * MINUTE)).await), taken(&[3]));
    // Postgres knows better than the store who has a seat.
    let other = place(&store, &grant(3, &[7, 8])).await;
    let word = Hold { id: id(9), holder: holder(9), seats: seats(&[8]), fence: other.fence, ..mine };
    store.mark_sold(&word).await.unwrap();
    assert_eq!(store.verify(other.id, other.holder, NOW).await.unwrap(), None);
    applied(store.release(other.id, other.holder, NOW).await);
    assert_eq!(state(&store, 7, NOW).await, SeatState::Free);
    assert_eq!(state(&store, 8, NOW).await, SeatState::Sold);
}

pub(in crate::holds) async fn freed_places_can_be_held_again(store: Store) {
    opened(&store).await;
    let hold = place(&store, &Grant { standing: vec![(tier(), 5)], ..grant(1, &[3, 4]) }).await;
    store.mark_sold(&hold).await.unwrap();
    store.mark_free(event(), hold.id, &places(&[3, 4], 5)).await.unwrap();
    assert_eq!(left(&store, NOW).await, CAPACITY);
    let next = place(&store, &grant(2, &[3, 4])).await;
    // Late news about the old order does not touch who came after it.
    store.mark_free(event(), hold.id, &places(&[3, 4], 5)).await.unwrap();
    assert_eq!(store.verify(next.id, next.holder, NOW).await.unwrap(), Some(next.clone()));
    assert_eq!(left(&store, NOW).await, CAPACITY);
    // Of seats the caller knows that nobody claims them, whoever they were sold to.
    store.mark_sold(&next).await.unwrap();
    store.mark_free(event(), id(9), &places(&[3], 0)).await.unwrap();
    assert_eq!((state(&store, 3, NOW).await, state(&store, 4, NOW).await), (SeatState::Free, SeatState::Sold));
}

pub(in crate::holds) async fn a_blocked_seat_is_blocked_again(store: Store) {
    opened(&store).await;
    // Sold before it was blocked, and given back.
    let sold = place(&store, &grant(1, &[3])).await;
    let word = Hold { id: id(9), seats: vec![BLOCKED], ..sold };
    store.mark_sold(&word).await.unwrap();
    store.mark_free(event(), word.id, &places(&[BLOCKED.0], 0)).await.unwrap();
    assert_eq!(state(&store, BLOCKED.0, NOW).await, SeatState::Blocked);
    assert!(matches!(store.place(&grant(2, &[BLOCKED.0]), NOW).await, Outcome::Lost(_)));
}

pub(in crate::holds) async fn standing_never_exceeds_its_quantity(store: Store) {
    opened(&store).await;
    let mut tasks = Vec::new();
    for n in 0..30_u8 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move { store.place(&standing(n, 3), NOW).await }));
    }
    let mut granted = 0;
    for task in tasks {
        match task.await.unwrap() {
            Outcome::Applied(hold) => granted += hold.standing[0].1,
            other => assert_eq!(lost(other), Loss::Taken { seats: vec![], standing: vec![tier()] }),
        }
    }
    assert_eq!(granted, 18, "six times three of twenty");
    assert_eq!(left(&store, NOW).await, 2);
}

pub(in crate::holds) async fn standing_comes_back(store: Store) {
    opened(&store).await;
    let let_go = place(&store, &standing(1, 8)).await;
    let runs_out = place(&store, &Grant { expires_at: later(MINUTE), ..standing(2, 12) }).await;
    assert_eq!(left(&store, NOW).await, 0);
    applied(store.release(let_go.id, let_go.holder, NOW).await);
    assert_eq!(left(&store, NOW).await, 8);
    // Without a sweep: what ran out is there for the next one.
    let over = runs_out.expires_at.plus(store.grace());
    applied(store.place(&standing(3, 20), over).await);
    assert_eq!(store.verify(runs_out.id, runs_out.holder, NOW).await.unwrap(), None, "overtaken");
    assert_eq!(left(&store, over).await, 0);
    store.sweep(over).await.unwrap();
    assert_eq!(left(&store, over).await, 0);
}

pub(in crate::holds) async fn saying_it_twice_counts_once(store: Store) {
    opened(&store).await;
    let hold = place(&store, &standing(1, 5)).await;
    for _ in 0..2 {
        store.mark_sold(&hold).await.unwrap();
        assert_eq!(left(&store, NOW).await, CAPACITY - 5);
    }
    for _ in 0..2 {
        store.mark_free(event(), hold.id, &places(&[], 5)).await.unwrap();
        assert_eq!(left(&store, NOW).await, CAPACITY);
    }
}

pub(in crate::holds) async fn what_was_said_while_loading_wins(store: Store) {
    opening(&store).await;
    let hold = Hold {
        id: id(1),
        event: event(),
        holder: holder(1),
        seats: seats(&[1]),
        standing: vec![],
        lines: vec![],
        expires_at: later(MINUTE),
        extensions_left: 0,
        fence: Fence(1),
    };
    store.mark_sold(&hold).await.unwrap();
    store.mark_free(event(), id(2), &places(&[2, 3], 0)).await.unwrap();
    store.mark_sold(&Hold { id: id(3), seats: seats(&[3]), ..hold }).await.unwrap();
    // Read from Postgres before all of that.
    store.load_sold(event(), places(&[2, 3, 4], 0)).await.unwrap();
    for (seat, expected) in
        [(1, SeatState::Sold), (2, SeatState::Free), (3, SeatState::Sold), (4, SeatState::Sold), (5, SeatState::Free)]
    {
        assert_eq!(state(&store, seat, NOW).await, expected, "seat {seat}");
    }
}

/// What an order of hold `n` says of its standing places.
fn order(n: u8, quantity: u32) -> Hold {
    Hold {
        id: id(n),
        event: event(),
        holder: holder(n),
        seats: vec![],
        standing: vec![(tier(), quantity)],
        lines: vec![],
        expires_at: later(MINUTE),
        extensions_left: 0,
        fence: Fence(1),
    }
}

pub(in crate::holds) async fn an_order_in_the_books_counts_once(store: Store) {
    opening(&store).await;
    // Orders 1 and 2 are in the books with three and four places; order 3 was given up before they were read.
    store
        .load_sold(event(), Sold { counted: vec![(id(1), tier(), 3), (id(2), tier(), 4)], ..places(&[], 7) })
        .await
        .unwrap();
    for _ in 0..2 {
        store.mark_sold(&order(1, 3)).await.unwrap();
        store.mark_free(event(), id(3), &places(&[], 5)).await.unwrap();
        assert_eq!(left(&store, NOW).await, CAPACITY - 7);
    }
    for _ in 0..2 {
        store.mark_free(event(), id(2), &places(&[], 4)).await.unwrap();
        assert_eq!(left(&store, NOW).await, CAPACITY - 3);
    }
    store.mark_sold(&order(4, 6)).await.unwrap();
    assert_eq!(left(&store, NOW).await, CAPACITY - 9);
}

pub(in crate::holds) async fn what_was_said_while_loading_counts_once(store: Store) {
    opening(&store).await;
    store.mark_sold(&order(1, 1)).await.unwrap();
    store.mark_sold(&order(2, 2)).await.unwrap();
    store.mark_free(event(), id(3), &places(&[], 4)).await.unwrap();
    store.mark_free(event(), id(4), &places(&[], 5)).await.unwrap();
    // The books were read after order 1 came and before 2 did, before 3 went and after 4 had gone.
    store
        .load_sold(event(), Sold { counted: vec![(id(1), tier(), 1), (id(3), tier(), 4)], ..places(&[], 5) })
        .await
        .unwrap();
    assert_eq!(left(&store, NOW).await, CAPACITY - 3);
}
