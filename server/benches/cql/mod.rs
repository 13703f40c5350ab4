//! Holds on one durable Apache Cassandra node, beside the ways one would write first, in the same run.

mod contention;
mod fours;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::hold::Fence;
use domain::ids::{EventId, HoldId};
use domain::time::MINUTE;
use parterre::holds::cql::{CqlHolds, Tuning};
use parterre::holds::store::{HoldStore, Layout, Sold};
use parterre::stores::cql::connect::Settings;
use parterre::stores::cql::{Cql, keyspace, migrate};
use parterre::test_support::cassandra;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::Row;
use tokio::task::JoinSet;

use super::{NOW, event, grant, random};

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
struct Ran {
    holds: u32,
    seats: u32,
    secs: f64,
}

impl Ran {
    fn holds_a_second(self) -> f64 {
        f64::from(self.holds) / self.secs
    }

    fn seats_a_second(self) -> f64 {
        f64::from(self.seats) / self.secs
    }
}

/// Runs `ops` of `work` with so many under way, until the time is over; the work answers how many seats it got. Each of
/// those under way goes on with the next by itself: nobody hands them out, as nobody does at a door.
async fn rush<F>(ops: u64, at_a_time: usize, within: Duration, work: impl Fn(u64) -> F + Send + Sync + 'static) -> Ran
where
    F: Future<Output = u32> + Send + 'static,
{
    let (work, next) = (Arc::new(work), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    let mut hands = JoinSet::new();
    for _ in 0..at_a_time.min(usize::try_from(ops).unwrap_or(usize::MAX)) {
        let (work, next) = (Arc::clone(&work), Arc::clone(&next));
        hands.spawn(async move {
            let (mut holds, mut seats) = (0, 0);
            while start.elapsed() <= within {
                let op = next.fetch_add(1, Ordering::Relaxed);
                if op >= ops {
                    break;
                }
                let got = work(op).await;
                holds += u32::from(got > 0);
                seats += got;
            }
            (holds, seats)
        });
    }
    let done = hands.join_all().await;
    let secs = start.elapsed().as_secs_f64();
    Ran { holds: done.iter().map(|(holds, _)| holds).sum(), seats: done.iter().map(|(_, seats)| seats).sum(), secs }
}

/// A permutation of 0..n that spreads neighbours: what comes one after another is about different seats.
fn spread(op: u64, n: u64) -> u64 {
    op.wrapping_mul(7_919) % n
}

async fn opened(store: &CqlHolds, event: EventId, seats: u32) {
    let blocks = (0..seats).map(|seat| seat / 200).collect();
    let layout = Layout { blocks, fence_floor: Fence(0), ..Layout::default() };
    store.open(event, layout).await.expect("the event opens");
    store.load_sold(event, Sold::default()).await.expect("the event is loaded");
}

/// One conditional write straight from the handler: the seat is taken if nobody has it.
#[derive(Clone)]
struct Textbook(Arc<Handlers>);

struct Handlers {
    session: Session,
    take: PreparedStatement,
    unanswered: AtomicU64,
}

impl Textbook {
    /// The driver as it comes, with its own limits of time and its own idea of what to try again.
    async fn new(settings: &Settings) -> Self {
        const TAKE: &str = "UPDATE inventory_by_event SET version = 1, state = 1, hold_id = ?, holder = ?, expires_at = ?, \
            fence = 1, extensions = 1 WHERE event_id = ? AND block = ? AND seat_id = ? IF hold_id = null";
        let session = SessionBuilder::new().known_nodes(&settings.nodes).use_keyspace(&settings.keyspace, false);
        let session = session.build().await.expect("the node answers");
        let take = session.prepare(TAKE).await.expect("the statement is sound");
        Self(Arc::new(Handlers { session, take, unanswered: AtomicU64::new(0) }))
    }

    async fn take(&self, event: EventId, block: i32, seat: u32, hold: HoldId) -> bool {
        let values = (hold.0, hold.0, NOW.plus(10 * MINUTE).0, event.0, block, seat as i32);
        // As a handler does: an answer that does not come is a buyer who has nothing.
        let Ok(answer) = self.0.session.execute_unpaged(&self.0.take, values).await else {
            self.0.unanswered.fetch_add(1, Ordering::Relaxed);
            return false;
        };
        let Ok(rows) = answer.into_rows_result() else { return false };
        let applied = rows.rows::<Row>().ok().and_then(|mut rows| rows.next()?.ok());
        applied.and_then(|row| row.columns.first()?.as_ref()?.as_boolean()).unwrap_or(false)
    }

    /// Attempts that failed since it was last asked, nearly all of them as their time was over.
    fn unanswered(&self) -> u64 {
        self.0.unanswered.swap(0, Ordering::Relaxed)
    }
}

/// The store, once the node has got over the baseline.
async fn recovered(cql: &Cql) -> CqlHolds {
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let store = CqlHolds::new(cql.clone(), Tuning::default(), None).await;
        if let Ok(store) = store
            && store.check().await.is_ok()
        {
            return store;
        }
    }
    panic!("the node did not get over the baseline");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs `parts` on a node of their own; says so where this machine cannot have one.
pub(crate) async fn holds(quick: bool, parts: [bool; 2]) {
    let folder = cassandra::folder("bench-cassandra");
    let Some(nodes) = cassandra::start(&folder, &["--durable", "--heap", "4096"]).await else { return };
    let settings = Settings::new(nodes.nodes, &format!("bench_{}", std::process::id()));
    migrate::up(&settings, NOW, [7; 16]).await.expect("the CQL steps apply");
    let cql = Cql::connect(&settings).await.expect("the node answers");
    let baseline = Textbook::new(&settings).await;
    let [fours, contention] = parts;
    if fours {
        fours::measure(&baseline, &cql, quick).await;
    }
    if contention {
        contention::measure(&baseline, &cql, quick).await;
    }
    drop(cql);
    keyspace::remove(&settings).await.expect("the keyspace goes");
    cassandra::stop(&folder);
}
