//! Charts in memory, for tests.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::ids::{ChartId, VenueId};

use super::store::{ChartStore, NewChart, Newest, StoredChart};
use crate::trouble::Trouble;

/// Charts that vanish with the process.
#[derive(Debug, Default)]
pub struct MemoryCharts {
    kept: Mutex<Vec<(NewChart, u32)>>,
}

impl MemoryCharts {
    fn find(&self, wanted: impl Fn(&NewChart) -> bool) -> Option<(NewChart, u32)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter(|(chart, _)| wanted(chart)).max_by_key(|(_, version)| *version).cloned()
    }
}

fn stored((chart, version): (NewChart, u32)) -> StoredChart {
    let NewChart { id, venue, name, seats, geometry, geometry_br, geometry_hash, .. } = chart;
    StoredChart { id, venue, name, version, seats, geometry, geometry_br, geometry_hash }
}

#[async_trait]
impl ChartStore for MemoryCharts {
    async fn by_id(&self, id: ChartId) -> Result<Option<StoredChart>, Trouble> {
        Ok(self.find(|chart| chart.id == id).map(stored))
    }

    async fn by_hash(&self, hash: &str) -> Result<Option<StoredChart>, Trouble> {
        Ok(self.find(|chart| chart.geometry_hash == hash).map(stored))
    }

    async fn newest(&self, venue: VenueId, name: &str) -> Result<Option<Newest>, Trouble> {
        let newest = self.find(|chart| chart.venue == venue && chart.name == name);
        Ok(newest.map(|(chart, version)| Newest {
            id: chart.id,
            version,
            geometry_hash: chart.geometry_hash,
            document: chart.document,
        }))
    }

    async fn add(&self, chart: &NewChart) -> Result<(ChartId, u32), Trouble> {
        let newest = self.newest(chart.venue, &chart.name).await?;
        if let Some(same) = newest.as_ref().filter(|newest| newest.document == chart.document) {
            return Ok((same.id, same.version));
        }
        let version = newest.map_or(0, |newest| newest.version) + 1;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push((chart.clone(), version));
        Ok((chart.id, version))
    }
}
