//! What the browser knows of the house: the chart, and who has which seat as of a moment ago.

use std::cell::RefCell;
use std::rc::Rc;

use domain::availability::{Message, Packed, Position, delta};
use domain::chart::{Chart, pack};
use domain::hall::Hall;
use domain::hold::HoldRefusal;
use domain::money::Money;
use domain::rules::{Choice, Tier};
use domain::seat::{SeatId, SeatState};

use super::super::markup::sentence;
use super::super::words::{Place, list, too_many};
use super::super::{choose, floors};
use super::state;
use crate::components::notice::Tone;
use crate::islands::browser::{ask, bytes, put, say};

/// What is said where there is no event any more.
pub(super) const GONE: &str = "These seats are not to be seen any more. Load the page again to see why.";
/// Between two questions while the house is not known yet, in milliseconds, and up to as much more: not everybody asks at
/// the same moment.
const AGAIN: f64 = 3_000.0;

/// The house.
pub(super) struct House {
    pub(super) chart: Rc<Chart>,
    /// Its floors lie over each other on the plan: one is shown at a time.
    pub(super) stacked: bool,
    pub(super) states: Packed,
    /// The picker's.
    pub(super) tiers: Rc<Vec<Tier>>,
    /// What the states are of: the newest that was heard.
    pub(super) at: Position,
    tag: String,
}

impl House {
    /// A seat's total price; `None` where it is in no tier.
    pub(super) fn price(&self, seat: SeatId) -> Option<Money> {
        // As `Hall` has it, without a table made for each seat.
        let category = Some(*self.chart.seats.category.get(seat.index())?);
        self.tiers.iter().rfind(|tier| tier.category == category).map(|tier| tier.price.total)
    }
}

thread_local! {
    static HOUSE: RefCell<Option<House>> = const { RefCell::new(None) };
}

/// Looks at the house, once it is loaded.
pub(super) fn with<T>(look: impl FnOnce(&House) -> T) -> Option<T> {
    HOUSE.with(|house| house.borrow().as_ref().map(look))
}

/// Loads chart and availability; false where there is none or it cannot be had: the server's list stays then.
pub(super) async fn load() -> bool {
    let (url, tiers) = state::with(|p| (p.geometry.clone(), p.tiers.clone()));
    if url.is_empty() {
        return false;
    }
    let Some(response) = ask("GET", &url, &[], None).await.filter(web_sys::Response::ok) else { return false };
    let Some(chart) = bytes(&response).await.and_then(|bytes| pack::unpack(&bytes).ok()) else { return false };
    let stacked = floors::stacked(&chart);
    put("floors", &super::super::markup::floors(&chart.floors, stacked));
    let states = Packed::free(chart.seats.len() as u32);
    HOUSE.with(|house| {
        *house.borrow_mut() =
            Some(House { chart: Rc::new(chart), stacked, states, tiers, at: Position::default(), tag: String::new() });
    });
    // A house of which nothing is known would look free: until there is an answer the server's list stays.
    loop {
        match refresh().await {
            Answer::Known => return true,
            Answer::Never => break,
            Answer::None => super::hold::pause((AGAIN * (1.0 + js_sys::Math::random())) as u32).await,
        }
    }
    HOUSE.take();
    false
}

/// What became of a question.
#[derive(PartialEq, Eq)]
pub(super) enum Answer {
    /// What is shown is so.
    Known,
    /// None came, or none of use; the next one may.
    None,
    /// There is nothing to be had, however often one asks; the page says so.
    Never,
}

/// Asks who has which seat, and shows it where it changed.
pub(super) async fn refresh() -> Answer {
    if super::stream::is_dead() {
        return Answer::Never;
    }
    let tag = with(|house| house.tag.clone()).unwrap_or_default();
    let url = state::with(|p| p.availability.clone());
    let known = [("if-none-match", tag.as_str())];
    let headers = if tag.is_empty() { &[] } else { known.as_slice() };
    let Some(response) = ask("GET", &url, headers, None).await else { return Answer::None };
    match response.status() {
        200 => {}
        304 => return Answer::Known,
        404 | 410 => {
            super::shown::notice(Tone::Care, GONE);
            super::stream::end();
            return Answer::Never;
        }
        // Whatever else is refused may be heard the next time.
        _ => return Answer::None,
    }
    let tag = response.headers().get("etag").ok().flatten().unwrap_or_default();
    let Some(message) = bytes(&response).await.and_then(|bytes| Message::decode(&bytes)) else { return Answer::None };
    replace(message, tag);
    Answer::Known
}

/// Takes the whole state that the stream told, and shows what changed; false where it is none of this house.
pub(super) fn told(bytes: &[u8]) -> bool {
    Message::decode(bytes).is_some_and(|message| replace(message, String::new()))
}

/// False where it is another house's.
fn replace(message: Message, tag: String) -> bool {
    let changed = HOUSE.with(|house| {
        let mut house = house.borrow_mut();
        let house = house.as_mut()?;
        let (at, states) = (message.position(), message.states);
        if states.len() != house.states.len() {
            return None;
        }
        // The stream may have overtaken the answer, or come from another process than the answer.
        if (at.epoch == house.at.epoch && at < house.at) || !super::stream::takes(at) {
            return Some((Vec::new(), true));
        }
        let same_house = house.at.epoch == at.epoch;
        (house.tag, house.at) = (tag, at);
        let changes: Vec<_> = states.changes(&house.states).collect();
        house.states = states;
        Some((changes, same_house))
    });
    let Some((changes, same_house)) = changed else { return false };
    shown(&changes, same_house);
    true
}

/// Lays a delta over the states, which are then those of `at`, and shows what changed; false where it is none.
pub(super) fn apply(bytes: &[u8], at: Position) -> bool {
    let changed = HOUSE.with(|house| {
        let mut house = house.borrow_mut();
        let house = house.as_mut()?;
        // Laid over older or other states it would leave changes out for good.
        if house.at.epoch != at.epoch || house.at.sequence + 1 < at.sequence {
            return None;
        }
        let changes = delta::apply(&mut house.states, bytes)?;
        // The next question is about these states, whoever told them.
        (house.at, house.tag) = (at, String::new());
        Some(changes)
    });
    shown(changed.as_deref().unwrap_or_default(), true);
    changed.is_some()
}

fn shown(changes: &[(SeatId, SeatState)], same_house: bool) {
    if !changes.is_empty() {
        super::map::changed(changes);
        super::list::changed(changes);
    }
    let own = state::with(|p| p.seats());
    let lost = if same_house {
        // Let go or paid for in another window of the same visitor, where it was not here.
        changes.iter().any(|(seat, now)| *now != SeatState::Held && own.contains(&seat.0))
    } else {
        // A server that was started anew has an epoch of its own, and may have forgotten what was held. Of standing places
        // no state tells: that is asked with the next tick.
        state::with(|p| p.doubt |= own.is_empty());
        with(|house| own.iter().any(|seat| house.states.get(SeatId(*seat)) != SeatState::Held)) == Some(true)
    };
    if lost {
        super::hold::look();
    }
}

/// What a press on a seat means: the seats to hold, or why it means none.
pub(super) fn choice(own: &[SeatId], seat: SeatId, wanted: u32, singly: bool) -> Result<Vec<SeatId>, String> {
    let choice = with(|house| {
        // With a full basket a press moves the whole choice; otherwise it adds. In the list one seat at a time, or as many
        // as its price is sold by.
        let full = own.len() as u32 >= wanted && !singly;
        let hall = Hall::new(&house.chart, &house.tiers, &house.states, if full { own } else { &[] });
        let tier = hall.tier(seat).filter(|_| house.states.get(seat) == SeatState::Free).ok_or_else(|| {
            let why = match house.states.get(seat) {
                SeatState::Held => " is in somebody's basket. It comes back if they do not pay.",
                _ => " is not to be had. Free seats are filled in the colour of their price.",
            };
            [&label(&house.chart, seat), why].concat()
        })?;
        let alike = own.iter().filter(|own| !full && hall.tier(**own).is_some_and(|other| other.id == tier.id));
        let least = tier.min.saturating_sub(alike.count() as u32);
        let missing = if singly { 1 } else { wanted - if full { 0 } else { own.len() as u32 } };
        let mut all = if full { Vec::new() } else { own.to_vec() };
        all.extend(choose::around(&hall, seat, missing.max(least)));
        all.sort_unstable();
        Ok(all)
    });
    choice.unwrap_or_else(|| Err("The house is still loading. One moment, please.".to_owned()))
}

/// What the rules have against a whole choice, in words, and what would do instead. They are asked here and now; the
/// server asks them again.
pub(super) fn against(seats: &[u32], standing: &[(String, u32)]) -> Option<(String, Vec<SeatId>)> {
    let (own, tiers, standing) = state::with(|p| {
        let standing = standing.iter().filter_map(|(name, quantity)| Some((p.tier(name)?.id, *quantity)));
        (ids(&p.seats()), p.tiers.clone(), standing.collect::<Vec<_>>())
    });
    let seats = ids(seats);
    let choice = Choice { seats: &seats, standing: &standing };
    let fewer = seats.len() < own.len() && seats.iter().all(|seat| own.contains(seat));
    let judged = with(|house| {
        let refusal = choose::against(&Hall::new(&house.chart, &tiers, &house.states, &own), choice)?;
        words(&house.chart, refusal, fewer)
    });
    match judged {
        Some(judged) => judged,
        // Where all stand there is no chart.
        None if seats.is_empty() => {
            let (chart, states) = (Chart::default(), Packed::free(0));
            words(&chart, choose::against(&Hall::new(&chart, &tiers, &states, &[]), choice)?, fewer)
        }
        None => None,
    }
}

/// A refusal as people read it; nothing where the server's answer is the better one: it heals what was just taken, its
/// clock alone opens a sale, and how many of a price one buys may have changed since the page was loaded.
/// Who wants `fewer` than they have is not told to take more.
fn words(chart: &Chart, refusal: HoldRefusal, fewer: bool) -> Option<(String, Vec<SeatId>)> {
    let text = match refusal {
        HoldRefusal::OrphanSeat { orphans, offer } => {
            let number = |seat: &SeatId| chart.seats.number.get(seat.index()).map(|number| number.words());
            let numbers: Vec<String> = orphans.iter().filter_map(number).collect();
            let (instead, offer) = if fewer {
                ("Let go of another one instead, or of all of them.", Vec::new())
            } else {
                ("Take it too, or what we point to on the map.", offer)
            };
            let text = [
                "That would leave seat ",
                &list(&numbers),
                " alone, and nobody buys a single seat between others. ",
                instead,
            ];
            return Some((text.concat(), offer));
        }
        HoldRefusal::TooMany { limit } => too_many(limit),
        _ => return None,
    };
    Some((text, Vec::new()))
}

fn ids(seats: &[u32]) -> Vec<SeatId> {
    seats.iter().copied().map(SeatId).collect()
}

/// Says that others took the seat that somebody was about to press, or that it came back. Nothing while an answer is on
/// its way: it may be that very press.
pub(super) fn tell(seat: SeatId) {
    let own = state::with(|p| p.busy || p.seats().contains(&seat.0));
    let words = with(|house| {
        let now = match house.states.get(seat) {
            SeatState::Free => " is free again.",
            SeatState::Held => " was just taken. It comes back if it is not paid for.",
            _ => " was just sold.",
        };
        [&label(&house.chart, seat), now].concat()
    });
    if let Some(words) = words.filter(|_| !own) {
        say("said", &words);
    }
}

/// `Row F, seat 15`.
pub(super) fn label(chart: &Chart, seat: SeatId) -> String {
    chart.label(seat).map_or_else(String::new, |label| sentence(&label.words()))
}

/// Where a seat is and what it costs, for comparing.
pub(super) fn place(seat: i64) -> Option<Place> {
    let seat = SeatId(u32::try_from(seat).ok()?);
    with(|house| {
        let label = house.chart.label(seat)?;
        Some(Place {
            section: label.section.to_owned(),
            row: label.row.to_owned(),
            number: label.number.words(),
            price: house.price(seat)?.amount,
        })
    })?
}
