//! What a hold was granted with, as the column `contents` keeps it: a letter for the form, then JSON.

use domain::hold::{Fence, Hold};
use domain::ids::{EventId, TierId};
use domain::price::Line;
use domain::seat::SeatId;
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::table::{BlockKey, Record};
use crate::trouble::Trouble;

/// The form that is written.
const FORM: u8 = b'a';

/// All of a record, in one column: of two records with one stamp the cluster keeps the greater bytes of each column by
/// itself, and what is read must be one of the two.
#[derive(Serialize, Deserialize)]
struct Contents<'a> {
    /// The fence in hexadecimal digits, first and always as many, so that the greater fence makes the greater bytes.
    /// Records of a former release have none of these three, and it reads their columns.
    #[serde(default)]
    fence: String,
    #[serde(default)]
    until: i64,
    #[serde(default)]
    extensions: u8,
    seats: std::borrow::Cow<'a, [SeatId]>,
    standing: std::borrow::Cow<'a, [(TierId, u32)]>,
    lines: std::borrow::Cow<'a, [Line]>,
    rows: Vec<(Uuid, i32, Vec<i32>)>,
}

/// The rows that a hold keeps, by partition, ascending.
pub(super) type Rows = Vec<(BlockKey, Vec<i32>)>;

/// A hold and where its rows are: enough to find them without the event's layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) hold: Hold,
    pub(super) rows: Rows,
}

impl Kept {
    /// The record to be written.
    pub(super) fn record(&self) -> Result<Record, Trouble> {
        let rows = self.rows.iter().map(|(key, seats)| (key.of, key.block, seats.clone())).collect();
        let hold = &self.hold;
        let (seats, standing) = (hold.seats.as_slice().into(), hold.standing.as_slice().into());
        let text = serde_json::to_vec(&Contents {
            fence: format!("{:016x}", hold.fence.0),
            until: hold.expires_at.0,
            extensions: hold.extensions_left,
            seats,
            standing,
            lines: hold.lines.as_slice().into(),
            rows,
        });
        let mut contents = vec![FORM];
        contents.extend(text.map_err(corrupt)?);
        Ok(Record {
            hold: hold.id,
            holder: hold.holder,
            event: hold.event.0,
            until: hold.expires_at,
            extensions: hold.extensions_left,
            fence: hold.fence.0,
            contents,
        })
    }

    /// The hold with the later of the two ends: another process may have extended it, and told its holder so, without a
    /// word having come here. The record is written before that is told.
    pub(super) fn longest(&self, record: &Self) -> Self {
        let expires_at = self.hold.expires_at.max(record.hold.expires_at);
        let extensions_left = self.hold.extensions_left.min(record.hold.extensions_left);
        Self { hold: Hold { expires_at, extensions_left, ..self.hold.clone() }, rows: self.rows.clone() }
    }

    /// The hold of a record.
    pub(super) fn read(record: &Record) -> Result<Self, Trouble> {
        let Some((&FORM, text)) = record.contents.split_first() else { return Err(corrupt("another form")) };
        let contents: Contents<'_> = serde_json::from_slice(text).map_err(corrupt)?;
        let (expires_at, extensions_left, fence) = if contents.fence.is_empty() {
            (record.until, record.extensions, record.fence)
        } else {
            let fence = i64::from_str_radix(&contents.fence, 16).map_err(corrupt)?;
            (Millis(contents.until), contents.extensions, fence)
        };
        let rows = contents.rows.into_iter().map(|(of, block, seats)| (BlockKey { of, block }, seats)).collect();
        let hold = Hold {
            id: record.hold,
            event: EventId(record.event),
            holder: record.holder,
            seats: contents.seats.into_owned(),
            standing: contents.standing.into_owned(),
            lines: contents.lines.into_owned(),
            expires_at,
            extensions_left,
            fence: Fence(fence),
        };
        Ok(Self { hold, rows })
    }
}

fn corrupt(detail: impl ToString) -> Trouble {
    Trouble::Corrupt { what: "a hold's record", detail: detail.to_string() }
}
