//! Tests of the CQL store: the laws, faults, several processes, random commands.

mod again;
mod audit;
mod away;
mod baskets;
mod clocks;
mod crowd;
mod gaps;
mod ghosts;
mod idle;
mod loss;
mod processes;
mod random;
mod records;
mod retries;
mod seen;
mod sold;
mod storm;
mod threads;
mod tiers;
mod told;

use std::sync::Arc;

use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId, TierId};
use domain::seat::SeatId;
use domain::time::{MINUTE, Millis};

use crate::bus::Bus;
use crate::clock::{SystemClock, random};
use crate::holds::contract::salted::Salted;
use crate::holds::cql::fake::FakeTable;
use crate::holds::cql::{CqlHolds, Tuning};
use crate::holds::store::{Grant, HoldStore, Layout, Sold};
use crate::test_support::cassandra::{self, patient};

const NOW: Millis = Millis(1_800_000_000_000);
const SEATS: u32 = 40;
const CAPACITY: u32 = 12;

fn on(table: &FakeTable) -> CqlHolds {
    CqlHolds::on(Arc::new(table.clone()), patient(), None)
}

/// As in one process alone: a hold ends for others when it ends for its holder.
fn exact() -> Tuning {
    Tuning { grace: 0, ..patient() }
}

/// A process on the tables in memory, quick to despair.
fn process(table: &FakeTable, tuning: Tuning, bus: Option<Arc<dyn Bus>>) -> CqlHolds {
    CqlHolds::on(Arc::new(table.clone()), tuning, bus)
}

/// A process on the keyspace that tests share.
async fn cluster_process(tuning: Tuning, bus: Option<Arc<dyn Bus>>) -> CqlHolds {
    let keyspace = cassandra::shared().await;
    CqlHolds::new(keyspace.cql.clone(), tuning, bus).await.expect("the tables are there")
}

/// A store in the keyspace that tests share, under ids of its own.
async fn shared() -> Salted<CqlHolds> {
    Salted::new(cluster_process(patient(), None).await)
}

/// An evening of its own: ids that nobody else has, minted an hour ago, so that no process takes them for fresh.
#[derive(Clone, Copy, Debug)]
struct Evening {
    salt: [u8; 6],
}

impl Evening {
    fn new() -> Self {
        Self { salt: random(&SystemClock) }
    }

    fn bytes(self, kind: u8, n: u16) -> [u8; 10] {
        let [a, b] = n.to_be_bytes();
        let [s0, s1, s2, s3, s4, s5] = self.salt;
        [kind, 0, a, b, s0, s1, s2, s3, s4, s5]
    }

    fn event(self) -> EventId {
        EventId::mint(NOW, self.bytes(1, 0))
    }

    fn tier(self) -> TierId {
        TierId::mint(NOW, self.bytes(2, 0))
    }

    fn holder(self, n: u16) -> HolderId {
        HolderId::mint(NOW, self.bytes(3, n))
    }

    fn id(self, n: u16) -> HoldId {
        HoldId::mint(NOW.plus(-60 * MINUTE), self.bytes(4, n))
    }

    fn grant(self, n: u16, seats: &[u32], standing: u32) -> Grant {
        Grant {
            id: self.id(n),
            event: self.event(),
            holder: self.holder(n),
            seats: seats.iter().copied().map(SeatId).collect(),
            standing: if standing == 0 { vec![] } else { vec![(self.tier(), standing)] },
            lines: Vec::new(),
            expires_at: NOW.plus(10 * MINUTE),
            extensions: 1,
            replaces: None,
            max_holds: 1_000,
        }
    }

    /// Seats in blocks of seven, the last one blocked, and a standing tier.
    async fn open(self, store: &dyn HoldStore, sold: Sold) {
        store.open(self.event(), self.layout(&[SEATS - 1])).await.unwrap();
        store.load_sold(self.event(), sold).await.unwrap();
    }

    /// The same with these seats blocked.
    fn layout(self, blocked: &[u32]) -> Layout {
        let blocks = (0..SEATS).map(|seat| seat / 7 * 3).collect();
        let blocked = blocked.iter().copied().map(SeatId).collect();
        Layout { blocks, blocked, standing: vec![(self.tier(), CAPACITY)], fence_floor: Fence(5) }
    }

    /// As it is opened, with so many standing places, or without the tier.
    fn sized(self, quantity: Option<u32>) -> Layout {
        let standing = quantity.into_iter().map(|quantity| (self.tier(), quantity)).collect();
        Layout { standing, ..self.layout(&[SEATS - 1]) }
    }
}

/// A hold without its fence, which every store makes in its own way.
fn plain(hold: Hold) -> Hold {
    Hold { fence: Fence(0), ..hold }
}

/// The laws on the tables in memory.
mod in_memory {
    use crate::holds::contract::hold_store_laws;
    hold_store_laws!(super::on(&super::FakeTable::default()));
}

/// The laws on Apache Cassandra, or whatever `CQL_NODES` names.
mod cluster {
    use crate::holds::contract::hold_store_laws;
    hold_store_laws!(super::shared().await);
}
