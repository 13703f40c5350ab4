//! What the catalogue needs of a store of charts.

use async_trait::async_trait;
use domain::ids::{ChartId, VenueId};

use crate::trouble::Trouble;

/// A version of a chart as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChart {
    /// Id of the version.
    pub id: ChartId,
    /// Whose chart.
    pub venue: VenueId,
    /// Its name; versions of one name at one venue belong together.
    pub name: String,
    /// Number of the version, from 1.
    pub version: u32,
    /// Seats on it.
    pub seats: u32,
    /// The packed geometry.
    pub geometry: Vec<u8>,
    /// The same under brotli.
    pub geometry_br: Vec<u8>,
    /// SHA-256 of the packed geometry, in hexadecimal.
    pub geometry_hash: String,
}

/// A chart to be kept as a new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChart {
    /// Id, should it be new.
    pub id: ChartId,
    /// Whose chart.
    pub venue: VenueId,
    /// Its name.
    pub name: String,
    /// Seats on it.
    pub seats: u32,
    /// The document as JSON under brotli.
    pub document: Vec<u8>,
    /// The packed geometry.
    pub geometry: Vec<u8>,
    /// The same under brotli.
    pub geometry_br: Vec<u8>,
    /// SHA-256 of the packed geometry, in hexadecimal.
    pub geometry_hash: String,
    /// What the import found odd, and how seats were matched.
    pub notes: serde_json::Value,
}

/// The newest version of a chart with its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Id of the version.
    pub id: ChartId,
    /// Number of the version.
    pub version: u32,
    /// SHA-256 of its geometry.
    pub geometry_hash: String,
    /// The document as JSON under brotli.
    pub document: Vec<u8>,
}

/// Immutable chart versions. The laws are in the catalogue's `contract.rs`.
#[async_trait]
pub trait ChartStore: Send + Sync + 'static {
    /// A version by id.
    async fn by_id(&self, id: ChartId) -> Result<Option<StoredChart>, Trouble>;

    /// A version by the hash of its geometry; any of them where several are alike.
    async fn by_hash(&self, hash: &str) -> Result<Option<StoredChart>, Trouble>;

    /// The newest version of the venue's chart of that name.
    async fn newest(&self, venue: VenueId, name: &str) -> Result<Option<Newest>, Trouble>;

    /// Keeps the chart as version `newest + 1` and answers its id and version. Where the newest version has the very
    /// same document it is answered instead, and nothing is kept.
    async fn add(&self, chart: &NewChart) -> Result<(ChartId, u32), Trouble>;
}
