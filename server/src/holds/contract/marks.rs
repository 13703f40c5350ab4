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

pub(in crate::holds) async fn another_layout_is_taken_over(store: Store) {
    opened(&store).await;
    let mine = place(&store, &Grant { extensions: 2, ..grant(1, &[3, 4]) }).await;
    let bought = place(&store, &grant(2, &[6])).await;
    store.mark_sold(&bought).await.unwrap();
    let before = store.version(event()).await.unwrap().unwrap();
    laid(&store, &[4, 5, 6], &[(tier(), CAPACITY)]).await;
    assert!(store.version(event()).await.unwrap().unwrap() > before, "whoever looks hears of it");
    // A seat that was blocked is for sale, and a free one no more.
    place(&store, &grant(3, &[BLOCKED.0])).await;
    assert_eq!(lost(store.place(&grant(4, &[5]), NOW).await), taken(&[5]));
    for (seat, expected) in
        [(3, SeatState::Held), (4, SeatState::Blocked), (5, SeatState::Blocked), (6, SeatState::Sold)]
    {
        assert_eq!(state(&store, seat, NOW).await, expected, "seat {seat}");
    }
    // What is held stays its holder's as long as the hold, and is nobody's afterwards.
    assert_eq!(store.verify(mine.id, mine.holder, NOW).await.unwrap().map(|hold| hold.seats), Some(seats(&[3, 4])));
    assert_eq!(applied(store.place(&Grant { extensions: 2, ..grant(1, &[3, 4]) }, NOW).await).seats, mine.seats);
    applied(store.extend(mine.id, mine.holder, MINUTE, NOW).await);
    let swap = Grant { id: id(7), replaces: Some(mine.id), ..grant(1, &[4]) };
    assert_eq!(lost(store.place(&swap, NOW).await), taken(&[4]));
    applied(store.release(mine.id, mine.holder, NOW).await);
    assert_eq!(lost(store.place(&grant(5, &[4]), NOW).await), taken(&[4]));
    assert_eq!((state(&store, 3, NOW).await, state(&store, 4, NOW).await), (SeatState::Free, SeatState::Blocked));
    // So is what was sold, once it is given back; and all is as it was when it is laid out so again.
    store.mark_free(event(), bought.id, &places(&[6], 0)).await.unwrap();
    assert_eq!(state(&store, 6, NOW).await, SeatState::Blocked);
    laid(&store, &[], &[(tier(), CAPACITY)]).await;
    place(&store, &grant(6, &[4, 5, 6])).await;
}

pub(in crate::holds) async fn standing_tiers_come_and_grow(store: Store) {
    opened(&store).await;
    let other = TierId::mint(NOW, [3; 10]);
    let sold = place(&store, &standing(1, 5)).await;
    store.mark_sold(&sold).await.unwrap();
    let mine = place(&store, &standing(2, 15)).await;
    assert_eq!(lost(store.place(&standing(3, 1), NOW).await), Loss::Taken { seats: vec![], standing: vec![tier()] });
    // One tier is larger than it was, and another one new.
    laid(&store, &[BLOCKED.0], &[(other, 3), (tier(), CAPACITY + 400)]).await;
    let seen = store.snapshot(event(), NOW).await.unwrap().unwrap();
    assert_eq!(seen.standing, [(other, 3), (tier(), 400)]);
    let many = place(&store, &standing(3, 300)).await;
    let both = Grant { standing: vec![(other, 3)], ..grant(4, &[1]) };
    place(&store, &both).await;
    let more = Grant { standing: vec![(other, 1)], ..grant(5, &[]) };
    assert_eq!(lost(store.place(&more, NOW).await), Loss::Taken { seats: vec![], standing: vec![other] });
    assert_eq!(store.verify(mine.id, mine.holder, NOW).await.unwrap().map(|hold| hold.standing), Some(mine.standing));
    store.mark_sold(&many).await.unwrap();
    assert_eq!(store.snapshot(event(), NOW).await.unwrap().unwrap().standing, [(other, 0), (tier(), 100)]);
    // No more of either are to be had.
    laid(&store, &[BLOCKED.0], &[(other, 3), (tier(), 20)]).await;
    assert_eq!(store.snapshot(event(), NOW).await.unwrap().unwrap().standing, [(other, 0), (tier(), 0)]);
    assert_eq!(lost(store.place(&standing(6, 1), NOW).await), Loss::Taken { seats: vec![], standing: vec![tier()] });
    laid(&store, &[BLOCKED.0], &[(other, 3), (tier(), CAPACITY + 400)]).await;
    assert_eq!(store.snapshot(event(), NOW).await.unwrap().unwrap().standing, [(other, 0), (tier(), 100)]);
}
