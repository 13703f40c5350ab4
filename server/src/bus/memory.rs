//! The bus of a shop that is one process.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::hub::Hub;
use super::{Bus, Subscription};
use crate::trouble::Trouble;

/// Hands messages over within the process. Clones are one bus.
#[derive(Clone, Debug)]
pub struct MemoryBus {
    hub: Arc<Hub>,
}

impl Default for MemoryBus {
    fn default() -> Self {
        let hub = Arc::new(Hub::default());
        hub.all_in_force();
        Self { hub }
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), Trouble> {
        self.hub.deliver(channel, &message);
        Ok(())
    }

    async fn subscribe(&self, channel: &str) -> Subscription {
        self.hub.subscribe(channel).await
    }

    fn is_up(&self) -> bool {
        true
    }
}
