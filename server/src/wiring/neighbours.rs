//! Claims and sales of the shop's other processes, where each keeps its holds to itself: told over the bus, and compared
//! with the books now and then, as the bus may lose what it carries.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum_prometheus::metrics::counter;
use bytes::Bytes;
use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::seat::{SeatId, SeatState};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::availability::Availability;
use crate::bus::{Bus, Heard};
use crate::catalog::Catalog;
use crate::clock::{Clock, random};
use crate::holds::store::StandingSold;
use crate::holds::{HoldError, Holds, Sold};
use crate::jobs::Task;
use crate::trouble::Trouble;

/// Where sales of all events are told: few enough for every process to hear all of them.
const CHANNEL: &str = "inventory:claims";

/// What became of a hold's places in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct News {
    /// Which process tells it.
    from: Uuid,
    event: EventId,
    hold: HoldId,
    /// Claimed; otherwise given up.
    claimed: bool,
    seats: Vec<SeatId>,
    standing: Vec<(TierId, u32)>,
}

/// The other processes.
#[derive(Clone)]
pub(super) struct Neighbours {
    me: Uuid,
    bus: Arc<dyn Bus>,
    holds: Holds,
    availability: Availability,
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    /// What looked wrong the last time, by event: what is wrong twice is wrong, and not merely on its way.
    suspects: Arc<Mutex<HashMap<EventId, Suspects>>>,
}

#[derive(Debug, Default)]
struct Suspects {
    seats: Vec<SeatId>,
    holds: Vec<HoldId>,
}

/// A hold that says no more than whose places these are.
fn hold(news: &News) -> Hold {
    Hold {
        id: news.hold,
        event: news.event,
        holder: HolderId(Uuid::nil()),
        seats: news.seats.clone(),
        standing: news.standing.clone(),
        lines: Vec::new(),
        expires_at: Millis(0),
        extensions_left: 0,
        fence: Fence(0),
    }
}

impl Neighbours {
    /// Tells the others, without waiting for it: a buyer is waiting for something else.
    pub(super) fn tell(
        &self,
        event: EventId,
        hold: HoldId,
        claimed: bool,
        seats: Vec<SeatId>,
        standing: Vec<(TierId, u32)>,
    ) {
        let news = News { from: self.me, event, hold, claimed, seats, standing };
        let bus = Arc::clone(&self.bus);
        tokio::spawn(async move {
            let Ok(text) = serde_json::to_vec(&news) else { return };
            if let Err(trouble) = bus.publish(CHANNEL, Bytes::from(text)).await {
                tracing::debug!(%trouble, "the other processes were not told of a sale");
            }
        });
    }

    /// Of a house whose holds are its own.
    pub(super) fn new(
        bus: Arc<dyn Bus>,
        holds: Holds,
        availability: Availability,
        catalog: Catalog,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let me = Uuid::from_bytes(random(&*clock));
        Self { me, bus, holds, availability, catalog, clock, suspects: Arc::default() }
    }

    /// Hears the others until `stop`.
    pub(super) async fn hear(self, stop: CancellationToken) {
        let mut news = self.bus.subscribe(CHANNEL).await;
        loop {
            let heard = tokio::select! {
                heard = news.next() => heard,
                () = stop.cancelled() => return,
            };
            let done = match heard {
                Heard::Message(bytes) => self.take(&bytes).await,
                // What was lost shows in the books; what differs is put right at once.
                Heard::Gap => self.compare(true).await.map(drop),
            };
            if let Err(trouble) = done {
                tracing::debug!(%trouble, "news of another process came to nothing");
            }
        }
    }

    async fn take(&self, bytes: &[u8]) -> Result<(), Trouble> {
        let Ok(news) = serde_json::from_slice::<News>(bytes) else { return Ok(()) };
        if news.from == self.me { Ok(()) } else { self.mark(news).await }
    }

    async fn mark(&self, news: News) -> Result<(), Trouble> {
        let done = if news.claimed {
            self.holds.mark_sold(&hold(&news)).await
        } else {
            let places = Sold { seats: news.seats, standing: news.standing, ..Sold::default() };
            self.holds.mark_free(news.event, news.hold, &places).await
        };
        done.map_err(trouble)
    }

    /// Compares what is sold of every event that is looked at with the books, and puts right what was wrong the last
    /// time too, or `at_once`; answers how many seats and standing holds.
    async fn compare(&self, at_once: bool) -> Result<usize, Trouble> {
        let mut righted = 0;
        for event in self.availability.events() {
            // The store first: what it has marked was in the books by then.
            let Some(shown) = self.holds.look(event, 0, self.clock.now()).await.map_err(trouble)? else { continue };
            let counted = self.holds.standing_sold(event).await?;
            let claims = self.catalog.claims(event).await?;
            let claimed = claims.seats;
            let standing = differences(&counted, &by_hold(&claims.holds));
            let is_sold = |seat: SeatId| shown.states.get(seat) == SeatState::Sold;
            let (missing, extra): (Vec<SeatId>, Vec<SeatId>) = (
                claimed.iter().copied().filter(|seat| !is_sold(*seat)).collect(),
                (0..shown.states.len())
                    .map(SeatId)
                    .filter(|seat| is_sold(*seat) && claimed.binary_search(seat).is_err())
                    .collect(),
            );
            let now: Vec<SeatId> = missing.iter().chain(&extra).copied().collect();
            let before = {
                let holds = standing.iter().map(|(hold, ..)| *hold).collect();
                let mut suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
                suspects.insert(event, Suspects { seats: now, holds }).unwrap_or_default()
            };
            let wrong = |seats: Vec<SeatId>| -> Vec<SeatId> {
                seats.into_iter().filter(|seat| at_once || before.seats.contains(seat)).collect()
            };
            for (id, is_sold, standing) in standing {
                if at_once || before.holds.contains(&id) {
                    righted += 1;
                    let (from, seats) = (self.me, Vec::new());
                    let news = News { from, event, hold: id, claimed: is_sold, seats, standing };
                    self.mark(news).await?;
                }
            }
            let (missing, extra) = (wrong(missing), wrong(extra));
            righted += missing.len() + extra.len();
            let nobody = HoldId(Uuid::nil());
            if !missing.is_empty() {
                let (from, standing) = (self.me, Vec::new());
                self.mark(News { from, event, hold: nobody, claimed: true, seats: missing, standing }).await?;
            }
            if !extra.is_empty() {
                let (from, standing) = (self.me, Vec::new());
                self.mark(News { from, event, hold: nobody, claimed: false, seats: extra, standing }).await?;
            }
        }
        counter!("parterre_books_drift_total").increment(righted as u64);
        if righted > 0 {
            tracing::warn!(righted, "places were marked otherwise than the books say, and are put right");
        }
        Ok(righted)
    }
}

fn by_hold(claimed: &[(HoldId, TierId, u32)]) -> HashMap<HoldId, Vec<(TierId, u32)>> {
    let mut holds: HashMap<HoldId, Vec<(TierId, u32)>> = HashMap::new();
    for &(hold, tier, places) in claimed {
        holds.entry(hold).or_default().push((tier, places));
    }
    holds
}

/// A hold, whether its standing places are sold, and which they are.
type Difference = (HoldId, bool, Vec<(TierId, u32)>);

/// The holds whose standing places count here and not in the books, and the other way round, as the books have it.
fn differences(counted: &StandingSold, claimed: &HashMap<HoldId, Vec<(TierId, u32)>>) -> Vec<Difference> {
    let here: HashSet<HoldId> = counted.iter().map(|(hold, _)| *hold).collect();
    let extra = counted.iter().filter(|(hold, _)| !claimed.contains_key(hold));
    let missing = claimed.iter().filter(|(hold, _)| !here.contains(hold));
    extra
        .map(|(hold, places)| (*hold, false, places.clone()))
        .chain(missing.map(|(hold, places)| (*hold, true, places.clone())))
        .collect()
}

fn trouble(error: HoldError) -> Trouble {
    match error {
        HoldError::Trouble(trouble) => trouble,
        other => Trouble::Corrupt { what: "the hold store", detail: other.to_string() },
    }
}

#[async_trait]
impl Task for Neighbours {
    fn name(&self) -> &'static str {
        "books beside marks"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(20)
    }

    async fn round(&self) -> Result<(), Trouble> {
        self.compare(false).await.map(drop)
    }
}
