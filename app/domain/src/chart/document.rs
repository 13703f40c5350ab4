//! The versioned document of a chart: what a store keeps. The packed geometry follows from it at any time.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Chart;
use crate::seat::SeatId;

/// The document's format; a reader of an older format stays when a newer one comes.
pub const FORMAT: u32 = 1;

/// A chart with where its seats came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`FORMAT`].
    pub format: u32,
    /// The chart.
    pub chart: Chart,
    /// One a seat, or none at all where the chart was not imported. Never sent to a browser.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SeatSource>,
}

/// Where an imported seat came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatSource {
    /// The plan's own id of the seat; real plans repeat them, so this is no identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// Index of the zone, of the row in the zone, of the seat in the row.
    pub at: [u32; 3],
}

impl SeatSource {
    /// The seat's JSON path in the plan it came from.
    #[must_use]
    pub fn path(&self) -> String {
        let [zone, row, seat] = self.at;
        format!("$.zones[{zone}].rows[{row}].seats[{seat}]")
    }
}

/// Why bytes are no document.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// Not the JSON of a document.
    #[error("this is not a chart document: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by a newer format.
    #[error("chart document of format {0}, which is not known here")]
    Format(u32),
    /// Its parts do not fit together.
    #[error("the chart document is inconsistent: {0}")]
    Inconsistent(&'static str),
}

impl Document {
    /// The document of a chart that was drawn here.
    #[must_use]
    pub fn of(chart: Chart) -> Self {
        Self { format: FORMAT, chart, sources: Vec::new() }
    }

    /// The plan's id of a seat.
    #[must_use]
    pub fn guid(&self, seat: SeatId) -> Option<&str> {
        self.sources.get(seat.index())?.guid.as_deref()
    }

    /// The document as JSON.
    ///
    /// # Errors
    /// None in practice: every part of a document can be written as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, DocumentError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Reads a document and makes sure that it holds together.
    ///
    /// # Errors
    /// Anything [`Document::to_json`] would not have written.
    pub fn from_json(json: &[u8]) -> Result<Self, DocumentError> {
        let document: Self = serde_json::from_slice(json)?;
        if document.format != FORMAT {
            return Err(DocumentError::Format(document.format));
        }
        if let Some(flaw) = document.chart.flaw() {
            return Err(DocumentError::Inconsistent(flaw));
        }
        if !document.sources.is_empty() && document.sources.len() != document.chart.seats.len() {
            return Err(DocumentError::Inconsistent("sources and seats differ in number"));
        }
        Ok(document)
    }
}
