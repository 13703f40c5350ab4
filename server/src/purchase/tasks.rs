//! What comes round by itself for the purchase: the sweep, and the provider's news.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Purchase;
use crate::jobs::Task;
use crate::payments::News;
use crate::trouble::Trouble;

/// Orders driven side by side on a provider's news.
const SIDE_BY_SIDE: usize = 8;

/// Tickets for what was paid, and the end of what was not: a loop of its own, for it must not wait behind slow providers.
pub struct Expiry(pub Purchase);

#[async_trait]
impl Task for Expiry {
    fn name(&self) -> &'static str {
        "expiry"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn round(&self) -> Result<(), Trouble> {
        self.0.go_on_by_the_books().await.map(drop)
    }
}

/// Unanswered payments.
pub struct Sweep(pub Purchase);

#[async_trait]
impl Task for Sweep {
    fn name(&self) -> &'static str {
        "orders"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn round(&self) -> Result<(), Trouble> {
        self.0.ask_what_is_due().await.map(drop)
    }
}

/// Reads a provider's news until `stop`. News that are lost are found out by the sweep.
pub async fn read_news(purchase: Purchase, mut inbox: mpsc::Receiver<News>, stop: CancellationToken) {
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(SIDE_BY_SIDE));
    loop {
        let news = tokio::select! {
            () = stop.cancelled() => return,
            news = inbox.recv() => news,
        };
        let Some(news) = news else { return };
        let Ok(turn) = gate.clone().acquire_owned().await else { return };
        let purchase = purchase.clone();
        tokio::spawn(async move {
            if let Err(trouble) = purchase.news(news).await {
                tracing::warn!(order = %news.order, %trouble, "a provider's news could not be acted on; the sweep will");
            }
            drop(turn);
        });
    }
}
