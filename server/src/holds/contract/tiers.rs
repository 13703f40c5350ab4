//! Laws about standing tiers that are made smaller, or are gone, while places of them are held and sold.

use super::*;

/// More than one block of any store has.
const MANY: u32 = 420;

async fn sized(store: &Store, quantity: Option<u32>) {
    let tiers: Vec<_> = quantity.into_iter().map(|quantity| (tier(), quantity)).collect();
    laid(store, &[BLOCKED.0], &tiers).await;
}

fn short() -> Loss {
    Loss::Taken { seats: vec![], standing: vec![tier()] }
}

pub(in crate::holds) async fn a_smaller_tier_offers_what_is_left(store: Store) {
    sized(&store, Some(MANY)).await;
    store.load_sold(event(), Sold::default()).await.unwrap();
    for n in 1..=30 {
        let hold = place(&store, &standing(n, 10)).await;
        store.mark_sold(&hold).await.unwrap();
    }
    // Of 320 places 300 are sold, wherever they lie.
    sized(&store, Some(320)).await;
    assert_eq!(left(&store, NOW).await, 20);
    place(&store, &standing(31, 15)).await;
    assert_eq!(left(&store, NOW).await, 5);
    assert_eq!(lost(store.place(&standing(32, 6), NOW).await), short());
    let last = place(&store, &standing(32, 5)).await;
    assert_eq!(left(&store, NOW).await, 0);
    assert_eq!(lost(store.place(&standing(33, 1), NOW).await), short());
    // Who replaces a hold may have its places again, and no more.
    let swap = |n, quantity| Grant { holder: last.holder, replaces: Some(last.id), ..standing(n, quantity) };
    assert_eq!(lost(store.place(&swap(34, 6), NOW).await), short());
    let last = place(&store, &swap(35, 5)).await;
    assert_eq!(left(&store, NOW).await, 0);
    let back = Sold { standing: vec![(tier(), 10)], ..Sold::default() };
    store.mark_free(event(), id(1), &back).await.unwrap();
    assert_eq!(left(&store, NOW).await, 10);
    // Fewer than are sold: nothing is left, not even for who has some.
    sized(&store, Some(200)).await;
    assert_eq!(left(&store, NOW).await, 0);
    let swap = Grant { holder: last.holder, replaces: Some(last.id), ..standing(36, 5) };
    assert_eq!(lost(store.place(&swap, NOW).await), short());
    assert_eq!(store.verify(last.id, last.holder, NOW).await.unwrap(), Some(last));
    sized(&store, Some(MANY)).await;
    assert_eq!(left(&store, NOW).await, MANY - 290 - 20);
}

pub(in crate::holds) async fn places_that_go_stay_their_holders(store: Store) {
    sized(&store, Some(MANY)).await;
    store.load_sold(event(), Sold::default()).await.unwrap();
    let mut holds = Vec::new();
    for n in 1..=42 {
        holds.push(place(&store, &standing(n, 10)).await);
    }
    assert_eq!(left(&store, NOW).await, 0);
    sized(&store, Some(20)).await;
    // A third of them is extended and bought, one let go, one kept.
    for (n, hold) in (0_u32..).zip(&mut holds) {
        assert_eq!(store.verify(hold.id, hold.holder, NOW).await.unwrap().as_ref(), Some(&*hold));
        if n % 3 < 2 {
            *hold = applied(store.extend(hold.id, hold.holder, MINUTE, NOW).await);
            assert_eq!(store.verify(hold.id, hold.holder, NOW).await.unwrap().as_ref(), Some(&*hold));
        }
        match n % 3 {
            0 => store.mark_sold(hold).await.unwrap(),
            1 => assert!(applied(store.release(hold.id, hold.holder, NOW).await)),
            _ => {}
        }
    }
    assert_eq!(left(&store, NOW).await, 0);
    // The tier itself goes; who holds of it still does.
    sized(&store, None).await;
    assert_eq!(store.snapshot(event(), NOW).await.unwrap().unwrap().standing, []);
    assert_eq!(lost(store.place(&standing(50, 1), NOW).await), short());
    let kept: Vec<&Hold> = holds.iter().skip(2).step_by(3).collect();
    applied(store.extend(kept[0].id, kept[0].holder, MINUTE, NOW).await);
    assert!(applied(store.release(kept[1].id, kept[1].holder, NOW).await));
    store.mark_sold(kept[2]).await.unwrap();
    sized(&store, Some(MANY)).await;
    assert_eq!(left(&store, NOW).await, MANY - 150 - 120);
    place(&store, &standing(51, 150)).await;
}
