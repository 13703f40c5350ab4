//! Charts in PostgreSQL.

use async_trait::async_trait;
use domain::ids::{ChartId, VenueId};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::store::{ChartStore, NewChart, Newest, StoredChart};
use crate::stores::postgres::Pool;
use crate::stores::postgres::begin::begin;
use crate::stores::postgres::error::{commit_trouble, trouble};
use crate::trouble::Trouble;

/// Charts in the table `charts`.
#[derive(Clone, Debug)]
pub struct PostgresCharts {
    pool: Pool,
}

impl PostgresCharts {
    /// Charts behind `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

const BY_ID: &str =
    "SELECT id, venue_id, name, version, seats, geometry, geometry_br, geometry_hash FROM charts WHERE id = $1";
const BY_HASH: &str = "SELECT id, venue_id, name, version, seats, geometry, geometry_br, geometry_hash FROM charts
    WHERE geometry_hash = $1 ORDER BY id DESC LIMIT 1";
const NEWEST: &str = "SELECT id, version, geometry_hash, document FROM charts
    WHERE venue_id = $1 AND name = $2 ORDER BY version DESC LIMIT 1";
const ADD: &str =
    "INSERT INTO charts (id, venue_id, name, version, seats, document, geometry, geometry_br, geometry_hash, notes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

fn stored(row: &PgRow) -> Result<StoredChart, sqlx::Error> {
    Ok(StoredChart {
        id: ChartId(row.try_get("id")?),
        venue: VenueId(row.try_get("venue_id")?),
        name: row.try_get("name")?,
        version: row.try_get::<i32, _>("version")?.unsigned_abs(),
        seats: row.try_get::<i32, _>("seats")?.unsigned_abs(),
        geometry: row.try_get("geometry")?,
        geometry_br: row.try_get("geometry_br")?,
        geometry_hash: row.try_get("geometry_hash")?,
    })
}

fn newest(row: &PgRow) -> Result<Newest, sqlx::Error> {
    Ok(Newest {
        id: ChartId(row.try_get("id")?),
        version: row.try_get::<i32, _>("version")?.unsigned_abs(),
        geometry_hash: row.try_get("geometry_hash")?,
        document: row.try_get("document")?,
    })
}

#[async_trait]
impl ChartStore for PostgresCharts {
    async fn by_id(&self, id: ChartId) -> Result<Option<StoredChart>, Trouble> {
        let row = sqlx::query(BY_ID).bind(id.0).fetch_optional(&self.pool).await.map_err(trouble)?;
        row.as_ref().map(stored).transpose().map_err(trouble)
    }

    async fn by_hash(&self, hash: &str) -> Result<Option<StoredChart>, Trouble> {
        let row = sqlx::query(BY_HASH).bind(hash).fetch_optional(&self.pool).await.map_err(trouble)?;
        row.as_ref().map(stored).transpose().map_err(trouble)
    }

    async fn newest(&self, venue: VenueId, name: &str) -> Result<Option<Newest>, Trouble> {
        let row = sqlx::query(NEWEST).bind(venue.0).bind(name).fetch_optional(&self.pool).await.map_err(trouble)?;
        row.as_ref().map(newest).transpose().map_err(trouble)
    }

    async fn add(&self, chart: &NewChart) -> Result<(ChartId, u32), Trouble> {
        let mut work = begin(&self.pool).await.map_err(trouble)?;
        // Versions are counted under the venue's lock: of two imports at once, one comes after the other.
        sqlx::query("SELECT FROM venues WHERE id = $1 FOR UPDATE")
            .bind(chart.venue.0)
            .execute(&mut *work)
            .await
            .map_err(trouble)?;
        let row = sqlx::query(NEWEST).bind(chart.venue.0).bind(&chart.name).fetch_optional(&mut *work).await;
        let before = row.map_err(trouble)?.as_ref().map(newest).transpose().map_err(trouble)?;
        if let Some(same) = before.as_ref().filter(|newest| newest.document == chart.document) {
            return Ok((same.id, same.version));
        }
        let version = before.map_or(0, |newest| newest.version) + 1;
        sqlx::query(ADD)
            .bind(chart.id.0)
            .bind(chart.venue.0)
            .bind(&chart.name)
            .bind(i32::try_from(version).unwrap_or(i32::MAX))
            .bind(i32::try_from(chart.seats).unwrap_or(i32::MAX))
            .bind(&chart.document)
            .bind(&chart.geometry)
            .bind(&chart.geometry_br)
            .bind(&chart.geometry_hash)
            .bind(&chart.notes)
            .execute(&mut *work)
            .await
            .map_err(trouble)?;
        work.commit().await.map_err(commit_trouble)?;
        Ok((chart.id, version))
    }
}
