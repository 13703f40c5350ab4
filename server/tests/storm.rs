//! Storms: many buyers want few seats. Exactly as many are sold as there are, everybody else is told, and the checker
//! finds nothing. With the locks taken out the same storm does sell a seat twice: it can fail.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::order::{OrderRefusal, OrderStatus};
use futures::StreamExt;
use parterre::checker::Breach;
use parterre::purchase::PurchaseError;
use parterre::test_support::check_later;
use parterre::test_support::shop::{Shop, Till};
use parterre::trouble::Trouble;

/// Buyers under way at one moment.
const AT_ONCE: usize = 64;
/// No storm lasts longer.
const AT_MOST: Duration = Duration::from_secs(300);
const GOOD: &str = "4242424242424242";

/// How the buyers fared: by word, how many.
type Tally = BTreeMap<String, usize>;

/// What a buyer wants: a seat, so many places on the floor, or a seat and two such places.
#[derive(Clone, Copy)]
enum Want {
    Seat(u32),
    Floor(u32),
    Both(u32),
}

/// One buyer, who pays with what the storm's number hands out: most cards are good.
async fn buyer(till: Arc<Till>, number: usize, want: Want) -> String {
    let hold = match want {
        Want::Seat(seat) => till.hold(till.somebody(), &[seat], 0),
        Want::Floor(places) => till.hold(till.somebody(), &[], places),
        Want::Both(seat) => till.hold(till.somebody(), &[seat], 2),
    };
    let Some(hold) = hold else { return "held by somebody".into() };
    if number.is_multiple_of(2) {
        till.holds.turn_round(hold.id);
    }
    let mut patience = 600;
    let order = loop {
        match till.checkout(&hold).await {
            Ok(order) => break order,
            Err(PurchaseError::Refused(refusal)) => return refusal.code().into(),
            // A shop that is busy asks one to come back, and so one does. Two who waited for each other were not busy.
            Err(PurchaseError::Trouble(Trouble::Unavailable { detail, .. }))
                if patience > 0 && !detail.contains("deadlock") =>
            {
                patience -= 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(PurchaseError::Trouble(trouble)) => return format!("trouble: {trouble}"),
        }
    };
    // Every seventh buyer tries a bad card first, every eleventh clicks twice.
    if number.is_multiple_of(7) {
        let _ = till.pay(&order, "4000000000000002").await;
    }
    let paid = if number.is_multiple_of(11) {
        let (first, second) = tokio::join!(till.pay(&order, GOOD), till.pay(&order, GOOD));
        if matches!(&first, Ok(order) if order.status == OrderStatus::Paid) { first } else { second }
    } else {
        till.pay(&order, GOOD).await
    };
    match paid {
        Ok(order) => order.status.word().into(),
        Err(PurchaseError::Refused(OrderRefusal::AlreadyPaid)) => "paid".into(),
        Err(PurchaseError::Refused(refusal)) => refusal.code().into(),
        Err(PurchaseError::Trouble(trouble)) => format!("trouble: {trouble}"),
    }
}

async fn storm(shop: &Shop, buyers: usize, seats: u32) -> (Tally, Vec<Breach>) {
    // Spread without a generator, so that a storm is the same storm every time it starts.
    let seat = |number: usize| u32::try_from(number * 7919 % seats as usize).unwrap();
    storm_for(shop, buyers, |number| Want::Seat(seat(number))).await
}

async fn storm_for(shop: &Shop, buyers: usize, want: impl Fn(usize) -> Want) -> (Tally, Vec<Breach>) {
    let till = Arc::new(shop.till.clone());
    let run = futures::stream::iter(0..buyers)
        .map(|number| tokio::spawn(buyer(till.clone(), number, want(number))))
        .buffer_unordered(AT_ONCE)
        .fold(Tally::new(), |mut tally, ended| async move {
            *tally.entry(ended.unwrap()).or_default() += 1;
            tally
        });
    let tally = tokio::time::timeout(AT_MOST, run).await.expect("the storm ends in time");
    till.read_news().await;
    till.purchase.sweep().await.unwrap();
    (tally, check_later(&shop.database.pool).await)
}

async fn tickets(shop: &Shop) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM tickets WHERE status = 'valid'")
        .fetch_one(&shop.database.pool)
        .await
        .unwrap()
}

fn all_told(tally: &Tally, buyers: usize) {
    assert_eq!(tally.values().sum::<usize>(), buyers);
    let known = ["paid", "held by somebody", "seats_taken", "sold_out"];
    assert!(tally.keys().all(|word| known.contains(&word.as_str())), "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_buyers_after_fifty_seats_buy_exactly_fifty() {
    let shop = Shop::open(50).await;
    let (tally, breaches) = storm(&shop, 500, 50).await;
    assert_eq!(breaches, []);
    all_told(&tally, 500);
    assert_eq!((tally["paid"], tickets(&shop).await), (50, 50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_buyers_are_kept_apart_by_the_books_alone() {
    let shop = Shop::open_generous(50).await;
    let (tally, breaches) = storm(&shop, 500, 50).await;
    assert_eq!(breaches, []);
    all_told(&tally, 500);
    assert_eq!((tally["paid"], tickets(&shop).await), (50, 50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_wants_seats_and_the_floor_waits_for_nobody_in_a_circle() {
    let shop = Shop::open_generous(100).await;
    let room = "UPDATE ticket_tiers SET quantity = 1000 WHERE kind = 'standing'";
    sqlx::query(room).execute(&shop.database.pool).await.unwrap();
    let (tally, breaches) = storm_for(&shop, 300, |number| Want::Both(u32::try_from(number % 100).unwrap())).await;
    assert_eq!(breaches, []);
    all_told(&tally, 300);
    assert_eq!((tally["paid"], tickets(&shop).await), (100, 300));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_buyers_after_one_seat_buy_exactly_one() {
    let shop = Shop::open_generous(1).await;
    let (tally, breaches) = storm(&shop, 2_000, 1).await;
    assert_eq!(breaches, []);
    all_told(&tally, 2_000);
    assert_eq!((tally["paid"], tickets(&shop).await), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_claims_constraint_the_checker_finds_the_double_sale() {
    let shop = Shop::open_generous(50).await;
    // The last two locks on the door: one claim a seat, one ticket a seat. More places than seats, so that the tier's
    // counter does not stand in for them.
    for broken in [
        "ALTER TABLE seat_claims DROP CONSTRAINT seat_claims_pkey",
        "DO $$ DECLARE i record; BEGIN
            FOR i IN SELECT indexname FROM pg_indexes WHERE indexname ~ '^tickets_[0-9_]+_seat_key$'
            LOOP EXECUTE 'DROP INDEX ' || i.indexname; END LOOP; END $$",
        "UPDATE ticket_tiers SET quantity = 100000 WHERE kind = 'seated'",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(broken)).execute(&shop.database.pool).await.unwrap();
    }
    let (tally, breaches) = storm(&shop, 120, 50).await;
    assert!(tally["paid"] > 50, "{tally:?}");
    let found: Vec<_> = breaches.iter().map(|breach| breach.invariant.as_str()).collect();
    assert!(found.contains(&"I1") && found.contains(&"I3"), "{breaches:?}");
}

/// Makes the tiers a view over themselves: whoever locks its rows locks nothing, as no lock reaches into a common table
/// expression. Reading and counting go on as before.
const WITHOUT_THE_LOCK: [&str; 4] = [
    "ALTER TABLE ticket_tiers RENAME TO tiers_behind",
    "CREATE VIEW ticket_tiers AS WITH all_tiers AS MATERIALIZED (SELECT * FROM tiers_behind) SELECT * FROM all_tiers",
    "CREATE FUNCTION count_behind() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE tiers_behind SET reserved = reserved + NEW.reserved - OLD.reserved, sold = sold + NEW.sold - OLD.sold
        WHERE id = NEW.id;
        RETURN NEW; END $$",
    "CREATE TRIGGER count_behind INSTEAD OF UPDATE ON ticket_tiers FOR EACH ROW EXECUTE FUNCTION count_behind()",
];
/// The other guard of a tier: what the counters may say.
const WITHOUT_THE_CHECK: [&str; 1] = ["ALTER TABLE ticket_tiers DROP CONSTRAINT ticket_tiers_capacity"];

/// Sixty buyers want two places each of a floor that has twenty; answers who paid, and what the checker found.
async fn floor_storm(broken: &[&str]) -> (usize, i64, Vec<Breach>) {
    let shop = Shop::open_generous(1).await;
    for statement in broken {
        sqlx::query(sqlx::AssertSqlSafe(*statement)).execute(&shop.database.pool).await.unwrap();
    }
    let (tally, breaches) = storm_for(&shop, 60, |_| Want::Floor(2)).await;
    all_told(&tally, 60);
    (tally["paid"], tickets(&shop).await, breaches)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_tiers_lock_and_check_the_checker_finds_the_oversold_floor() {
    let mut storms = vec![];
    // Whether two buyers read the counter at one moment is a matter of luck: nearly every storm has some.
    let (paid, tickets, breaches) = loop {
        let (paid, tickets, breaches) = floor_storm(&[&WITHOUT_THE_CHECK[..], &WITHOUT_THE_LOCK].concat()).await;
        storms.push((paid, tickets));
        if paid > 10 || storms.len() == 5 {
            break (paid, tickets, breaches);
        }
    };
    assert!(paid > 10 && tickets > 20, "orders paid, and tickets: {storms:?}");
    assert!(breaches.iter().any(|breach| breach.invariant == "I2"), "{breaches:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tiers_lock_alone_keeps_the_floor_from_being_oversold() {
    assert_eq!(floor_storm(&WITHOUT_THE_CHECK).await, (10, 20, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tiers_check_alone_keeps_the_floor_from_being_oversold() {
    assert_eq!(floor_storm(&WITHOUT_THE_LOCK).await, (10, 20, vec![]));
}
