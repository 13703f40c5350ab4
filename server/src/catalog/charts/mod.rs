//! Charts: packed once when they come in, decoded once a process, served under their content's hash.

pub mod memory;
pub mod postgres;
pub mod store;

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use domain::chart::document::Document;
use domain::chart::{Chart, pack};
use domain::ids::{ChartId, VenueId};
use moka::future::Cache;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::trouble::Trouble;
use store::{ChartStore, NewChart, StoredChart};

/// Seats of all decoded charts in memory at a time: about 60 bytes each.
const SEATS_IN_MEMORY: u64 = 4_000_000;
/// Best compression: geometry is packed once and sent a million times.
const GEOMETRY_QUALITY: i32 = 11;
/// Good and quick: documents are for the archive.
const DOCUMENT_QUALITY: i32 = 5;
/// A document larger than this after decompression is none of ours.
const MAX_DOCUMENT: u64 = 1 << 30;

/// A chart version, decoded, with the bytes that browsers fetch.
#[derive(Clone, Debug)]
pub struct LoadedChart {
    /// Id of the version.
    pub id: ChartId,
    /// Whose chart.
    pub venue: VenueId,
    /// Its name.
    pub name: String,
    /// Number of the version.
    pub version: u32,
    /// The chart itself.
    pub chart: Arc<Chart>,
    /// The packed geometry.
    pub geometry: Bytes,
    /// The same under brotli.
    pub geometry_br: Bytes,
    /// SHA-256 of the packed geometry, in hexadecimal: its `ETag` and its address.
    pub geometry_hash: String,
}

/// Why a chart could not be kept.
#[derive(Debug, Error)]
pub enum SaveError {
    /// The chart itself is at fault.
    #[error("the chart cannot be packed: {0}")]
    Unpackable(String),
    /// The store failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// The service.
#[derive(Clone)]
pub struct Charts {
    store: Arc<dyn ChartStore>,
    looked_at: Arc<dyn ChartStore>,
    by_id: Cache<ChartId, Option<Arc<LoadedChart>>>,
    by_hash: Cache<String, Option<Arc<LoadedChart>>>,
}

impl Charts {
    /// Charts of `store`.
    #[must_use]
    pub fn new(store: Arc<dyn ChartStore>) -> Self {
        Self { looked_at: Arc::clone(&store), store, by_id: cache(), by_hash: cache() }
    }

    /// Asks `store` for what strangers name: they may name anything, and are not to keep a buyer waiting.
    #[must_use]
    pub fn looked_at_in(self, store: Arc<dyn ChartStore>) -> Self {
        Self { looked_at: store, ..self }
    }

    /// A version, decoded once and shared; `None` where there is none.
    ///
    /// # Errors
    /// Trouble; bytes that cannot be decoded are [`Trouble::Corrupt`].
    pub async fn load(&self, id: ChartId) -> Result<Option<Arc<LoadedChart>>, Trouble> {
        let asked = self.by_id.try_get_with(id, async {
            let chart = decode(self.store.by_id(id).await?).await?;
            if let Some(known) = &chart {
                // Whoever is shown it asks for it by that name next.
                self.by_hash.insert(known.geometry_hash.clone(), chart.clone()).await;
            }
            Ok(chart)
        });
        let chart = asked.await.map_err(|trouble: Arc<Trouble>| (*trouble).clone())?;
        if chart.is_none() {
            // It may be imported the next moment.
            self.by_id.invalidate(&id).await;
        }
        Ok(chart)
    }

    /// A version by its geometry's hash: what `/charts/{hash}.pch` serves.
    ///
    /// # Errors
    /// As [`Charts::load`].
    pub async fn by_hash(&self, hash: &str) -> Result<Option<Arc<LoadedChart>>, Trouble> {
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let asked = self.by_hash.try_get_with_by_ref(hash, async { decode(self.looked_at.by_hash(hash).await?).await });
        let chart = asked.await.map_err(|trouble: Arc<Trouble>| (*trouble).clone())?;
        if chart.is_none() {
            self.by_hash.invalidate(hash).await;
        }
        Ok(chart)
    }

    /// The document of the newest version of a venue's chart: what a new version is matched against.
    ///
    /// # Errors
    /// Trouble; a document that cannot be read is [`Trouble::Corrupt`].
    pub async fn newest(&self, venue: VenueId, name: &str) -> Result<Option<(u32, Document)>, Trouble> {
        let Some(newest) = self.store.newest(venue, name).await? else { return Ok(None) };
        let read = tokio::task::spawn_blocking(move || {
            let json = expand(&newest.document)?;
            Document::from_json(&json).map(|document| (newest.version, document)).map_err(|error| error.to_string())
        });
        Ok(Some(finished(read.await)?))
    }

    /// Keeps a document as the next version of the venue's chart; the newest version is answered where it is the same.
    ///
    /// # Errors
    /// A chart that cannot be packed, or trouble.
    pub async fn save(
        &self,
        id: ChartId,
        venue: VenueId,
        document: Document,
        notes: serde_json::Value,
    ) -> Result<(ChartId, u32), SaveError> {
        let made = tokio::task::spawn_blocking(move || prepare(id, venue, &document, notes)).await;
        let chart = made.map_err(|panic| SaveError::Unpackable(panic.to_string()))??;
        Ok(self.store.add(&chart).await?)
    }
}

fn cache<K: std::hash::Hash + Eq + Send + Sync + 'static>() -> Cache<K, Option<Arc<LoadedChart>>> {
    Cache::builder()
        .max_capacity(SEATS_IN_MEMORY)
        .weigher(|_, chart: &Option<Arc<LoadedChart>>| {
            chart.as_ref().map_or(1, |chart| u32::try_from(chart.chart.seats.len()).unwrap_or(u32::MAX).max(1))
        })
        .build()
}

async fn decode(stored: Option<StoredChart>) -> Result<Option<Arc<LoadedChart>>, Trouble> {
    let Some(stored) = stored else { return Ok(None) };
    let read = tokio::task::spawn_blocking(move || {
        let chart = pack::unpack(&stored.geometry).map_err(|error| format!("chart {}: {error}", stored.id))?;
        Ok(LoadedChart {
            id: stored.id,
            venue: stored.venue,
            name: stored.name,
            version: stored.version,
            chart: Arc::new(chart),
            geometry: stored.geometry.into(),
            geometry_br: stored.geometry_br.into(),
            geometry_hash: stored.geometry_hash,
        })
    });
    Ok(Some(Arc::new(finished(read.await)?)))
}

fn finished<T>(read: Result<Result<T, String>, tokio::task::JoinError>) -> Result<T, Trouble> {
    let corrupt = |detail| Trouble::Corrupt { what: "the chart store", detail };
    read.map_err(|panic| corrupt(panic.to_string()))?.map_err(corrupt)
}

fn prepare(id: ChartId, venue: VenueId, document: &Document, notes: serde_json::Value) -> Result<NewChart, SaveError> {
    let unpackable = |error: &dyn std::fmt::Display| SaveError::Unpackable(error.to_string());
    let geometry = pack::pack(&document.chart).map_err(|error| unpackable(&error))?;
    let json = document.to_json().map_err(|error| unpackable(&error))?;
    let hash = Sha256::digest(&geometry);
    Ok(NewChart {
        id,
        venue,
        name: document.chart.name.clone(),
        seats: u32::try_from(document.chart.seats.len()).map_err(|error| unpackable(&error))?,
        document: compress(&json, DOCUMENT_QUALITY),
        geometry_br: compress(&geometry, GEOMETRY_QUALITY),
        geometry_hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        geometry,
        notes,
    })
}

fn compress(bytes: &[u8], quality: i32) -> Vec<u8> {
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    let mut packed = brotli::CompressorWriter::with_params(Vec::new(), 1 << 16, &params);
    // Writing to memory cannot fail.
    let _ = packed.write_all(bytes);
    packed.into_inner()
}

fn expand(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut json = Vec::new();
    let mut reader = std::io::Read::take(brotli::Decompressor::new(bytes, 1 << 16), MAX_DOCUMENT);
    std::io::Read::read_to_end(&mut reader, &mut json).map_err(|error| error.to_string())?;
    Ok(json)
}
