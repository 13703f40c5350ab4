//! Browser and server are fed the same cases: what the page makes of the bytes that it fetched, and what the server says
//! under its locks. From an empty house to one that is nearly sold out.

use std::cell::RefCell;
use std::collections::BTreeMap;

use app::islands::picker::choose::{against, around};
use domain::availability::{Message, Packed};
use domain::hall::Hall;
use domain::rules::{Choice, has_mercy, orphans};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::availability::Availability;

/// Seats that the cases are about: the first rows of the theatre.
const NEAR: u32 = 64;

/// What somebody does.
#[derive(Clone, Debug)]
enum Act {
    /// Marks seats in the list.
    Marks(BTreeSet<u32>),
    /// Presses a seat on the map, for so many.
    Presses(u32, u32),
    /// Asks for so many of the best, side by side or not.
    Asks(u32, bool),
}

#[derive(Clone, Debug)]
struct Case {
    sold: BTreeSet<u32>,
    /// All seats but the near ones are sold, too.
    nearly_all: bool,
    /// What the same person holds already, and gives back for this.
    own: Option<u32>,
    act: Act,
    standing: Option<u32>,
    min: u32,
    opens: Option<i64>,
    closes: Option<i64>,
}

fn cases() -> impl Strategy<Value = Case> {
    let act = prop_oneof![
        prop::collection::btree_set(0..NEAR, 0..12).prop_map(Act::Marks),
        (0..NEAR, 1_u32..7).prop_map(|(seat, wanted)| Act::Presses(seat, wanted)),
        (1_u32..12, any::<bool>()).prop_map(|(quantity, together)| Act::Asks(quantity, together)),
    ];
    let window = (1_u32..4, prop::option::weighted(0.3, -1_i64..2), prop::option::weighted(0.3, 0_i64..3));
    let house = (prop::collection::btree_set(0..NEAR, 0..40), any::<bool>(), prop::option::weighted(0.3, 0..NEAR));
    (house, act, prop::option::weighted(0.4, 0_u32..12), window).prop_map(
        |((sold, nearly_all, own), act, standing, (min, opens, closes))| Case {
            sold,
            nearly_all,
            own,
            act,
            standing,
            min,
            opens,
            closes,
        },
    )
}

/// The tiers as the page has them: ids by position, one price, always on sale.
fn of_the_page(tiers: &[Tier]) -> Vec<Tier> {
    let page = |(at, tier): (u128, &Tier)| {
        let total = tier.price.total;
        let price = Price { net: total.amount, fee: 0, tax: 0, total };
        Tier { id: TierId(uuid::Uuid::from_u128(at)), price, sale: Window::default(), ..tier.clone() }
    };
    (1_u128..).zip(tiers).map(page).collect()
}

/// The server's refusal as the page would have it, which knows tiers by position and leaves it to the server to heal.
fn to_the_page(refusal: HoldRefusal, (server, page): (&[Tier], &[Tier])) -> HoldRefusal {
    let id = |tier| server.iter().position(|known| known.id == tier).map_or(tier, |at| page[at].id);
    match refusal {
        HoldRefusal::SeatsTaken { taken, .. } => HoldRefusal::SeatsTaken { taken, offer: Vec::new() },
        HoldRefusal::TierLimits { tier, min, max } => HoldRefusal::TierLimits { tier: id(tier), min, max },
        HoldRefusal::UnknownTier { tier } => HoldRefusal::UnknownTier { tier: id(tier) },
        other => other,
    }
}

/// Whether it is mercy alone that lets this choice leave a seat alone: in the same rows of a house that is otherwise empty
/// it would not be let.
fn needed_mercy(hall: &Hall<'_>, seats: &[SeatId]) -> bool {
    let row = |seat: SeatId| hall.chart.seats.row[seat.index()];
    let rows: BTreeSet<_> = seats.iter().map(|seat| row(*seat)).collect();
    let mut empty: Packed = hall.states.clone();
    for seat in (0..empty.len()).map(SeatId).filter(|seat| !rows.contains(&row(*seat))) {
        empty.set(seat, SeatState::Free);
    }
    has_mercy(hall) && !orphans(&Hall::new(hall.chart, hall.tiers, &empty, hall.own), seats).is_empty()
}

/// What the page shows as the price of it all.
fn shown(hall: &Hall<'_>, choice: Choice<'_>) -> i64 {
    let seats = choice.seats.iter().map(|seat| hall.tier(*seat).expect("it is for sale").price.total.amount);
    let price = |id| hall.tiers.iter().find(|tier| tier.id == id).expect("it is for sale").price.total.amount;
    seats.sum::<i64>() + choice.standing.iter().map(|(id, n)| price(*id) * i64::from(*n)).sum::<i64>()
}

/// Plays a case on both sides; answers what it came to, in a word.
fn play(evening: &Inventory, case: &Case, run: &tokio::runtime::Runtime) -> Result<&'static str, TestCaseError> {
    let mut evening = evening.clone();
    let at = |offset: Option<i64>| offset.map(|offset| Millis(NOW.0 + offset));
    evening.tiers[0].min = case.min;
    evening.tiers[0].sale = Window { opens_at: at(case.opens), closes_at: at(case.closes) };
    let (chart, tiers) = (Arc::clone(&evening.chart), evening.tiers.clone());
    let all = 0..chart.seats.len() as u32;
    let sold = all.filter(|seat| case.sold.contains(seat) || case.nearly_all && *seat >= NEAR).map(SeatId).collect();
    let holds = house(evening, Sold { seats: sold, ..Sold::default() });
    let asks = |id: HoldId, request: &HoldRequest| run.block_on(holds.hold(event(), holder(1), id, request, NOW));
    let own = case.own.and_then(|seat| asks(id(1), &chosen(&[seat])).ok()).map(|granted| granted.hold);
    // The page: the bytes it fetched, and what it asks before it sends.
    let seen = run.block_on(Availability::new(holds.clone(), NOW).get(event(), NOW)).unwrap();
    let states = Message::decode(seen.bytes()).unwrap().states;
    let own_seats = own.as_ref().map(|hold| hold.seats.clone()).unwrap_or_default();
    let page = of_the_page(&tiers);
    let hall = Hall::new(&chart, &page, &states, &own_seats);
    let standing = |tier| case.standing.map(|quantity| (tier, quantity)).into_iter().collect::<Vec<_>>();
    let stand = standing(page[page.len() - 1].id);
    let marked: Option<Vec<SeatId>> = match &case.act {
        Act::Marks(seats) => Some(seats.iter().copied().map(SeatId).collect()),
        Act::Presses(seat, wanted) => {
            Some(if hall.is_free(SeatId(*seat)) { around(&hall, SeatId(*seat), *wanted) } else { vec![SeatId(*seat)] })
        }
        Act::Asks(..) => None,
    };
    let says = marked.as_ref().map(|seats| against(&hall, Choice { seats, standing: &stand }));
    // The server: the same wish under its locks.
    let wish = match &case.act {
        Act::Asks(quantity, together) => best_of(*quantity, *together),
        _ => HoldRequest { seats: marked.clone().unwrap_or_default(), ..HoldRequest::default() },
    };
    let standing = standing(club()).into_iter().map(|(tier, quantity)| StandingRequest { tier, quantity }).collect();
    let replaces = own.as_ref().map(|hold| hold.id);
    let granted = match asks(id(2), &HoldRequest { standing, replaces, ..wish }) {
        Ok(granted) => granted,
        Err(HoldError::Refused(HoldRefusal::NotOnSale { .. })) => return Ok("not on sale"),
        Err(HoldError::Refused(refusal)) => {
            let refusal = to_the_page(refusal, (&tiers, &page));
            if let Some(says) = says {
                prop_assert_eq!(says, Some(refusal.clone()));
            }
            return Ok(match refusal {
                HoldRefusal::SeatsTaken { .. } => "taken",
                HoldRefusal::OrphanSeat { .. } => "alone",
                HoldRefusal::TooMany { .. } => "too many",
                HoldRefusal::TierLimits { .. } => "too few of a tier",
                HoldRefusal::NotTogether { .. } => "not together",
                _ => "another",
            });
        }
        Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
    };
    let choice = Choice { seats: &granted.hold.seats, standing: &stand };
    let paid: i64 = granted.hold.lines.iter().map(|line| line.unit.total.amount * i64::from(line.quantity)).sum();
    prop_assert_eq!(shown(&hall, choice), paid, "what the page shows is what is charged");
    if let Some(says) = says {
        prop_assert_eq!(says, None);
        prop_assert_eq!(marked.as_deref(), Some(choice.seats));
    } else if granted.relaxed.is_empty() {
        prop_assert_eq!(against(&hall, choice), None, "the best seats could have been marked one by one");
    }
    Ok(match (needed_mercy(&hall, choice.seats), &case.act) {
        (true, _) => "granted by mercy",
        (false, Act::Asks(..)) => "the best granted",
        (false, _) => "granted",
    })
}

#[test]
fn browser_and_server_give_the_same_answer() {
    let mut evening = evening();
    // A price in its parts, as the server has it.
    for tier in &mut evening.tiers {
        (tier.price.net, tier.price.fee, tier.price.tax) = (tier.price.total.amount - 300, 200, 100);
    }
    let run = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let met: RefCell<BTreeMap<&str, u32>> = RefCell::default();
    let config = Config { cases: 512, failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config).run(&cases(), |case| {
        *met.borrow_mut().entry(play(&evening, &case, &run)?).or_default() += 1;
        Ok(())
    });
    played.unwrap_or_else(|difference| panic!("{difference}"));
    let met = met.into_inner();
    for one in [
        "granted",
        "granted by mercy",
        "the best granted",
        "taken",
        "alone",
        "too many",
        "too few of a tier",
        "not together",
        "not on sale",
    ] {
        assert!(met.contains_key(one), "{one:?} came up: {met:?}");
    }
}
