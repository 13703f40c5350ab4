//! The tables in memory, for tests: linearizable like a cluster, and failing like one.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{HoldId, HolderId};
use domain::time::Millis;

use super::cell::Cell;
use super::table::{BlockKey, Change, Load, Note, Reading, Record, Table, Written};
use crate::holds::memory::lock;
use crate::trouble::Trouble;

/// What one request of notes carries here.
pub(super) const LOAD: Load = Load { notes: 8, bytes: 4 * 1024 };

/// What goes wrong with one write in so many; 0 for never.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    /// It is applied and the answer is lost.
    pub(super) answer_lost: u64,
    /// It is dropped and the answer is lost.
    pub(super) dropped: u64,
    /// It is applied some milliseconds after the answer was lost, if its versions still fit.
    pub(super) late: u64,
    /// It is refused before it began.
    pub(super) refused: u64,
    /// A read fails.
    pub(super) unread: u64,
    /// A record's write fails after it was done.
    pub(super) unnoted: u64,
    /// Records cannot be written.
    pub(super) refused_notes: bool,
    /// How long each request takes.
    pub(super) takes: Duration,
}

/// What becomes of one write, told beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It works.
    Works,
    /// Its answer is lost and it lies about until [`FakeTable::deliver`].
    Late,
    /// It works and its answer is lost: nobody has told the nodes yet that it is decided.
    Unheard,
    /// Its answer is lost, and it never arrives.
    Never,
    /// It is refused before it begins.
    Refused,
}

#[derive(Debug, Default)]
struct Rows {
    cells: HashMap<BlockKey, BTreeMap<i32, Cell>>,
    records: HashMap<HoldId, Record>,
    stamps: HashMap<HoldId, i64>,
    writes: u64,
    late: Vec<(BlockKey, Vec<Change>)>,
    /// By row, what stood there before a write whose answer was lost: until a read that decides, or another write of the
    /// block, has seen to it, whoever reads plainly sees that.
    undecided: HashMap<BlockKey, BTreeMap<i32, Option<Cell>>>,
}

/// A cluster. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct FakeTable {
    rows: Arc<Mutex<Rows>>,
    faults: Arc<Mutex<Faults>>,
    fates: Arc<Mutex<(VecDeque<Fate>, Option<Fate>)>>,
    turn: Arc<AtomicU64>,
    stalls: Arc<AtomicU64>,
    silence: Arc<Mutex<Option<u64>>>,
    reads: Arc<UnderWay>,
    writes: Arc<Mutex<HashMap<BlockKey, Arc<UnderWay>>>>,
    sent: Arc<Mutex<Vec<(BlockKey, usize)>>>,
    noted: Arc<Mutex<Vec<usize>>>,
}

/// Requests under way, now and at most.
#[derive(Debug, Default)]
struct UnderWay {
    now: AtomicU64,
    most: AtomicU64,
}

impl UnderWay {
    fn begins(&self) -> Under<'_> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Under(self)
    }
}

impl FakeTable {
    /// From now on this goes wrong, for everybody who sees the cluster through this handle or its clones.
    pub(super) fn fail(&self, faults: Faults) {
        *lock(&self.faults) = faults;
    }

    /// The next writes go so, and all after them like `rest`.
    pub(super) fn fate(&self, next: &[Fate], rest: Option<Fate>) {
        *lock(&self.fates) = (next.iter().copied().collect(), rest);
    }

    /// So many of the next reads are never answered.
    pub(super) fn stall(&self, reads: u64) {
        self.stalls.store(reads, Ordering::SeqCst);
    }

    /// So many requests are answered yet; all after them never are, until it is told otherwise.
    pub(super) fn falls_silent(&self, after: Option<u64>) {
        *lock(&self.silence) = after;
    }

    /// How many reads were under way at a time, at most.
    pub(super) fn reads_at_a_time(&self) -> u64 {
        self.reads.most.load(Ordering::SeqCst)
    }

    /// How many writes of one block were under way at a time, at most: seen through this handle and its clones.
    pub(super) fn writes_at_a_time(&self) -> u64 {
        lock(&self.writes).values().map(|block| block.most.load(Ordering::SeqCst)).max().unwrap_or_default()
    }

    /// How many rows each write had that was sent through this handle or its clones.
    pub(super) fn rows_sent(&self) -> Vec<usize> {
        lock(&self.sent).iter().map(|(_, rows)| *rows).collect()
    }

    /// Of which block each of them was.
    pub(super) fn blocks_sent(&self) -> Vec<BlockKey> {
        lock(&self.sent).iter().map(|(block, _)| *block).collect()
    }

    /// How many notes went together each time.
    pub(super) fn notes_sent(&self) -> Vec<usize> {
        lock(&self.noted).clone()
    }

    /// Late writes arrive; answers how many happened.
    pub(super) fn deliver(&self) -> usize {
        let late = std::mem::take(&mut lock(&self.rows).late);
        late.iter().filter(|(key, changes)| Self::apply(&self.rows, *key, changes) == Written::Applied).count()
    }

    /// The same cluster seen without faults, as another process sees it.
    pub(super) fn sound(&self) -> Self {
        let (faults, fates, writes, sent) = Default::default();
        Self { faults, fates, writes, sent, ..self.clone() }
    }

    fn faults(&self) -> Faults {
        *lock(&self.faults)
    }

    /// Everything is gone, as after the loss of the keyspace.
    pub(super) fn lose(&self) {
        let mut rows = lock(&self.rows);
        (rows.cells, rows.records) = Default::default();
    }

    /// Puts a cell there, as a tool would, past every condition.
    pub(super) fn force(&self, key: BlockKey, seat: i32, cell: Cell) {
        lock(&self.rows).cells.entry(key).or_default().insert(seat, cell);
    }

    /// Every cell there is.
    pub(super) fn cells(&self) -> Vec<(BlockKey, i32, Cell)> {
        let rows = lock(&self.rows);
        let all = rows.cells.iter().flat_map(|(key, cells)| cells.iter().map(|(seat, cell)| (*key, *seat, *cell)));
        all.collect()
    }

    /// A spread of turns that repeats with the calls, not with time.
    fn strikes(&self, one_in: u64) -> bool {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        one_in > 0 && (turn >> 32).is_multiple_of(one_in)
    }

    async fn take_time(&self) {
        let is_silent = lock(&self.silence).as_mut().is_some_and(|left| match left.checked_sub(1) {
            Some(less) => {
                *left = less;
                false
            }
            None => true,
        });
        if is_silent {
            std::future::pending::<()>().await;
        }
        if self.faults().takes.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(self.faults().takes).await;
        }
    }

    fn apply(rows: &Mutex<Rows>, key: BlockKey, changes: &[Change]) -> Written {
        let mut rows = lock(rows);
        rows.writes += 1;
        rows.undecided.remove(&key);
        let cells = rows.cells.entry(key).or_default();
        let version = |cells: &BTreeMap<i32, Cell>, seat| cells.get(&seat).map_or(0, |cell| cell.version);
        if changes.iter().any(|change| version(cells, change.seat) != change.was) {
            // Cassandra's shape: not the whole rows.
            return Written::Lost(Vec::new());
        }
        for change in changes {
            assert!(change.cell.version > change.was, "a version grows");
            let before = cells.insert(change.seat, change.cell);
            assert!(before.is_none_or(|before| before.fence <= change.cell.fence), "a row's fence never falls");
        }
        Written::Applied
    }

    /// As [`FakeTable::apply`], by a coordinator that nobody hears of any more.
    fn apply_unheard(rows: &Mutex<Rows>, key: BlockKey, changes: &[Change]) -> Written {
        let before: Vec<(i32, Option<Cell>)> = {
            let rows = lock(rows);
            let cells = rows.cells.get(&key);
            changes
                .iter()
                .map(|change| (change.seat, cells.and_then(|cells| cells.get(&change.seat)).copied()))
                .collect()
        };
        if Self::apply(rows, key, changes) == Written::Applied {
            lock(rows).undecided.insert(key, before.into_iter().collect());
        }
        Written::Unknown(lost())
    }
}

struct Under<'a>(&'a UnderWay);

impl Drop for Under<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// As a cluster settles two writes with one stamp.
fn column_by_column(one: Record, other: Record) -> Record {
    Record {
        until: one.until.max(other.until),
        extensions: one.extensions.max(other.extensions),
        fence: one.fence.max(other.fence),
        contents: one.contents.max(other.contents),
        ..one
    }
}

fn lost() -> Trouble {
    Trouble::Unconfirmed { what: "CQL", detail: "timeout".to_owned() }
}

fn refused() -> Trouble {
    Trouble::Unavailable { what: "CQL", detail: "refused".to_owned() }
}

#[async_trait]
impl Table for FakeTable {
    async fn read(&self, key: BlockKey, seats: &[i32], how: Reading) -> Result<Vec<(i32, Cell)>, Trouble> {
        let stalls = |left: u64| left.checked_sub(1);
        if self.stalls.fetch_update(Ordering::SeqCst, Ordering::SeqCst, stalls).is_ok() {
            std::future::pending::<()>().await;
        }
        let _under_way = self.reads.begins();
        self.take_time().await;
        if self.strikes(self.faults().unread) {
            return Err(refused());
        }
        let mut rows = lock(&self.rows);
        if how == Reading::Deciding {
            rows.undecided.remove(&key);
        }
        let undecided = rows.undecided.get(&key);
        let seen = |(seat, cell): (&i32, &Cell)| match undecided.and_then(|before| before.get(seat)) {
            Some(before) => before.map(|before| (*seat, before)),
            None => Some((*seat, *cell)),
        };
        let cells = rows.cells.get(&key).into_iter().flatten();
        Ok(cells.filter(|(seat, _)| seats.is_empty() || seats.contains(seat)).filter_map(seen).collect())
    }

    async fn write(&self, key: BlockKey, changes: &[Change]) -> Written {
        let block = Arc::clone(lock(&self.writes).entry(key).or_default());
        let _under_way = block.begins();
        lock(&self.sent).push((key, changes.len()));
        self.take_time().await;
        let fate = {
            let mut fates = lock(&self.fates);
            fates.0.pop_front().or(fates.1)
        };
        match fate {
            Some(Fate::Late) => {
                lock(&self.rows).late.push((key, changes.to_vec()));
                return Written::Unknown(lost());
            }
            Some(Fate::Unheard) => return Self::apply_unheard(&self.rows, key, changes),
            Some(Fate::Refused) => return Written::NotDone(refused()),
            Some(Fate::Never) => return Written::Unknown(lost()),
            Some(Fate::Works) => return Self::apply(&self.rows, key, changes),
            None => {}
        }
        if self.strikes(self.faults().refused) {
            return Written::NotDone(refused());
        }
        if self.strikes(self.faults().dropped) {
            return Written::Unknown(lost());
        }
        if self.strikes(self.faults().late) {
            let (rows, changes) = (Arc::clone(&self.rows), changes.to_vec());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(3)).await;
                Self::apply(&rows, key, &changes);
            });
            return Written::Unknown(lost());
        }
        if self.strikes(self.faults().answer_lost) {
            return Self::apply_unheard(&self.rows, key, changes);
        }
        Self::apply(&self.rows, key, changes)
    }

    fn load(&self) -> Load {
        LOAD
    }

    async fn note(&self, notes: &[Note]) -> Result<(), Trouble> {
        lock(&self.noted).push(notes.len());
        self.take_time().await;
        if self.faults().refused_notes {
            return Err(refused());
        }
        let mut rows = lock(&self.rows);
        for note in notes {
            let (hold, kept) = match note {
                Note::Keep(record) => (record.hold, Some(record.clone())),
                Note::Forget(hold, ..) => (*hold, None),
            };
            let known = rows.stamps.entry(hold).or_insert(i64::MIN);
            if note.stamp() < *known {
                continue;
            }
            let ties = note.stamp() == *known;
            *known = note.stamp();
            match (kept, rows.records.remove(&hold).filter(|_| ties)) {
                (Some(record), Some(other)) => drop(rows.records.insert(hold, column_by_column(record, other))),
                (Some(record), None) => drop(rows.records.insert(hold, record)),
                (None, _) => {}
            }
        }
        if self.strikes(self.faults().unnoted) { Err(lost()) } else { Ok(()) }
    }

    async fn record(&self, hold: HoldId, holder: HolderId) -> Result<Option<Record>, Trouble> {
        self.take_time().await;
        Ok(lock(&self.rows).records.get(&hold).filter(|record| record.holder == holder).cloned())
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }

    async fn renew(&self) -> Result<(), Trouble> {
        *lock(&self.fates) = Default::default();
        Ok(())
    }

    async fn records_of(&self, holder: HolderId) -> Result<Vec<(HoldId, Millis)>, Trouble> {
        self.take_time().await;
        let rows = lock(&self.rows);
        let mine = rows.records.values().filter(|record| record.holder == holder);
        Ok(mine.map(|record| (record.hold, record.until)).collect())
    }
}
