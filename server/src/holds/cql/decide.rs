//! What becomes of one wish in one block: a pure function of the block's cells, asked again whenever they turn out to
//! be others. Every wish can be repeated: what it has done already it recognises by the hold's id in the cells.

use std::collections::BTreeMap;

use domain::hold::Fence;
use domain::ids::{HoldId, HolderId};
use domain::time::Millis;

use super::cell::{Cell, Mark, Moment};

/// A hold's part in one block. Places are numbered within the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Take {
    /// The hold.
    pub(super) hold: HoldId,
    /// Whose it is.
    pub(super) holder: HolderId,
    /// These places.
    pub(super) places: Vec<u32>,
    /// And so many of any.
    pub(super) any: u32,
    /// Runs out then.
    pub(super) until: Millis,
    /// Extensions.
    pub(super) extensions: u8,
    /// Its fence.
    pub(super) fence: Fence,
    /// A hold whose places count as free.
    pub(super) replaces: Option<HoldId>,
}

/// What may be asked of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Take places, all or none.
    Take(Take),
    /// Undo what was taken under these fences: what was displaced comes back, the rest goes free. What somebody else
    /// took under the same id carries another fence and stays.
    PutBack { hold: HoldId, fences: Vec<Fence>, displaced: Vec<(u32, Cell)> },
    /// Free what the hold keeps; it is said to keep `places`.
    Release { hold: HoldId, places: Vec<u32> },
    /// Move the end of a hold that keeps all of `places`.
    Prolong { hold: HoldId, places: Vec<u32>, until: Millis, extensions: u8 },
    /// `places` are sold, unless a hold with a greater fence keeps them, and so is what the hold keeps; where none are
    /// named, what it keeps and then further places, as far as `reach` allows, until it has `count` of them here.
    Sell { hold: Option<HoldId>, places: Vec<u32>, fence: Fence, count: u32, reach: Reach },
    /// `places` that are sold go free, whoever has them; and so do all others that the hold has sold, where `wholly`.
    Unsell { hold: Option<HoldId>, places: Vec<u32>, wholly: bool },
    /// PostgreSQL's word about places whose version is still the one given: sold (by that hold), or not.
    Mark { places: Vec<(u32, i64)>, sold: bool },
    /// Free what has run out.
    Sweep,
    /// Make sure that what is known of these places is fresh.
    Look { places: Vec<u32> },
    /// Write these places as they are, so that no earlier write can happen any more.
    Touch { places: Vec<u32> },
}

impl Wish {
    /// What deciding it costs, in wishes for single places: whoever takes any places looks at all of the block.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Take(take) if take.any > 0 => 10,
            _ => 1,
        }
    }
}

/// Which places become a hold's, where PostgreSQL says that more are its than the cells do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Its own alone.
    Own,
    /// Free ones, too.
    Free,
    /// If there is no other way, those that others hold.
    Held,
}

/// What a wish came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Taken (or taken before).
    Taken { places: Vec<u32>, until: Millis, extensions: u8 },
    /// These places are others'.
    Others(Vec<u32>),
    /// Not so many are left.
    Short,
    /// A place's row carries this fence or a higher one than the wish's.
    Behind(Fence),
    /// The hold has run out, or not all of the places are its own.
    Gone,
    /// Done; so many of the hold's places are sold here, or went free.
    Done(u32),
    /// These holds went free.
    Swept(Vec<HoldId>),
}

/// A verdict and the places whose present cells are a reason for it, where they are not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) verdict: Verdict,
    pub(super) rests_on: Vec<u32>,
}

/// A block's cells under changes that are not written yet.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// The cells as last known.
    pub(super) cells: &'a [Cell],
    /// What is not for sale, whatever its cell says.
    pub(super) blocked: &'a [bool],
    /// Versions written now are at least this: [`Cell::version`].
    pub(super) stamp: i64,
    /// What is to be written.
    pub(super) changes: &'a mut BTreeMap<u32, Cell>,
    /// What this wish put there, and what stood there before: for taking it back.
    pub(super) undo: Vec<(u32, Option<Cell>)>,
}

impl View<'_> {
    fn at(&self, place: u32) -> Cell {
        let known = || self.cells.get(place as usize).copied().unwrap_or_default();
        self.changes.get(&place).copied().unwrap_or_else(known)
    }

    fn put(&mut self, place: u32, cell: Cell) {
        // One write a place and round: however often it changes on the way, its version grows once.
        let was = self.cells.get(place as usize).map_or(0, |known| known.version);
        let cell = Cell { version: self.stamp.max(was + 1), ..cell };
        let before = self.changes.insert(place, cell);
        self.undo.push((place, before));
    }

    /// Takes back what this wish put there.
    pub(super) fn take_back(&mut self) {
        for (place, before) in self.undo.drain(..).rev() {
            match before {
                Some(cell) => drop(self.changes.insert(place, cell)),
                None => drop(self.changes.remove(&place)),
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = (u32, Cell)> + use<'_> {
        (0..self.cells.len() as u32).map(|place| (place, self.at(place)))
    }

    fn is_blocked(&self, place: u32) -> bool {
        self.blocked.get(place as usize).copied().unwrap_or(true)
    }

    fn those(&self, wanted: impl Fn(&Cell) -> bool) -> Vec<u32> {
        self.all().filter(|(_, cell)| wanted(cell)).map(|(place, _)| place).collect()
    }
}

/// Decides `wish` at that moment and puts its changes on the view.
pub(super) fn decide(view: &mut View<'_>, wish: &Wish, at: Moment) -> Decision {
    let settled = |verdict, rests_on: &[u32]| Decision { verdict, rests_on: rests_on.to_vec() };
    match wish {
        Wish::Take(take) => decide_take(view, take, at),
        Wish::PutBack { hold, fences, displaced } => {
            let kept = view.those(|cell| cell.is_held_by(*hold) && fences.contains(&cell.fence));
            for place in &kept {
                let cell = view.at(*place);
                let before = displaced.iter().find(|(at, _)| at == place).map(|(_, before)| *before);
                let back = before.map_or_else(|| cell.freed(), |before| Cell { fence: cell.fence, ..before });
                view.put(*place, back);
            }
            let (told, places) = (kept.len() as u32, displaced.iter().map(|(at, _)| *at).collect::<Vec<_>>());
            settled(Verdict::Done(told), &places)
        }
        Wish::Release { hold, places } => {
            let kept = view.those(|cell| cell.is_held_by(*hold));
            for place in &kept {
                let cell = view.at(*place);
                view.put(*place, cell.freed());
            }
            settled(Verdict::Done(kept.len() as u32), places)
        }
        Wish::Prolong { hold, places, until, extensions } => {
            let whole =
                places.iter().map(|place| view.at(*place)).all(|cell| cell.is_held_by(*hold) && cell.is_live(at.now));
            if !whole {
                return settled(Verdict::Gone, places);
            }
            for place in places {
                let cell = view.at(*place);
                if cell.until < *until || cell.extensions > *extensions {
                    view.put(*place, Cell { until: *until, extensions: *extensions, ..cell });
                }
            }
            settled(Verdict::Done(places.len() as u32), places)
        }
        Wish::Sell { hold, places, fence, count, reach } => decide_sell(view, *hold, places, *fence, (*count, *reach)),
        Wish::Unsell { hold, places, wholly } => {
            let gone = |(place, cell): &(u32, Cell)| {
                cell.mark == Mark::Sold && (places.contains(place) || (*wholly && cell.hold == *hold))
            };
            let free: Vec<u32> = view.all().filter(gone).map(|(place, _)| place).collect();
            for place in &free {
                let cell = view.at(*place);
                view.put(*place, cell.freed());
            }
            settled(Verdict::Done(free.len() as u32), places)
        }
        Wish::Mark { places, sold } => {
            let due: Vec<u32> = places
                .iter()
                .filter(|(place, version)| {
                    let cell = view.at(*place);
                    cell.version == *version && (cell.mark == Mark::Sold) != *sold
                })
                .map(|(place, _)| *place)
                .collect();
            for place in &due {
                let cell = view.at(*place);
                view.put(*place, if *sold { cell.sold(None) } else { cell.freed() });
            }
            settled(Verdict::Done(due.len() as u32), &[])
        }
        Wish::Look { places } => settled(Verdict::Done(0), places),
        Wish::Touch { places } => {
            for place in places {
                let cell = view.at(*place);
                view.put(*place, cell);
            }
            settled(Verdict::Done(0), &[])
        }
        Wish::Sweep => {
            let over = view.those(|cell| cell.has_run_out(at));
            let mut holds: Vec<HoldId> = over.iter().filter_map(|place| view.at(*place).hold).collect();
            holds.sort_unstable();
            holds.dedup();
            for place in over {
                let cell = view.at(place);
                view.put(place, cell.freed());
            }
            settled(Verdict::Swept(holds), &[])
        }
    }
}

fn decide_take(view: &mut View<'_>, take: &Take, at: Moment) -> Decision {
    let lost = |verdict, rests_on| Decision { verdict, rests_on };
    let mine = |cell: &Cell| cell.is_held_by(take.hold);
    let replaced = |cell: &Cell| cell.mark == Mark::Held && cell.hold.is_some() && cell.hold == take.replaces;
    let can = |view: &View<'_>, place: u32| {
        let cell = view.at(place);
        mine(&cell) || (!view.is_blocked(place) && (cell.is_open_to(take.holder, at) || replaced(&cell)))
    };
    let others: Vec<u32> = take.places.iter().copied().filter(|place| !can(view, *place)).collect();
    if !others.is_empty() {
        return lost(Verdict::Others(others.clone()), others);
    }
    let mut places = take.places.clone();
    if take.any > 0 {
        // Of a tier that is smaller by now, what the replaced hold has beyond stays in its stead.
        let can = |view: &View<'_>, place: u32, cell: &Cell| can(view, place) || (replaced(cell) && !cell.is_open(at));
        // What is the hold's already comes first, so that a repeated call finds what it took before.
        let mut choice: Vec<(u8, u32)> = view
            .all()
            .filter(|(place, cell)| can(view, *place, cell) && !take.places.contains(place))
            .map(|(place, cell)| (if mine(&cell) { 0 } else { 1 + u8::from(!replaced(&cell)) }, place))
            .collect();
        choice.sort_unstable();
        if choice.len() < take.any as usize {
            let full = view.those(|cell| !cell.is_open(at));
            return lost(Verdict::Short, full);
        }
        places.extend(choice.into_iter().take(take.any as usize).map(|(_, place)| place));
        places.sort_unstable();
    }
    let cells: Vec<(u32, Cell)> = places.iter().map(|place| (*place, view.at(*place))).collect();
    if cells.iter().any(|(_, cell)| mine(cell) && at.now >= cell.until) {
        return lost(Verdict::Gone, places);
    }
    // What was taken under this id by another call is taken over: whoever stamped a place last answers for it.
    let stamped = |cell: &Cell| mine(cell) && cell.fence == take.fence;
    let highest = cells.iter().filter(|(_, cell)| !stamped(cell)).map(|(_, cell)| cell.fence).max();
    if let Some(fence) = highest.filter(|fence| *fence >= take.fence) {
        return lost(Verdict::Behind(fence), Vec::new());
    }
    let own: Vec<Cell> = cells.iter().map(|(_, cell)| *cell).filter(|cell| mine(cell)).collect();
    // A repeated call finds a hold as it is now, not as it was asked for.
    let until = own.iter().map(|cell| cell.until).min().unwrap_or(take.until);
    let extensions = own.iter().map(|cell| cell.extensions).min().unwrap_or(take.extensions);
    let wanted = Cell {
        version: 0,
        mark: Mark::Held,
        hold: Some(take.hold),
        holder: Some(take.holder),
        until,
        fence: take.fence,
        extensions,
    };
    for (place, cell) in &cells {
        if !(stamped(cell) && cell.until == until) {
            view.put(*place, wanted);
        }
    }
    Decision { verdict: Verdict::Taken { places: places.clone(), until, extensions }, rests_on: places }
}

fn decide_sell(
    view: &mut View<'_>,
    hold: Option<HoldId>,
    places: &[u32],
    fence: Fence,
    (count, reach): (u32, Reach),
) -> Decision {
    let own = |cell: &Cell| hold.is_some_and(|hold| cell.is_held_by(hold));
    // Held with a greater fence: by somebody who came after the word was sent, which may be old. Where it is true all
    // the same, the audit says it again, by the version of the place.
    let newer = |cell: &Cell| cell.mark == Mark::Held && !own(cell) && cell.fence > fence;
    for place in places {
        let cell = view.at(*place);
        if cell.mark != Mark::Sold && !newer(&cell) {
            view.put(*place, cell.sold(hold));
        }
    }
    let mut sold = view.those(|cell| cell.is_sold_by(hold)).len() as u32;
    for place in view.those(own) {
        // Two tries under one id may have taken standing places each: no more are sold than were bought.
        if places.is_empty() && sold >= count {
            break;
        }
        let cell = view.at(place);
        view.put(place, cell.sold(hold));
        sold += 1;
    }
    // PostgreSQL decides: what is free goes first, then what others only hold.
    let within = |cell: &Cell| match cell.mark {
        Mark::Free => reach != Reach::Own,
        Mark::Held => reach == Reach::Held,
        Mark::Sold | Mark::Blocked => false,
    };
    let mut more: Vec<(bool, Millis, u32)> = view
        .all()
        .filter(|(place, cell)| within(cell) && (cell.mark == Mark::Held || !view.is_blocked(*place)))
        .map(|(place, cell)| (cell.mark == Mark::Held, cell.until, place))
        .collect();
    more.sort_unstable();
    for (_, _, place) in more {
        if sold >= count {
            break;
        }
        let cell = view.at(place);
        view.put(place, cell.sold(hold));
        sold += 1;
    }
    Decision { verdict: Verdict::Done(sold), rests_on: places.to_vec() }
}
