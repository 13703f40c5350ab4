//! The bus over PostgreSQL: NOTIFY and LISTEN, for several processes on one database without a Redis.
//!
//! All channels of the shop travel on one of PostgreSQL's, so that the listening connection never changes what it
//! listens to. A notification is text of less than 8000 bytes: messages travel as base64 in as many pieces as they
//! need, all of one transaction, which PostgreSQL delivers one after another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bytes::Bytes;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::MissedTickBehavior;

use super::debts::Debts;
use super::frame::{Frame, Origin};
use super::hub::Hub;
use super::{Bus, Subscription, channel_name};
use crate::stores::postgres::Pool;
use crate::stores::postgres::error::trouble;
use crate::stores::running::Running;
use crate::trouble::Trouble;

/// PostgreSQL's name for all of it.
const CHANNEL: &str = "parterre_bus";
/// Characters of base64 in a piece: with head and channel less than 8000 bytes.
const PIECE: usize = 7_600;
/// How long a message may take on its way out.
const PUBLISH_WITHIN: Duration = Duration::from_secs(1);
/// Between signs of life: a process that does not hear itself listens on a dead connection.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(5);
/// Between attempts to listen.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(200);

const NOTIFY: &str = "SELECT pg_notify('parterre_bus', piece) FROM unnest($1::text[]) AS piece";

/// Hands messages over by way of PostgreSQL. Clones are one bus.
#[derive(Clone)]
pub struct PostgresBus(Arc<Inner>);

struct Inner {
    mouth: Mouth,
    hub: Arc<Hub>,
    listens: Arc<AtomicBool>,
    _running: Running,
}

#[derive(Clone)]
struct Mouth {
    /// Of one connection, which nobody who buys waits for, nor the other way round.
    pool: Pool,
    origin: Origin,
    /// How long a message may take on its way out.
    within: Duration,
    count: Arc<AtomicU64>,
    debts: Arc<Debts>,
}

impl PostgresBus {
    /// A bus over the database of `pool`, with two connections beside it, for telling and for listening; `origin` is
    /// random and tells this process from others.
    #[must_use]
    pub fn new(pool: &Pool, origin: [u8; 8]) -> Self {
        Self::within(pool, origin, PUBLISH_WITHIN)
    }

    fn within(pool: &Pool, origin: [u8; 8], within: Duration) -> Self {
        let pool = own(pool);
        let hub = Arc::new(Hub::default());
        let listens = Arc::new(AtomicBool::new(false));
        let mouth = Mouth { pool, origin, within, count: Arc::default(), debts: Arc::default() };
        let ear = Ear { mouth: mouth.clone(), hub: Arc::clone(&hub), listens: Arc::clone(&listens) };
        Self(Arc::new(Inner { mouth, hub, listens, _running: Running::start(ear.listen()) }))
    }
}

#[cfg(test)]
impl PostgresBus {
    /// One for a test that is not about time.
    pub(super) fn patient(pool: &Pool, origin: [u8; 8]) -> Self {
        Self::within(pool, origin, crate::test_support::PATIENT)
    }

    /// The connection that news leave by.
    pub(super) fn tells_over(&self) -> &Pool {
        &self.0.mouth.pool
    }
}

#[async_trait]
impl Bus for PostgresBus {
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), Trouble> {
        self.0.hub.deliver(channel, &message);
        let (mouth, name) = (&self.0.mouth, channel_name(channel));
        mouth.debts.noted(name, mouth.say(name, &Frame::of(&message)).await)?;
        mouth.pay().await;
        Ok(())
    }

    async fn subscribe(&self, channel: &str) -> Subscription {
        self.0.hub.subscribe(channel).await
    }

    fn is_up(&self) -> bool {
        self.0.listens.load(Ordering::Relaxed)
    }
}

/// One connection to the database of `pool`, made when it is asked for.
fn own(pool: &Pool) -> Pool {
    let options = pool.connect_options().as_ref().clone();
    PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).connect_lazy_with(options)
}

impl Mouth {
    async fn pay(&self) {
        while let Some(channel) = self.debts.next() {
            if self.say(&channel, &Frame::LookAgain).await.is_err() {
                return self.debts.owe(channel);
            }
        }
    }

    async fn say(&self, channel: &str, frame: &Frame) -> Result<(), Trouble> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let pieces = pieces(channel, number, &frame.encode(self.origin));
        let said = sqlx::query(NOTIFY).bind(pieces).execute(&self.pool);
        match tokio::time::timeout(self.within, said).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(trouble(error)),
            Err(_) => Err(Trouble::Unconfirmed { what: "PostgreSQL", detail: "a message took too long".into() }),
        }
    }
}

/// `number index count base64 channel`: the number makes equal pieces of one transaction different ones, which
/// PostgreSQL would otherwise deliver once.
fn pieces(channel: &str, number: u64, bytes: &[u8]) -> Vec<String> {
    let text = BASE64.encode(bytes);
    let count = text.len().div_ceil(PIECE);
    let cut = text.as_bytes().chunks(PIECE).enumerate();
    cut.map(|(index, piece)| format!("{number} {index} {count} {} {channel}", String::from_utf8_lossy(piece))).collect()
}

/// Puts pieces together again.
#[derive(Debug, Default)]
struct Whole {
    channel: String,
    number: u64,
    next: usize,
    text: String,
}

impl Whole {
    /// The channel and the frame that `piece` completes. A piece that does not fit, or cannot be read, is a reason to
    /// look again.
    fn add(&mut self, piece: &str) -> Option<(String, Origin, Frame)> {
        let mut words = piece.splitn(5, ' ');
        let mut number = || words.next()?.parse::<u64>().ok();
        let (name, index, count) = (number()?, number()? as usize, number()? as usize);
        let (text, channel) = (words.next()?, words.next()?);
        if index == 0 {
            *self = Self { channel: channel.to_owned(), number: name, next: 0, text: String::new() };
        }
        if (self.number, self.next, self.channel.as_str()) != (name, index, channel) {
            return Some((channel.to_owned(), Origin::default(), Frame::LookAgain));
        }
        self.text.push_str(text);
        self.next += 1;
        if self.next < count {
            return None;
        }
        let bytes = BASE64.decode(std::mem::take(&mut self.text)).unwrap_or_default();
        let (origin, frame) = Frame::decode(Bytes::from(bytes));
        Some((std::mem::take(&mut self.channel), origin, frame))
    }
}

/// Hands on what arrives.
struct Ear {
    mouth: Mouth,
    hub: Arc<Hub>,
    listens: Arc<AtomicBool>,
}

impl Ear {
    async fn listen(self) {
        loop {
            let why =
                self.listen_once().await.err().map_or_else(|| "it fell silent".to_owned(), |error| error.to_string());
            tracing::warn!(why, "the connection that listens to other processes ended; it is made anew");
            self.listens.store(false, Ordering::Relaxed);
            self.hub.none_in_force();
            tokio::time::sleep(TRY_AGAIN_AFTER).await;
        }
    }

    async fn listen_once(&self) -> Result<(), sqlx::Error> {
        // A connection of its own: it is never given back, and must not be missing elsewhere.
        let mut listener = PgListener::connect_with(&own(&self.mouth.pool)).await?;
        listener.listen(CHANNEL).await?;
        // What the driver made anew by itself would be a gap that nobody hears of.
        listener.eager_reconnect(false);
        self.hub.all_in_force();
        self.listens.store(true, Ordering::Relaxed);
        let mut whole = Whole::default();
        let owed = Arc::new(AtomicBool::new(false));
        let mut sign = tokio::time::interval(SIGN_OF_LIFE_EVERY);
        sign.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                next = listener.try_recv() => {
                    let Some(notification) = next? else { return Ok(()) };
                    if self.hear(whole.add(notification.payload())) {
                        owed.store(false, Ordering::Relaxed);
                    }
                }
                _ = sign.tick() => {
                    if owed.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    let (mouth, owed) = (self.mouth.clone(), Arc::clone(&owed));
                    tokio::spawn(async move {
                        // Before it is said, as it may be heard before one knows that it was said.
                        owed.store(true, Ordering::Relaxed);
                        match mouth.say("", &Frame::LookAgain).await {
                            Ok(()) => mouth.pay().await,
                            Err(_) => owed.store(false, Ordering::Relaxed),
                        }
                    });
                }
            }
        }
    }

    /// Whether it was a message of one's own.
    fn hear(&self, heard: Option<(String, Origin, Frame)>) -> bool {
        let Some((channel, origin, frame)) = heard else { return false };
        if origin == self.mouth.origin {
            return true;
        }
        match frame {
            Frame::Message(message) => self.hub.deliver(&channel, &message),
            Frame::LookAgain => self.hub.gap(&channel),
        }
        false
    }
}
