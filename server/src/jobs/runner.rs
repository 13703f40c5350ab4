//! The loops: drain the outbox, run what comes round, stop when told.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::store::{Handler, Message, OutboxStore};
use super::{BATCH, HOPELESS_PAUSE, pause_after};
use crate::trouble::Trouble;

/// How often the outbox is looked at when it was empty.
const IDLE: Duration = Duration::from_millis(250);
/// How long one message or one round of a task may take.
const AT_MOST: Duration = Duration::from_secs(50);

/// Something that comes round by itself.
#[async_trait]
pub trait Task: Send + Sync + 'static {
    /// For the log.
    fn name(&self) -> &'static str;

    /// The pause between two rounds.
    fn every(&self) -> Duration;

    /// One round.
    async fn round(&self) -> Result<(), Trouble>;
}

/// The loops of a process.
pub struct Jobs {
    outbox: Arc<dyn OutboxStore>,
    handlers: Vec<Arc<dyn Handler>>,
    tasks: Vec<Arc<dyn Task>>,
}

impl Jobs {
    /// Loops over `outbox`.
    #[must_use]
    pub fn new(outbox: Arc<dyn OutboxStore>) -> Self {
        Self { outbox, handlers: vec![], tasks: vec![] }
    }

    /// Lets `handler` have its topic's messages.
    #[must_use]
    pub fn handle(mut self, handler: impl Handler) -> Self {
        self.handlers.push(Arc::new(handler));
        self
    }

    /// Runs `task` again and again, first at once.
    #[must_use]
    pub fn every(mut self, task: impl Task) -> Self {
        self.tasks.push(Arc::new(task));
        self
    }

    /// Runs until `stop`; a message or round that has begun is finished first.
    pub async fn run(self, stop: CancellationToken) {
        let mut loops = JoinSet::new();
        for task in self.tasks.clone() {
            loops.spawn(come_round(task, stop.clone()));
        }
        let drain = stop.clone();
        loops.spawn(async move {
            while !drain.is_cancelled() {
                let handled = self.drain_once().await.unwrap_or_else(|trouble| {
                    tracing::warn!(%trouble, "the outbox cannot be read; it will be tried again");
                    0
                });
                if handled < BATCH as usize {
                    pause(&drain, IDLE).await;
                }
            }
        });
        while loops.join_next().await.is_some() {}
    }

    /// Handles what is due now; answers how many messages that was.
    ///
    /// # Errors
    /// [`Trouble`] of the outbox. A handler's trouble is written to its message.
    pub async fn drain_once(&self) -> Result<usize, Trouble> {
        let topics: Vec<_> = self.handlers.iter().map(|handler| handler.topic()).collect();
        let messages = self.outbox.take(&topics, BATCH).await?;
        for message in &messages {
            self.handle_one(message).await?;
        }
        Ok(messages.len())
    }

    async fn handle_one(&self, message: &Message) -> Result<(), Trouble> {
        let Some(handler) = self.handlers.iter().find(|handler| handler.topic() == message.topic) else {
            return Ok(());
        };
        let handled = tokio::time::timeout(AT_MOST, handler.handle(message)).await;
        let (failure, wait) = match handled {
            Ok(Ok(())) => return self.outbox.done(message.id).await,
            // What cannot succeed is kept for a person to see, and tried again in case one has mended it.
            Ok(Err(trouble)) if !trouble.retryable() => (trouble.to_string(), HOPELESS_PAUSE),
            Ok(Err(trouble)) => (trouble.to_string(), pause_after(message.attempts)),
            Err(_) => ("took too long".into(), pause_after(message.attempts)),
        };
        tracing::warn!(
            topic = message.topic,
            id = message.id,
            attempts = message.attempts,
            failure,
            "a message failed"
        );
        self.outbox.failed(message.id, &failure, wait).await
    }
}

async fn come_round(task: Arc<dyn Task>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match tokio::time::timeout(AT_MOST, task.round()).await {
            Ok(Ok(())) => {}
            Ok(Err(trouble)) => tracing::warn!(task = task.name(), %trouble, "a round failed"),
            Err(_) => tracing::warn!(task = task.name(), "a round took too long"),
        }
        pause(&stop, task.every()).await;
    }
}

async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
