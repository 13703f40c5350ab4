//! Whoever shows events hears when a sale is stopped or goes on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::EventId;

use super::shared;
use crate::catalog::cached::{Changed, Lanes};
use crate::checker::Hears;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::jobs::Task;
use crate::stores::postgres::Pool;
use crate::trouble::Trouble;

/// How long a command waits for Redis to be there.
const REDIS_WITHIN: Duration = Duration::from_secs(2);

/// What all processes keep of events. Each of them keeps an answer for a second more.
#[derive(Clone)]
pub(super) struct Sales(pub(super) Lanes);

impl Sales {
    /// For a command, which ends as soon as it has said what it has to say.
    pub(super) async fn open(config: &Config, pool: &Pool) -> Result<Self, Trouble> {
        let redis = shared::redis(config)?;
        if let Some(redis) = &redis {
            // Where it is away, `sale_changed` says so.
            let _ = redis.answers(REDIS_WITHIN).await;
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Ok(Self(shared::events(redis.as_ref(), pool, pool, &clock)))
    }
}

#[async_trait]
impl Hears for Sales {
    async fn sale_changed(&self, event: EventId) -> bool {
        self.0.changed(event, Changed::Sale).await
    }
}

#[async_trait]
impl Task for Sales {
    fn name(&self) -> &'static str {
        "changes that the cache did not hear"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn round(&self) -> Result<(), Trouble> {
        self.0.again().await;
        Ok(())
    }
}
