//! What this process writes, told to the others over the bus, and what they tell merged into the mirror.
//!
//! A message is one letter for the form, the sender, then 82 bytes a row, all numbers little-endian: partition (uuid and
//! block), seat, version, state, hold, holder, end, fence, extensions. The greater version wins, so that order does not
//! matter; a message that is lost is mended by the next comparison.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use domain::hold::Fence;
use domain::ids::{EventId, HoldId, HolderId};
use domain::time::Millis;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::cell::{Cell, mark_of};
use super::engine::Engine;
use super::hall::{Hall, Seen};
use super::table::{BlockKey, Reading};
use crate::bus::{Bus, Heard};
use crate::holds::memory::lock;

const FORM: u8 = 1;
const ROW: usize = 82;
/// Rows in one message: below the 8,000 bytes that PostgreSQL notifies.
const ROWS: usize = 80;
/// Rows of an event that wait to be sent, at most; where there are more, the others are told to look again.
const WAITING: usize = 4_096;
/// Between attempts to read again after a gap, the first of them and later ones.
const READ_AGAIN: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(8)];

/// The channel of an event's changes.
pub(super) fn channel(event: EventId) -> String {
    format!("inventory:{event}")
}

type Row = (BlockKey, i32, Cell);

fn encode(sender: u64, rows: &[Row]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(9 + rows.len() * ROW);
    bytes.put_u8(FORM);
    bytes.put_u64_le(sender);
    let id = |id: Option<Uuid>| id.unwrap_or_default().into_bytes();
    for (key, seat, cell) in rows {
        bytes.put_slice(key.of.as_bytes());
        bytes.put_i32_le(key.block);
        bytes.put_i32_le(*seat);
        bytes.put_i64_le(cell.version);
        bytes.put_i8(cell.state());
        bytes.put_slice(&id(cell.hold.map(|hold| hold.0)));
        bytes.put_slice(&id(cell.holder.map(|holder| holder.0)));
        bytes.put_i64_le(cell.until.0);
        bytes.put_i64_le(cell.fence.0);
        bytes.put_u8(cell.extensions);
    }
    bytes.freeze()
}

fn decode(mut bytes: Bytes) -> Option<(u64, Vec<Row>)> {
    if bytes.len() < 9 || !(bytes.len() - 9).is_multiple_of(ROW) || bytes.get_u8() != FORM {
        return None;
    }
    let sender = bytes.get_u64_le();
    let mut rows = Vec::with_capacity(bytes.len() / ROW);
    while bytes.has_remaining() {
        let mut id = || {
            let id = Uuid::from_u128(bytes.get_u128());
            (!id.is_nil()).then_some(id)
        };
        let of = id()?;
        let (block, seat, version) = (bytes.get_i32_le(), bytes.get_i32_le(), bytes.get_i64_le());
        let mark = mark_of(bytes.get_i8()).ok()?;
        let mut id = || {
            let id = Uuid::from_u128(bytes.get_u128());
            (!id.is_nil()).then_some(id)
        };
        let (hold, holder) = (id().map(HoldId), id().map(HolderId));
        let (until, fence, extensions) = (Millis(bytes.get_i64_le()), Fence(bytes.get_i64_le()), bytes.get_u8());
        rows.push((BlockKey { of, block }, seat, Cell { version, mark, hold, holder, until, fence, extensions }));
    }
    Some((sender, rows))
}

/// What is to be told of an event.
enum Due {
    Rows(Vec<Row>),
    /// More than can wait.
    LookAgain,
}

#[derive(Default)]
struct Post {
    due: HashMap<EventId, Due>,
    turns: VecDeque<EventId>,
    working: bool,
}

/// Sends what this process wrote.
#[derive(Clone)]
pub(super) struct Outbox {
    bus: Option<Arc<dyn Bus>>,
    sender: u64,
    post: Arc<Mutex<Post>>,
}

impl Outbox {
    /// Sends over `bus`, or to nobody.
    pub(super) fn new(bus: Option<Arc<dyn Bus>>) -> Self {
        // Any number that no other process has.
        Self { bus, sender: RandomState::new().hash_one(0), post: Arc::default() }
    }

    /// Tells the others of rows that were written. Never waits.
    pub(super) fn tell(&self, event: EventId, key: BlockKey, rows: &[(i32, Cell)]) {
        let Some(bus) = &self.bus else { return };
        let mut post = lock(&self.post);
        let told = rows.iter().map(|(seat, cell)| (key, *seat, *cell));
        match post.due.entry(event) {
            Entry::Vacant(nothing) => {
                nothing.insert(Due::Rows(told.collect()));
                post.turns.push_back(event);
            }
            Entry::Occupied(mut due) => match due.get_mut() {
                Due::Rows(waiting) if waiting.len() + rows.len() <= WAITING => waiting.extend(told),
                due => *due = Due::LookAgain,
            },
        }
        if !std::mem::replace(&mut post.working, true) {
            tokio::spawn(send(Arc::clone(bus), self.sender, Arc::clone(&self.post)));
        }
    }
}

/// Should the sending ever panic, the next news start it anew.
struct Shift(Arc<Mutex<Post>>);

impl Drop for Shift {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0).working = false;
        }
    }
}

async fn send(bus: Arc<dyn Bus>, sender: u64, post: Arc<Mutex<Post>>) {
    let _shift = Shift(Arc::clone(&post));
    loop {
        let next = {
            let mut post = lock(&post);
            let next = post.turns.pop_front().and_then(|event| Some((event, post.due.remove(&event)?)));
            post.working = next.is_some();
            next
        };
        let Some((event, due)) = next else { return };
        let messages: Vec<Bytes> = match due {
            Due::Rows(rows) => rows.chunks(ROWS).map(|rows| encode(sender, rows)).collect(),
            // No rows: there was more than can be told. Whoever says so has it all.
            Due::LookAgain => vec![encode(sender, &[])],
        };
        for message in messages {
            if let Err(trouble) = bus.publish(&channel(event), message).await {
                // The others hear a gap, or find out by comparing.
                tracing::debug!(%trouble, "news of holds did not leave");
            }
        }
    }
}

/// Listens to the others' news of an event until the hall is let go of, also where its opening failed. Begins before the
/// first reading, so that nothing falls between.
pub(super) async fn listen(engine: &Arc<Engine>, hall: &Arc<Hall>) {
    let Some(bus) = engine.outbox.bus.clone() else { return };
    let mut news = bus.subscribe(&channel(hall.event)).await;
    let (engine, known): (_, Weak<Hall>) = (Arc::clone(engine), Arc::downgrade(hall));
    let gone = hall.gone();
    tokio::spawn(async move {
        // When what was missed is to be read again, and the pause before that.
        let mut again: Option<(Instant, Duration)> = None;
        // Before that nothing is read once more, however many lose news.
        let mut rest = Instant::now();
        loop {
            let due = again.map_or_else(Instant::now, |(at, _)| at);
            let heard = tokio::select! {
                heard = news.next() => heard,
                () = sleep_until(due), if again.is_some() => Heard::Gap,
                () = gone.cancelled() => return,
            };
            let Some(hall) = known.upgrade() else { return };
            let missed = match heard {
                Heard::Message(bytes) => hear(&engine, &hall, bytes),
                Heard::Gap => true,
            };
            if !missed {
                continue;
            }
            if Instant::now() < rest {
                again = again.or(Some((rest, READ_AGAIN[0])));
                continue;
            }
            let read = super::load::read_all(&engine, &hall, Reading::Plain).await;
            rest = Instant::now() + READ_AGAIN[0];
            again = read.err().map(|trouble| {
                tracing::warn!(%trouble, "holds could not be read again after a gap in the news");
                let pause = again.map_or(READ_AGAIN[0], |(_, pause)| (pause * 2).min(READ_AGAIN[1]));
                (Instant::now() + pause, pause)
            });
        }
    });
}

/// Takes over what another process told; true where it had more to tell than it could.
fn hear(engine: &Engine, hall: &Hall, bytes: Bytes) -> bool {
    let Some((sender, rows)) = decode(bytes) else {
        tracing::warn!("news of holds in a form that is not known here");
        return false;
    };
    if sender == engine.outbox.sender {
        return false;
    }
    if rows.is_empty() {
        return true;
    }
    let tick = engine.tick();
    for (key, seat, cell) in rows {
        engine.seen_fence(cell.fence);
        if let Some(block) = hall.block_of(key) {
            hall.merge(block, &[(seat, cell)], Seen::Heard(tick));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::memory::MemoryBus;

    #[test]
    fn news_come_back_as_they_were_sent_and_nothing_else_is_news() {
        let key = BlockKey { of: Uuid::from_u128(7), block: -3 };
        let cell = Cell {
            version: 9,
            mark: super::super::cell::Mark::Held,
            hold: Some(HoldId(Uuid::from_u128(1))),
            holder: Some(HolderId(Uuid::from_u128(2))),
            until: Millis(-5),
            fence: Fence(i64::MAX),
            extensions: 1,
        };
        let rows = vec![(key, 4, cell), (key, 5, cell.freed())];
        let bytes = encode(11, &rows);
        assert_eq!(decode(bytes.clone()), Some((11, rows)));
        assert_eq!(decode(bytes.slice(..bytes.len() - 1)), None);
        assert_eq!(decode(Bytes::from_static(b"\x02another form")), None);
        assert_eq!(decode(Bytes::new()), None);
    }

    #[tokio::test]
    async fn more_news_than_can_wait_are_told_as_a_gap() {
        let event = EventId(Uuid::from_u128(1));
        let bus = Arc::new(MemoryBus::default());
        let outbox = Outbox::new(Some(Arc::clone(&bus) as Arc<dyn Bus>));
        let mut news = bus.subscribe(&channel(event)).await;
        let (key, rows) = (BlockKey { of: event.0, block: 0 }, [(1, Cell::default()); ROWS]);
        // Nothing leaves while this test does not wait.
        for _ in 0..=WAITING / ROWS {
            outbox.tell(event, key, &rows);
        }
        for (told, why) in [(0, "what cannot wait is not told in silence"), (2, "and once")] {
            let Heard::Message(bytes) = news.next().await else { panic!("a gap of the bus") };
            assert_eq!(decode(bytes).map(|(_, rows)| rows.len()), Some(told), "{why}");
            if told == 0 {
                outbox.tell(event, key, &rows[..2]);
            }
        }
        for _ in 0..WAITING / ROWS {
            outbox.tell(event, key, &rows);
        }
        for _ in 0..WAITING / ROWS {
            assert!(matches!(news.next().await, Heard::Message(_)), "what can wait is told row by row");
        }
    }

    /// Panics once.
    struct Fragile(MemoryBus, std::sync::atomic::AtomicBool);

    #[async_trait::async_trait]
    impl Bus for Fragile {
        async fn publish(&self, channel: &str, message: Bytes) -> Result<(), crate::trouble::Trouble> {
            assert!(self.1.swap(true, std::sync::atomic::Ordering::Relaxed), "it breaks the first time");
            self.0.publish(channel, message).await
        }

        async fn subscribe(&self, channel: &str) -> crate::bus::Subscription {
            self.0.subscribe(channel).await
        }

        fn is_up(&self) -> bool {
            true
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_broke_begins_anew_with_the_next_news() {
        let event = EventId(Uuid::from_u128(1));
        let bus = Arc::new(Fragile(MemoryBus::default(), Default::default()));
        let outbox = Outbox::new(Some(Arc::clone(&bus) as Arc<dyn Bus>));
        let mut news = bus.subscribe(&channel(event)).await;
        let key = BlockKey { of: event.0, block: 0 };
        for seat in [1, 2] {
            outbox.tell(event, key, &[(seat, Cell::default())]);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let heard = tokio::time::timeout(Duration::from_secs(1), news.next()).await;
        let Ok(Heard::Message(bytes)) = heard else { panic!("{heard:?}") };
        assert_eq!(decode(bytes).map(|(_, rows)| rows[0].1), Some(2));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_the_reader_of_news(mut bytes: Vec<u8>, rows in 0_usize..3) {
            let _ = decode(Bytes::from(bytes.clone()));
            bytes.resize(9 + rows * ROW, 1);
            bytes[0] = FORM;
            if let Some((sender, rows)) = decode(Bytes::from(bytes.clone())) {
                proptest::prop_assert_eq!(decode(encode(sender, &rows)), Some((sender, rows)));
            }
        }
    }
}
