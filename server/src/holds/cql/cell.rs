//! A place's row: who has it, and the version that orders its changes.

use domain::hold::Fence;
use domain::ids::{HoldId, HolderId};
use domain::time::Millis;
use uuid::Uuid;

use crate::trouble::Trouble;

/// What a row says of its place. That a seat is not for sale at all is the chart's business and stands in no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nobody has it.
    #[default]
    Free,
    /// Somebody keeps it until [`Cell::until`].
    Held,
    /// Claimed for an order in PostgreSQL.
    Sold,
    /// Kept from sale by a tool. This store never writes it and never takes it away, but for PostgreSQL's word that it
    /// is sold.
    Blocked,
}

/// A moment as one process sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// By the caller's clock.
    pub(crate) now: Millis,
    /// Others' holds that ended by then have surely run out: earlier than `now`, as clocks differ.
    pub(crate) over: Millis,
}

/// A row, always read and written whole. The default is a row that was never written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Grows with each write, and is at least the writer's milliseconds since 1970, so that no number comes again in a
    /// keyspace that replaces a lost one; 0 where there is no row yet.
    pub(crate) version: i64,
    /// What it says.
    pub(crate) mark: Mark,
    /// Which hold keeps it, or sold it.
    pub(crate) hold: Option<HoldId>,
    /// Whose hold that is.
    pub(crate) holder: Option<HolderId>,
    /// When the hold runs out.
    pub(crate) until: Millis,
    /// The highest fence that the row ever carried.
    pub(crate) fence: Fence,
    /// Extensions that the hold has left.
    pub(crate) extensions: u8,
}

impl Moment {
    /// Every hold has run out when its holder's clock says so.
    pub(crate) fn exactly(now: Millis) -> Self {
        Self { now, over: now }
    }

    /// When a hold that lasts until then counts as run out for others.
    pub(crate) fn end_of(&self, until: Millis) -> Millis {
        until.plus(self.now.since(self.over))
    }
}

impl Cell {
    /// Whether this hold keeps it, run out or not.
    pub(crate) fn is_held_by(&self, hold: HoldId) -> bool {
        self.mark == Mark::Held && self.hold == Some(hold)
    }

    /// Whether it was sold by this hold; `None` are places of which PostgreSQL only told that they are sold.
    pub(crate) fn is_sold_by(&self, hold: Option<HoldId>) -> bool {
        self.mark == Mark::Sold && self.hold == hold
    }

    /// Whether anybody may take it.
    pub(crate) fn is_open(&self, at: Moment) -> bool {
        match self.mark {
            Mark::Free => true,
            Mark::Held => at.over >= self.until,
            Mark::Sold | Mark::Blocked => false,
        }
    }

    /// Whether `holder` may take it, who need not wait for the end of a hold of their own.
    pub(crate) fn is_open_to(&self, holder: HolderId, at: Moment) -> bool {
        self.is_open(at) || (self.mark == Mark::Held && self.holder == Some(holder) && at.now >= self.until)
    }

    /// Whether it stands for a hold that has surely run out.
    pub(crate) fn has_run_out(&self, at: Moment) -> bool {
        self.mark == Mark::Held && at.over >= self.until
    }

    /// Whether it is held and the hold lasts.
    pub(crate) fn is_live(&self, now: Millis) -> bool {
        self.mark == Mark::Held && now < self.until
    }

    /// The same row, free.
    pub(crate) fn freed(&self) -> Self {
        Self { version: self.version, fence: self.fence, ..Self::default() }
    }

    /// The same row, sold by `hold`.
    pub(crate) fn sold(&self, hold: Option<HoldId>) -> Self {
        Self { mark: Mark::Sold, hold, ..self.freed() }
    }

    /// Reads a row's columns. One that a tool wrote in part has nulls.
    pub(crate) fn stored(
        version: Option<i64>,
        state: Option<i8>,
        hold: Option<Uuid>,
        holder: Option<Uuid>,
        until: Option<i64>,
        fence: Option<i64>,
        extensions: Option<i8>,
    ) -> Result<Self, Trouble> {
        Ok(Self {
            version: version.unwrap_or_default(),
            mark: mark_of(state.unwrap_or_default())?,
            hold: hold.map(HoldId),
            holder: holder.map(HolderId),
            until: Millis(until.unwrap_or_default()),
            fence: Fence(fence.unwrap_or_default()),
            extensions: extensions.unwrap_or_default().unsigned_abs(),
        })
    }

    /// The same columns, to be written.
    pub(crate) fn columns(&self) -> (i64, i8, Option<Uuid>, Option<Uuid>, i64, i64, i8) {
        let (hold, holder) = (self.hold.map(|hold| hold.0), self.holder.map(|holder| holder.0));
        (self.version, self.state(), hold, holder, self.until.0, self.fence.0, self.extensions as i8)
    }

    /// The number that stands for the mark in the column `state`.
    pub(crate) fn state(&self) -> i8 {
        match self.mark {
            Mark::Free => 0,
            Mark::Held => 1,
            Mark::Sold => 2,
            Mark::Blocked => 3,
        }
    }
}

/// The mark of a number in the column `state`.
pub(crate) fn mark_of(state: i8) -> Result<Mark, Trouble> {
    match state {
        0 => Ok(Mark::Free),
        1 => Ok(Mark::Held),
        2 => Ok(Mark::Sold),
        3 => Ok(Mark::Blocked),
        other => Err(Trouble::Corrupt { what: "hold store", detail: format!("a seat in state {other}") }),
    }
}
