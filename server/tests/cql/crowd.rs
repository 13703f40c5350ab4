//! A crowd after the same few seats: every client holds, asks, extends, gives back or forgets, at random from a seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{EventId, HoldId, HolderId};
use domain::seat::SeatId;
use domain::time::Millis;
use parterre::clock::{Clock, SystemClock, random};
use parterre::holds::cql::GRACE;
use parterre::holds::store::{Grant, Layout, Loss, Outcome};
use parterre::holds::{HoldStore, Sold};
use parterre::stores::cql::Cql;
use parterre::test_support::linear::seat::What;
use parterre::trouble::Trouble;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::record::Record;

/// A process may refuse what it saw taken this long ago (`Tuning::trust`), in microseconds. A refusal is right if it
/// was true at some moment since then; a grant has no such excuse.
const TRUST: u64 = 1_000_000;
/// An outcome that was told as unknown is to be known this much later; a call that begins by then finds it out.
pub(crate) const KNOWN_WITHIN: Duration = Duration::from_secs(5);
/// Whoever is told for so long that the store cannot be reached, and never that anything is unknown, goes away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whoever is refused looks at other seats before they ask again.
const AGAIN: Duration = Duration::from_millis(10);

/// The hall: so many seats, in blocks of so many.
pub(crate) struct Hall {
    pub(crate) event: EventId,
    pub(crate) seats: u32,
    pub(crate) block: u32,
    /// How long a hold lasts that is to be forgotten.
    pub(crate) short: i64,
    /// Held by one process that says of each moment what is so at that moment: no refusal has an excuse.
    pub(crate) exact: bool,
}

/// What a crowd came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Tries for a hold, or for another in its stead.
    pub(crate) asked: u32,
    pub(crate) granted: u32,
    pub(crate) lost: u32,
    /// Surely not done, as the store did not answer.
    pub(crate) unavailable: u32,
    /// Told as unknown, and found out by asking again.
    pub(crate) unknown: u32,
    /// Never found out while the crowd asked.
    pub(crate) open: u32,
    /// Between the first word that an outcome is unknown and the one that told it: the longest time.
    pub(crate) longest: Duration,
}

impl Tally {
    /// A row of the table that `./bench soak` writes.
    pub(crate) fn row(&self, name: &str) -> String {
        let Self { asked, granted, lost, unavailable, unknown, open, longest } = self;
        let longest = longest.as_secs_f64();
        format!("| {name} | {asked} | {granted} | {lost} | {unavailable} | {unknown} | {open} | {longest:.1} |")
    }
}

impl Hall {
    pub(crate) fn new(seats: u32, block: u32) -> Self {
        let clock = SystemClock;
        Self { event: EventId::mint(clock.now(), random(&clock)), seats, block, short: 2_500, exact: false }
    }

    /// Opens the event in a store.
    pub(crate) async fn open(&self, store: &dyn HoldStore) {
        let mut told = self.try_to_open(store).await;
        for _ in 0..20 {
            if !told.as_ref().is_err_and(Trouble::retryable) {
                break;
            }
            sleep(Duration::from_millis(500)).await;
            told = self.try_to_open(store).await;
        }
        told.expect("the event opens");
    }

    async fn try_to_open(&self, store: &dyn HoldStore) -> Result<(), Trouble> {
        let blocks = (0..self.seats).map(|seat| seat / self.block).collect();
        store.open(self.event, Layout { blocks, ..Layout::default() }).await?;
        store.load_sold(self.event, Sold::default()).await
    }

    /// Adds to the record what stands in the rows themselves, read past every store and proxy.
    pub(crate) async fn look(&self, cql: &Cql, record: &Record) {
        let text =
            "SELECT seat_id, state, hold_id, expires_at FROM inventory_by_event WHERE event_id = ? AND block = ?";
        let read = cql.decide(text).await.expect("the table is there");
        let mut found: BTreeMap<i32, (i8, Option<Uuid>, i64)> = BTreeMap::new();
        let (from, now) = (record.moment(), record.now());
        for block in 0..self.seats.div_ceil(self.block) as i32 {
            let ask = async || cql.session().execute_unpaged(&read, (self.event.0, block)).await;
            let mut rows = ask().await;
            // A node without a processor to spare tells its own time-out, however patient its client is.
            for _ in 0..10 {
                if rows.is_ok() {
                    break;
                }
                sleep(Duration::from_secs(1)).await;
                rows = ask().await;
            }
            let rows = rows.expect("the rows are read").into_rows_result().expect("there are rows");
            for row in rows.rows::<(i32, i8, Option<Uuid>, Option<i64>)>().expect("the columns fit") {
                let (seat, state, hold, until) = row.expect("the row fits");
                found.insert(seat, (state, hold, until.unwrap_or(0)));
            }
        }
        let to = Some(record.moment());
        for (seat, (state, hold, until)) in found {
            if let (1, Some(hold)) = (state, hold)
                && now.0 < until
            {
                record.add(SeatId(seat as u32), HoldId(hold), now, from, to, What::Stands(true));
            }
        }
    }
}

/// A client's random choices: SplitMix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % u64::from(sides)) as u32
    }
}

/// A client of one store.
pub(crate) struct Client {
    pub(crate) store: Arc<dyn HoldStore>,
    pub(crate) hall: Arc<Hall>,
    pub(crate) record: Arc<Record>,
    pub(crate) dice: Dice,
}

impl Client {
    /// Tries to hold `rounds` times, or until it is told to stop.
    pub(crate) async fn run(mut self, rounds: usize, stop: CancellationToken) -> Tally {
        let mut tally = Tally::default();
        for _ in 0..rounds {
            if stop.is_cancelled() {
                break;
            }
            tally.asked += 1;
            self.round(&mut tally).await;
        }
        tally
    }

    /// Up to four seats, any of the hall's.
    fn seats(&mut self) -> Vec<SeatId> {
        let mut seats: Vec<SeatId> = (0..=self.dice.roll(3)).map(|_| SeatId(self.dice.roll(self.hall.seats))).collect();
        seats.sort_unstable();
        seats.dedup();
        seats
    }

    async fn round(&mut self, tally: &mut Tally) {
        let forgets = self.dice.roll(6) == 0;
        let (seats, now) = (self.seats(), self.record.now());
        let until = now.plus(if forgets { self.hall.short } else { 3_600_000 });
        let mut grant = Grant {
            // By the story's clock: an id is as young as its call, as buyers' are.
            id: HoldId::mint(now, random(&SystemClock)),
            event: self.hall.event,
            holder: HolderId::mint(now, random(&SystemClock)),
            seats,
            standing: Vec::new(),
            lines: Vec::new(),
            expires_at: until,
            extensions: 1,
            replaces: None,
            max_holds: 4,
        };
        let is_granted = self.place(&grant, now, tally).await;
        if !is_granted && !self.hall.exact {
            // What is known to be gone is refused in no time: nobody asks as fast.
            sleep(AGAIN).await;
        }
        if !is_granted || forgets {
            return;
        }
        if self.dice.roll(3) == 0 {
            let Some(stands) = self.change(grant, tally).await else { return };
            grant = stands;
        }
        if self.dice.roll(2) == 0 {
            self.verify(&grant).await;
        }
        if self.dice.roll(4) == 0 {
            self.extend(&grant, until).await;
        }
        self.release(&grant).await;
    }

    /// Asks for other seats in the stead of a hold's, some of which may be among them. The hold that stands afterwards;
    /// none where that was never found out.
    async fn change(&mut self, old: Grant, tally: &mut Tally) -> Option<Grant> {
        tally.asked += 1;
        let (from, now, open) = (self.record.moment(), self.record.now(), tally.open);
        let id = HoldId::mint(now, random(&SystemClock));
        let grant = Grant { id, seats: self.seats(), replaces: Some(old.id), ..old.clone() };
        let is_granted = self.place(&grant, now, tally).await;
        if !is_granted && tally.open == open {
            return Some(old);
        }
        // Given back at a moment of the call; or maybe, and maybe later, where nobody knows what came of it.
        let to = is_granted.then(|| self.record.moment());
        for seat in &old.seats {
            self.record.add(*seat, old.id, now, from, to, What::Released);
        }
        is_granted.then_some(grant)
    }

    /// Asks until it is known; whether the hold stands.
    async fn place(&mut self, grant: &Grant, mut now: Millis, tally: &mut Tally) -> bool {
        let from = self.record.moment();
        // Since when it is told as unknown.
        let mut unknown: Option<Instant> = None;
        let begun = Instant::now();
        let told = |now, to, what: fn(Millis) -> What| {
            for seat in &grant.seats {
                self.record.add(*seat, grant.id, now, from, to, what(grant.expires_at));
            }
        };
        loop {
            let answer = self.store.place(grant, now).await;
            let doubtful = unknown.is_some();
            if let (Some(since), Outcome::Applied(_) | Outcome::Lost(_)) = (unknown, &answer) {
                tally.longest = tally.longest.max(since.elapsed());
            }
            match answer {
                Outcome::Applied(hold) => {
                    assert_eq!((hold.id, &hold.seats), (grant.id, &grant.seats), "granted is what was asked for");
                    if doubtful {
                        // What an earlier try took may have been put back before this one took it again.
                        self.tried(grant, now, from, true);
                    }
                    told(now, Some(self.record.moment()), What::Placed);
                    tally.granted += 1;
                    tally.unknown += u32::from(doubtful);
                    return true;
                }
                Outcome::Lost(Loss::Taken { seats, .. }) => {
                    let to = Some(self.record.moment());
                    // The judge forgives a refusal whose reason ended a second ago: so much later it is not forgiven.
                    let (from, now) =
                        if self.hall.exact { (from, now.plus(GRACE)) } else { (from.saturating_sub(TRUST), now) };
                    for seat in seats {
                        self.record.add(seat, grant.id, now, from, to, What::Refused);
                    }
                    self.tried(grant, now, from, doubtful);
                    tally.lost += 1;
                    tally.unknown += u32::from(doubtful);
                    return false;
                }
                // Too many wait, or what an earlier try took ran out meanwhile: either way nothing is held.
                Outcome::Lost(_) => {
                    self.tried(grant, now, from, doubtful);
                    tally.lost += 1;
                    return false;
                }
                Outcome::Unknown(trouble) => {
                    if matches!(trouble, Trouble::Unconfirmed { .. }) {
                        unknown.get_or_insert_with(Instant::now);
                    }
                    let is_over = |since: Instant| since.elapsed() > KNOWN_WITHIN;
                    if unknown.map_or(begun.elapsed() > PATIENCE, is_over) {
                        println!("{} is left at {:?}: {trouble}", grant.id, begun.elapsed());
                        if unknown.is_some() {
                            told(now, None, What::Placed);
                            told(now, None, |_| What::Released);
                            tally.open += 1;
                        } else {
                            self.tried(grant, now, from, false);
                            tally.unavailable += 1;
                        }
                        return false;
                    }
                    sleep(Duration::from_millis(100)).await;
                    // Whoever asks again does so by the clock of then.
                    now = self.record.now();
                }
            }
        }
    }

    /// Seats of several blocks are taken one block after the other, and given back where a later one is refused; and
    /// what was told as unknown may have been taken until it was put back. Who asks in between is refused for it.
    fn tried(&self, grant: &Grant, now: Millis, from: u64, doubtful: bool) {
        let block = |seat: &SeatId| seat.0 / self.hall.block;
        if !self.hall.exact && (doubtful || grant.seats.first().map(block) != grant.seats.last().map(block)) {
            let to = self.record.moment();
            grant.seats.iter().for_each(|seat| self.record.tried(*seat, grant.id, now, from, to, grant.expires_at));
        }
    }

    async fn verify(&mut self, grant: &Grant) {
        let (from, now) = (self.record.moment(), self.record.now());
        if let Ok(found) = self.store.verify(grant.id, grant.holder, now).await {
            let to = Some(self.record.moment());
            for seat in &grant.seats {
                self.record.add(*seat, grant.id, now, from, to, What::Stands(found.is_some()));
            }
        }
    }

    async fn extend(&mut self, grant: &Grant, until: Millis) {
        let (from, now) = (self.record.moment(), self.record.now());
        let (to, end) = match self.store.extend(grant.id, grant.holder, 60_000, now).await {
            Outcome::Applied(hold) => (Some(self.record.moment()), hold.expires_at),
            // Refused would mean that the hold is gone, which nobody could explain: the record says so.
            Outcome::Lost(Loss::Busy) => return,
            Outcome::Lost(_) => {
                let to = Some(self.record.moment());
                let seats = grant.seats.iter();
                seats.for_each(|seat| self.record.add(*seat, grant.id, now, from, to, What::Stands(false)));
                return;
            }
            Outcome::Unknown(_) => (None, until.plus(60_000)),
        };
        for seat in &grant.seats {
            self.record.add(*seat, grant.id, now, from, to, What::Extended(end));
        }
    }

    async fn release(&mut self, grant: &Grant) {
        let (from, now) = (self.record.moment(), self.record.now());
        let mut to = None;
        for _ in 0..40 {
            match self.store.release(grant.id, grant.holder, now).await {
                Outcome::Applied(_) => {
                    to = Some(self.record.moment());
                    break;
                }
                Outcome::Lost(_) | Outcome::Unknown(_) => sleep(Duration::from_millis(100)).await,
            }
        }
        for seat in &grant.seats {
            self.record.add(*seat, grant.id, now, from, to, What::Released);
        }
    }
}

/// Runs clients side by side, in turn on each of the stores.
pub(crate) async fn run(
    stores: &[Arc<dyn HoldStore>],
    hall: &Arc<Hall>,
    record: &Arc<Record>,
    clients: usize,
    rounds: usize,
    stop: &CancellationToken,
) -> Tally {
    let running = (0..clients).map(|number| {
        let store = Arc::clone(&stores[number % stores.len()]);
        let (hall, record) = (Arc::clone(hall), Arc::clone(record));
        let dice = Dice(number as u64 * 7_919);
        tokio::spawn(Client { store, hall, record, dice }.run(rounds, stop.clone()))
    });
    let mut total = Tally::default();
    for tally in futures::future::join_all(running).await {
        let tally = tally.expect("a client reaches its end");
        total.asked += tally.asked;
        total.granted += tally.granted;
        total.lost += tally.lost;
        total.unavailable += tally.unavailable;
        total.unknown += tally.unknown;
        total.open += tally.open;
        total.longest = total.longest.max(tally.longest);
    }
    total
}
