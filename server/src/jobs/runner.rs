//! The loops: drain the outbox topic by topic, run what comes round, stop when told. No loop waits for another's work,
//! and a panic in one piece of work ends that piece alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store::{Handler, Message, OutboxStore};
use super::{HOPELESS_PAUSE, pause_after};
use crate::trouble::Trouble;

/// How often the outbox is looked at when it was empty.
const IDLE: Duration = Duration::from_millis(250);
/// How long one message may take, and one round of a task that says nothing else.
const AT_MOST: Duration = Duration::from_secs(50);

/// Something that comes round by itself.
#[async_trait]
pub trait Task: Send + Sync + 'static {
    /// For the log.
    fn name(&self) -> &'static str;

    /// The pause between two rounds.
    fn every(&self) -> Duration;

    /// How long one round may take; then it is broken off.
    fn within(&self) -> Duration {
        AT_MOST
    }

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
        for handler in self.handlers {
            loops.spawn(drain(Arc::clone(&self.outbox), handler, stop.clone()));
        }
        while loops.join_next().await.is_some() {}
    }

    /// Handles what is due now, of each topic as many as it handles side by side; answers how many messages that was.
    ///
    /// # Errors
    /// [`Trouble`] of the outbox. A handler's trouble is written to its message.
    pub async fn drain_once(&self) -> Result<usize, Trouble> {
        let mut handled = 0;
        for handler in &self.handlers {
            handled += drain_topic(&self.outbox, handler).await?;
        }
        Ok(handled)
    }
}

/// One topic's loop: a topic that is slow delays no other.
async fn drain(outbox: Arc<dyn OutboxStore>, handler: Arc<dyn Handler>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let handled = drain_topic(&outbox, &handler).await.unwrap_or_else(|trouble| {
            tracing::warn!(topic = handler.topic(), %trouble, "the outbox cannot be read; it will be tried again");
            0
        });
        if handled < handler.side_by_side() as usize {
            pause(&stop, IDLE).await;
        }
    }
}

/// Takes no more than can begin at once, so that no lease runs out in a queue. Messages about the same subject keep
/// their order: the later one must not be overtaken by what the earlier one read.
async fn drain_topic(outbox: &Arc<dyn OutboxStore>, handler: &Arc<dyn Handler>) -> Result<usize, Trouble> {
    let messages = outbox.take(handler.topic(), handler.side_by_side()).await?;
    let taken = messages.len();
    let mut subjects: BTreeMap<Uuid, Vec<Message>> = BTreeMap::new();
    for message in messages {
        subjects.entry(message.subject).or_default().push(message);
    }
    let mut side_by_side = JoinSet::new();
    for messages in subjects.into_values() {
        let (outbox, handler) = (Arc::clone(outbox), Arc::clone(handler));
        side_by_side.spawn(async move {
            for message in messages {
                handle_one(&*outbox, &handler, message).await;
            }
        });
    }
    while let Some(ended) = side_by_side.join_next().await {
        if let Err(error) = ended {
            tracing::error!(topic = handler.topic(), %error, "messages were left; they come back");
        }
    }
    Ok(taken)
}

/// Handles one message and writes down what came of it. A note that cannot be written brings the message back when its
/// lease ends, which handlers bear.
async fn handle_one(outbox: &dyn OutboxStore, handler: &Arc<dyn Handler>, message: Message) {
    let (topic, id, attempts) = (handler.topic(), message.id, message.attempts);
    let worker = Arc::clone(handler);
    let handled = apart(async move { tokio::time::timeout(AT_MOST, worker.handle(&message)).await }).await;
    let noted = match handled {
        Ok(Ok(Ok(()))) => outbox.done(id).await,
        other => {
            let (failure, wait) = match other {
                // What cannot succeed is kept for a person to see, and tried again in case one has mended it.
                Ok(Ok(Err(trouble))) if !trouble.retryable() => (trouble.to_string(), HOPELESS_PAUSE),
                Ok(Ok(Err(trouble))) => (trouble.to_string(), pause_after(attempts)),
                Ok(_) => ("took too long".into(), pause_after(attempts)),
                Err(panic) => (panic, pause_after(attempts)),
            };
            tracing::warn!(topic, id, attempts, failure, "a message failed");
            outbox.failed(id, &failure, wait).await
        }
    };
    if let Err(trouble) = noted {
        tracing::warn!(topic, id, %trouble, "what came of a message could not be written; it comes back");
    }
}

/// Runs `work` as a task of its own, so that its panic is words here; whoever drops this call ends the work.
async fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, String> {
    let mut alone = JoinSet::new();
    alone.spawn(work);
    alone.join_next().await.map_or_else(|| Err("nothing ran".into()), |ended| ended.map_err(|error| error.to_string()))
}

async fn come_round(task: Arc<dyn Task>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let worker = Arc::clone(&task);
        match apart(async move { tokio::time::timeout(worker.within(), worker.round()).await }).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(trouble))) => tracing::warn!(task = task.name(), %trouble, "a round failed"),
            Ok(Err(_)) => tracing::warn!(task = task.name(), "a round took too long"),
            Err(panic) => tracing::error!(task = task.name(), panic, "a round broke off"),
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
