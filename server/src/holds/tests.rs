//! The service over holds in memory: wishes in, holds or refusals with their facts out.

mod ending;
pub(crate) mod killed;
mod laying;
mod minimum;
mod same;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use app::api::holds::{BestRequest, HoldRequest, StandingRequest};
use async_trait::async_trait;
use domain::best::Relaxed;
use domain::chart::generate::{Theatre, theatre};
use domain::hold::Fence;
use domain::ids::TierId;
use domain::money::{Currency, Money};
use domain::price::Price;
use domain::rules::{Tier, Window};
use domain::seat::{Features, SeatId, SeatState};
use domain::time::MINUTE;

use super::*;

pub(crate) const NOW: Millis = Millis(1_800_000_000_000);

pub(crate) fn event() -> EventId {
    EventId::mint(NOW, [1; 10])
}

fn holder(n: u16) -> HolderId {
    HolderId::mint(NOW, [0, 0, 0, 1, 0, 0, 0, 0, n.to_le_bytes()[0], n.to_le_bytes()[1]])
}

fn id(n: u16) -> HoldId {
    HoldId::mint(NOW, [0, 0, 0, 2, 0, 0, 0, 0, n.to_le_bytes()[0], n.to_le_bytes()[1]])
}

fn tier(n: u8, category: Option<u8>, total: i64) -> Tier {
    let price = Price { net: total, fee: 0, tax: 0, total: Money::new(total, Currency::EUR) };
    Tier { id: TierId::mint(NOW, [n; 10]), category, price, min: 1, max: 10, sale: Window::default() }
}

pub(crate) fn club() -> TierId {
    TierId::mint(NOW, [100; 10])
}

/// A theatre with a standing tier of fifty.
pub(crate) fn evening() -> Inventory {
    let chart = Arc::new(theatre(&Theatre::default()));
    let mut tiers: Vec<Tier> =
        (0..chart.categories.len() as u8).map(|c| tier(c, Some(c), 5000 - i64::from(c))).collect();
    tiers.push(tier(100, None, 2000));
    Inventory {
        event: event(),
        chart,
        tiers,
        standing: vec![(club(), 50)],
        blocked: Vec::new(),
        on_sale: true,
        sale: Window::default(),
        fence_floor: Fence(0),
    }
}

pub(crate) fn house(inventory: Inventory, sold: Sold) -> Holds {
    let table = InventoryTable { events: vec![Arc::new(inventory)], sold };
    Holds::new(Arc::new(MemoryHolds::default()), Arc::new(table))
}

pub(crate) async fn ask(holds: &Holds, n: u16, request: &HoldRequest) -> Result<Granted, HoldError> {
    holds.hold(event(), holder(n), id(n), request, NOW).await
}

/// Counts how often it is asked what is sold, and takes its time.
struct Slow(InventoryTable, AtomicU32);

#[async_trait]
impl Inventories for Slow {
    async fn inventory(&self, event: EventId) -> Result<Option<Arc<Inventory>>, Trouble> {
        self.0.inventory(event).await
    }

    async fn sold(&self, event: EventId) -> Result<Sold, Trouble> {
        self.1.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.0.sold(event).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_crowd_after_a_restart_one_asks_what_is_sold() {
    let table = InventoryTable { events: vec![Arc::new(evening())], sold: Sold::default() };
    let slow = Arc::new(Slow(table, AtomicU32::new(0)));
    let holds = Holds::new(Arc::new(MemoryHolds::default()), Arc::clone(&slow) as Arc<dyn Inventories>);
    let crowd: Vec<_> = (0..200)
        .map(|_| {
            let holds = holds.clone();
            tokio::spawn(async move { holds.ready(event()).await.map(drop) })
        })
        .collect();
    for one in crowd {
        one.await.unwrap().unwrap();
    }
    assert_eq!(slow.1.load(Ordering::Relaxed), 1);
}

/// An inventory that its promoter changes.
pub(crate) struct Edited(pub(crate) Mutex<Arc<Inventory>>);

#[async_trait]
impl Inventories for Edited {
    async fn inventory(&self, _: EventId) -> Result<Option<Arc<Inventory>>, Trouble> {
        Ok(Some(Arc::clone(&self.0.lock().unwrap())))
    }

    async fn sold(&self, _: EventId) -> Result<Sold, Trouble> {
        Ok(Sold::default())
    }
}

#[tokio::test]
async fn what_is_for_sale_follows_the_inventory_while_the_event_is_open() {
    let evening = evening();
    let (seat, other) = (SeatId(row_of(&evening, 8)[0]), SeatId(row_of(&evening, 8)[3]));
    let category = evening.chart.seats.category[seat.index()];
    let mut announced = evening.clone();
    announced.tiers.retain(|tier| tier.category != Some(category));
    let edited = Arc::new(Edited(Mutex::new(Arc::new(announced))));
    let holds = Holds::new(Arc::new(MemoryHolds::default()), Arc::clone(&edited) as Arc<dyn Inventories>);
    let state = async |seat| holds.states(event(), 0, NOW).await.unwrap().states.get(seat);
    assert_eq!(state(seat).await, SeatState::Blocked, "nothing costs what has no tier");
    // The category's tier comes later; then a seat of it is killed, and tickets for more people who stand are there.
    *edited.0.lock().unwrap() = Arc::new(evening.clone());
    assert_eq!(state(seat).await, SeatState::Free);
    ask(&holds, 1, &chosen(&[seat.0, seat.0 + 1])).await.unwrap();
    let mut killed = evening.clone();
    (killed.blocked, killed.standing) = (vec![other], vec![(club(), 70)]);
    *edited.0.lock().unwrap() = Arc::new(killed.clone());
    assert_eq!(state(other).await, SeatState::Blocked);
    assert_eq!(state(seat).await, SeatState::Held);
    let seen = holds.states(event(), 0, NOW).await.unwrap();
    assert_eq!(seen.standing, [(club(), 70)]);
    // An equal inventory is no news.
    *edited.0.lock().unwrap() = Arc::new(killed);
    assert!(Arc::ptr_eq(&seen, &holds.states(event(), 0, NOW).await.unwrap()));
}

fn chosen(seats: &[u32]) -> HoldRequest {
    HoldRequest { seats: seats.iter().copied().map(SeatId).collect(), ..HoldRequest::default() }
}

fn best_of(quantity: u32, together: bool) -> HoldRequest {
    let (tier, section, min_price, max_price, accessible) = (None, None, None, None, false);
    let best = Some(BestRequest { quantity, tier, section, min_price, max_price, accessible, together });
    HoldRequest { best, ..HoldRequest::default() }
}

fn refusal(outcome: Result<Granted, HoldError>) -> HoldRefusal {
    match outcome {
        Err(HoldError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// The first ordinary seats of the first row with so many side by side.
fn row_of(inventory: &Inventory, count: usize) -> Vec<u32> {
    let seats = &inventory.chart.seats;
    let row = inventory.chart.rows.iter().find(|row| {
        let all = row.seats.clone().map(|seat| seat as usize);
        row.seats.len() >= count
            && all.clone().all(|seat| seats.features[seat].0 & (Features::ACCESSIBLE.0 | Features::COMPANION.0) == 0)
            && all.take(row.seats.len() - 1).all(|seat| !seats.gap_after[seat])
    });
    row.expect("a theatre has such a row").seats.clone().collect()
}

#[tokio::test]
async fn chosen_seats_are_held_for_ten_minutes_at_the_price_shown() {
    let evening = evening();
    let row = row_of(&evening, 8);
    let holds = house(evening, Sold::default());
    let standing = vec![StandingRequest { tier: club(), quantity: 2 }];
    // In any order: a person clicks as they like.
    let request = HoldRequest { standing, ..chosen(&[row[1], row[0]]) };
    let granted = ask(&holds, 1, &request).await.unwrap();
    assert_eq!(granted.hold.seats, [SeatId(row[0]), SeatId(row[1])]);
    assert_eq!(granted.hold.expires_at, NOW.plus(10 * MINUTE));
    assert_eq!(granted.hold.lines.len(), 3);
    assert_eq!(holds.verify(id(1), holder(1), NOW).await.unwrap(), granted.hold);
    // Asking again with the same id, as after a lost answer, finds it.
    assert_eq!(ask(&holds, 1, &request).await.unwrap().hold, granted.hold);
    let longer = holds.extend(id(1), holder(1), NOW).await.unwrap();
    assert_eq!(longer.expires_at, NOW.plus(20 * MINUTE));
    assert_eq!(holds.extend(id(1), holder(1), NOW).await, Err(HoldRefusal::NoExtensionLeft.into()));
    assert!(holds.release(id(1), holder(1), NOW).await.unwrap());
    assert_eq!(holds.verify(id(1), holder(1), NOW).await, Err(HoldRefusal::Expired.into()));
}

#[tokio::test]
async fn a_lost_seat_comes_with_an_offer_and_the_heal_flag_takes_it() {
    let evening = evening();
    let row = row_of(&evening, 10);
    let holds = house(evening, Sold::default());
    ask(&holds, 1, &chosen(&row[0..2])).await.unwrap();
    let wish = chosen(&row[1..4]);
    let HoldRefusal::SeatsTaken { taken, offer } = refusal(ask(&holds, 2, &wish).await) else { panic!() };
    assert_eq!(taken, [SeatId(row[1])]);
    assert_eq!(offer, [SeatId(row[2]), SeatId(row[3]), SeatId(row[4])]);
    let healed = ask(&holds, 3, &HoldRequest { heal: true, ..wish }).await.unwrap();
    assert_eq!(healed.hold.seats, offer);
    assert_eq!(healed.healed, [Healed { wanted: SeatId(row[1]), got: SeatId(row[4]) }]);
}

#[tokio::test]
async fn a_choice_that_leaves_one_alone_is_refused_with_a_better_one() {
    let evening = evening();
    let row = row_of(&evening, 8);
    let holds = house(evening, Sold::default());
    let HoldRefusal::OrphanSeat { orphans, offer } = refusal(ask(&holds, 1, &chosen(&row[1..3])).await) else {
        panic!()
    };
    assert_eq!(orphans, [SeatId(row[0])]);
    let offer: Vec<u32> = offer.into_iter().map(|seat| seat.0).collect();
    ask(&holds, 1, &chosen(&offer)).await.unwrap();
}

#[tokio::test]
async fn a_replaced_hold_gives_its_seats_to_the_new_one_or_stays() {
    let evening = evening();
    let row = row_of(&evening, 8);
    let holds = house(evening, Sold::default());
    let first = ask(&holds, 1, &chosen(&row[0..2])).await.unwrap().hold;
    ask(&holds, 2, &chosen(&row[5..8])).await.unwrap();
    let swap = |seats: &[u32]| HoldRequest { replaces: Some(first.id), ..chosen(seats) };
    let call = async |n: u16, request: HoldRequest| holds.hold(event(), holder(1), id(n), &request, NOW).await;
    assert!(matches!(refusal(call(3, swap(&row[3..6])).await), HoldRefusal::SeatsTaken { .. }));
    assert_eq!(holds.by_holder(holder(1), NOW).await.unwrap(), std::slice::from_ref(&first));
    let second = call(3, swap(&row[0..3])).await.unwrap().hold;
    assert_eq!(holds.by_holder(holder(1), NOW).await.unwrap(), [second]);
}

#[tokio::test]
async fn limits_and_windows_are_refused_with_their_facts() {
    let mut evening = evening();
    let row = row_of(&evening, 8);
    evening.tiers.last_mut().unwrap().max = 4;
    let opens = NOW.plus(1);
    let closed = Inventory { sale: Window { opens_at: Some(opens), closes_at: None }, ..evening.clone() };
    let cancelled = Inventory { on_sale: false, ..evening.clone() };
    let seats = chosen(&row[0..2]);
    let too_early = ask(&house(closed, Sold::default()), 1, &seats).await;
    assert_eq!(refusal(too_early), HoldRefusal::NotOnSale { opens_at: Some(opens) });
    let never = ask(&house(cancelled, Sold::default()), 1, &seats).await;
    assert_eq!(refusal(never), HoldRefusal::NotOnSale { opens_at: None });
    let holds = house(evening, Sold::default());
    let ask = async |request: HoldRequest| refusal(ask(&holds, 1, &request).await);
    assert_eq!(ask(HoldRequest::default()).await, HoldRefusal::Nothing);
    assert_eq!(ask(chosen(&[0; 500])).await, HoldRefusal::TooMany { limit: 10 });
    assert_eq!(ask(chosen(&[3, 3])).await, HoldRefusal::Contradiction);
    assert_eq!(ask(chosen(&[u32::MAX])).await, HoldRefusal::UnknownSeat { seats: vec![SeatId(u32::MAX)] });
    assert_eq!(ask(HoldRequest { seats: vec![SeatId(0)], ..best_of(2, true) }).await, HoldRefusal::Contradiction);
    assert_eq!(ask(best_of(0, true)).await, HoldRefusal::Nothing);
    assert_eq!(ask(best_of(u32::MAX, true)).await, HoldRefusal::TooMany { limit: 10 });
    let standing =
        |quantity| HoldRequest { standing: vec![StandingRequest { tier: club(), quantity }], ..Default::default() };
    assert_eq!(ask(standing(5)).await, HoldRefusal::TierLimits { tier: club(), min: 1, max: 4 });
    let mut nowhere = best_of(2, true);
    nowhere.best.as_mut().unwrap().section = Some("No such block".into());
    assert_eq!(ask(nowhere).await, HoldRefusal::UnknownSection);
    let strange = holds.hold(EventId::mint(NOW, [9; 10]), holder(1), id(1), &seats, NOW).await;
    assert_eq!(strange, Err(HoldError::NoSuchEvent));
    for n in 0..4 {
        holds.hold(event(), holder(1), id(n), &standing(1), NOW).await.unwrap();
    }
    let fifth = holds.hold(event(), holder(1), id(9), &standing(1), NOW).await;
    assert_eq!(refusal(fifth), HoldRefusal::TooManyHolds { limit: 4 });
}

#[tokio::test]
async fn what_postgres_sold_before_is_never_held() {
    let evening = evening();
    let row = row_of(&evening, 8);
    let sold =
        Sold { seats: row.iter().copied().map(SeatId).collect(), standing: vec![(club(), 49)], ..Sold::default() };
    let holds = house(evening, sold);
    assert!(matches!(refusal(ask(&holds, 1, &chosen(&row[0..2])).await), HoldRefusal::SeatsTaken { .. }));
    let stand =
        |quantity| HoldRequest { standing: vec![StandingRequest { tier: club(), quantity }], ..HoldRequest::default() };
    let short = ask(&holds, 1, &stand(2)).await;
    assert_eq!(
        refusal(short),
        HoldRefusal::Fewer { tier: Some(club()), left: 1, together: false, offer: vec![], relaxed: vec![] }
    );
    ask(&holds, 1, &stand(1)).await.unwrap();
    assert_eq!(refusal(ask(&holds, 2, &stand(1)).await), HoldRefusal::SoldOut);
}

#[tokio::test]
async fn who_wants_more_than_there_are_is_offered_as_many_as_are_side_by_side() {
    let mut evening = evening();
    let row = row_of(&evening, 8);
    // Three are left side by side, and one by itself.
    let left = [row[0], row[1], row[2], row[4]];
    evening.blocked = (0..evening.chart.seats.len() as u32).filter(|seat| !left.contains(seat)).map(SeatId).collect();
    let holds = house(evening, Sold::default());
    let three: Vec<SeatId> = row[0..3].iter().copied().map(SeatId).collect();
    let fewer = HoldRefusal::Fewer { tier: None, left: 3, together: true, offer: three.clone(), relaxed: vec![] };
    assert_eq!(refusal(ask(&holds, 1, &best_of(5, true)).await), fewer);
    let (offer, relaxed) = (left.map(SeatId).to_vec(), vec![Relaxed::Apart]);
    let all = HoldRefusal::Fewer { tier: None, left: 4, together: false, offer, relaxed };
    assert_eq!(refusal(ask(&holds, 1, &best_of(10, false)).await), all, "who sits apart hears of all of them");
    let held = ask(&holds, 1, &chosen(&row[0..3])).await.unwrap().hold;
    assert_eq!(held.seats, three, "they are to be had");
    let one = HoldRefusal::Fewer { tier: None, left: 1, together: true, offer: vec![SeatId(row[4])], relaxed: vec![] };
    assert_eq!(refusal(ask(&holds, 2, &best_of(2, true)).await), one);
    ask(&holds, 2, &chosen(&[row[4]])).await.unwrap();
    assert_eq!(refusal(ask(&holds, 3, &best_of(2, true)).await), HoldRefusal::SoldOut);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rush_for_the_best_sells_the_house_and_no_seat_twice() {
    let evening = evening();
    let ordinary = |features: &&Features| features.0 & (Features::ACCESSIBLE.0 | Features::COMPANION.0) == 0;
    let places = evening.chart.seats.features.iter().filter(ordinary).count();
    let holds = house(evening, Sold::default());
    let mut tasks = Vec::new();
    for n in 0..500_u16 {
        let holds = holds.clone();
        tasks.push(tokio::spawn(async move { ask(&holds, n, &best_of(2, false)).await }));
    }
    let (mut seats, mut refused) = (BTreeSet::new(), 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(granted) => granted.hold.seats.iter().for_each(|seat| assert!(seats.insert(*seat), "{seat:?} twice")),
            Err(error) => {
                let short = matches!(error, HoldError::Refused(HoldRefusal::SoldOut | HoldRefusal::Fewer { .. }));
                assert!(short, "{error:?}");
                refused += 1;
            }
        }
    }
    assert!(seats.len() >= places - 1, "{} of {places} seats, {refused} refused", seats.len());
}

#[tokio::test]
async fn not_side_by_side_is_refused_with_an_offer_unless_apart_will_do() {
    let mut evening = evening();
    // Every second seat is kept back.
    evening.blocked = (0..evening.chart.seats.len() as u32).step_by(2).map(SeatId).collect();
    let holds = house(evening, Sold::default());
    let HoldRefusal::NotTogether { offer, .. } = refusal(ask(&holds, 1, &best_of(2, true)).await) else { panic!() };
    assert_eq!(offer.len(), 2);
    let granted = ask(&holds, 1, &best_of(2, false)).await.unwrap();
    assert_eq!(granted.hold.seats, offer);
    assert_eq!(granted.relaxed.len(), 1);
}

#[tokio::test]
async fn an_unknown_outcome_is_resolved_by_asking_again_with_the_same_id() {
    let evening = evening();
    let table = InventoryTable { events: vec![Arc::new(evening)], sold: Sold::default() };
    let holds = Holds::new(contract::broken::losing_answers(), Arc::new(table));
    for (n, request) in [(1, best_of(2, true)), (2, best_of(3, true))] {
        let unknown = ask(&holds, n, &request).await.unwrap_err();
        assert!(matches!(unknown, HoldError::Trouble(Trouble::Unconfirmed { .. })), "neither success nor failure");
        let granted = ask(&holds, n, &request).await.unwrap();
        assert_eq!(holds.by_holder(holder(n), NOW).await.unwrap(), [granted.hold]);
    }
}
