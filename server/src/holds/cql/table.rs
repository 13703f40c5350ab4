//! What the store needs of a CQL cluster, and no more: small enough for a twin in memory that fails on command.

use async_trait::async_trait;
use domain::hold::Fence;
use domain::ids::{HoldId, HolderId};
use domain::time::Millis;
use uuid::Uuid;

use super::cell::Cell;
use crate::trouble::Trouble;

/// A partition of `inventory_by_event`. Standing tiers are halls of their own: their partitions carry the tier's id, so
/// that no place changes its row when another tier grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BlockKey {
    /// The event, or the standing tier.
    pub(crate) of: Uuid,
    /// Which block of it.
    pub(crate) block: i32,
}

/// One row to be written, if its version is still the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The row.
    pub(crate) seat: i32,
    /// The version it must have; 0 for none.
    pub(crate) was: i64,
    /// What it becomes.
    pub(crate) cell: Cell,
}

/// What a conditional write came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// All rows are written.
    Applied,
    /// None is: a version was another one. Whole rows that came with the answer, if they did.
    Lost(Vec<(i32, Cell)>),
    /// It may have happened, or may still happen.
    Unknown(Trouble),
    /// It surely did not happen and will not.
    NotDone(Trouble),
}

/// How a block is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// LOCAL_QUORUM: may miss what is being written.
    Plain,
    /// LOCAL_SERIAL: whatever was being written has happened then. What a coordinator that slept begins later fails by
    /// the versions, where anything was written in between.
    Deciding,
}

/// What a hold was granted with, as its row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The hold.
    pub(crate) hold: HoldId,
    /// Whose.
    pub(crate) holder: HolderId,
    /// The event.
    pub(crate) event: Uuid,
    /// Ran out then, when this was written.
    pub(crate) until: Millis,
    /// Extensions left then.
    pub(crate) extensions: u8,
    /// The fence.
    pub(crate) fence: i64,
    /// Places and lines, as `contents.rs` writes them.
    pub(crate) contents: Vec<u8>,
}

/// Partitions that all records lie in, by holder: few, so that records of the same moment meet in one.
pub(crate) const BUCKETS: usize = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = 4;

/// The partition of the holder's records. The same in every process and release: records are found by it.
pub(crate) fn bucket(holder: HolderId) -> i32 {
    let (high, low) = holder.0.as_u64_pair();
    // The upper bits of a product depend on all bits of the number.
    ((high ^ low).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - BUCKET_BITS)) as i32
}

/// How much one request of notes may carry, all of them of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// Notes.
    pub(crate) notes: usize,
    /// Their bytes in all; a single note may have more.
    pub(crate) bytes: usize,
}

/// A plain write about a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// It is as the record says.
    Keep(Record),
    /// It is over. What was written about it with this fence or a lower one stays forgotten.
    Forget(HoldId, HolderId, Fence),
}

/// Orders the notes about one hold, in microseconds since 1970, whichever coordinators' clocks they meet: by fence, then
/// by the extensions used, and last its end. A fence is a millisecond and a fraction of it (`engine`).
fn stamp(fence: i64, then: i64) -> i64 {
    (fence >> 20) * 1_000 + then
}

/// Above it there is no extension.
const EXTENSIONS: i64 = u8::MAX as i64;

impl Record {
    /// As its [`Note::Keep`].
    pub(crate) fn stamp(&self) -> i64 {
        stamp(self.fence, EXTENSIONS - i64::from(self.extensions))
    }
}

impl Note {
    /// When it was meant.
    pub(crate) fn stamp(&self) -> i64 {
        match self {
            Self::Keep(record) => record.stamp(),
            Self::Forget(_, _, fence) => stamp(fence.0, EXTENSIONS + 1),
        }
    }
}

/// The tables.
#[async_trait]
pub(crate) trait Table: Send + Sync + 'static {
    /// The rows of a block that exist; all of them where `seats` is empty.
    async fn read(&self, key: BlockKey, seats: &[i32], how: Reading) -> Result<Vec<(i32, Cell)>, Trouble>;

    /// Writes all rows in one conditional batch, or none.
    async fn write(&self, key: BlockKey, changes: &[Change]) -> Written;

    /// How much one request of notes may carry.
    fn load(&self) -> Load;

    /// Plain writes, safe to repeat.
    async fn note(&self, notes: &[Note]) -> Result<(), Trouble>;

    /// A hold's record.
    async fn record(&self, hold: HoldId, holder: HolderId) -> Result<Option<Record>, Trouble>;

    /// Whether the tables can be read.
    async fn check(&self) -> Result<(), Trouble>;

    /// Reaches the tables in another way, where there is one: nobody has answered for long.
    async fn renew(&self) -> Result<(), Trouble> {
        Ok(())
    }

    /// The holds of a holder, with the ends they had when they were written.
    async fn records_of(&self, holder: HolderId) -> Result<Vec<(HoldId, Millis)>, Trouble>;
}
