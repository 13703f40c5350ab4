//! The outbox as its readers see it.

use async_trait::async_trait;
use uuid::Uuid;

use crate::trouble::Trouble;

/// Something to be done after a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number.
    pub id: i64,
    /// Which handler.
    pub topic: String,
    /// What it is about.
    pub subject: Uuid,
    /// How often it was taken, this time included.
    pub attempts: u32,
}

/// Where messages wait.
#[async_trait]
pub trait OutboxStore: Send + Sync + 'static {
    /// Takes due messages of a topic, oldest first, for [`super::LEASE`]: nobody else gets them meanwhile.
    async fn take(&self, topic: &'static str, limit: u32) -> Result<Vec<Message>, Trouble>;

    /// It is done; never again.
    async fn done(&self, message: i64) -> Result<(), Trouble>;

    /// It failed: again after `pause` milliseconds.
    async fn failed(&self, message: i64, why: &str, pause: i64) -> Result<(), Trouble>;

    /// Deletes what was done longer than [`super::KEPT_FOR`] ago; answers how many messages.
    async fn forget(&self) -> Result<u64, Trouble>;
}

/// Does what messages of one topic ask for. Safe to run twice for the same message.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The topic.
    fn topic(&self) -> &'static str;

    /// How many messages may be handled at the same time, one at least. Those about the same subject never are.
    fn side_by_side(&self) -> u32 {
        1
    }

    /// Does it. An error brings the message back later.
    async fn handle(&self, message: &Message) -> Result<(), Trouble>;
}
