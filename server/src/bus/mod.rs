//! News between the processes of one shop: what one publishes, every subscriber of the channel hears, in all of them.
//!
//! The bus is fast and forgetful. It may lose messages (a connection broke, a subscriber was slow), but never in
//! silence: the subscriber then hears [`Heard::Gap`], and reads again from the store whose changes the channel tells.
//! So a subscriber works in this order:
//!
//! ```text
//! let mut news = bus.subscribe("inventory:{EVENT}").await;
//! load();
//! loop {
//!     match news.next().await {
//!         Heard::Message(bytes) => merge(bytes),
//!         Heard::Gap => load(),
//!     }
//! }
//! ```
//!
//! Messages of one publisher come in its order; those of several may cross, so a message should carry the version of
//! what it tells about. Nothing is decided by what the bus says.

#[cfg(test)]
mod contract;
mod debts;
mod frame;
mod hub;
pub mod memory;
pub mod postgres;
pub mod redis;

pub use hub::Subscription;

use async_trait::async_trait;
use bytes::Bytes;

use crate::trouble::Trouble;

/// Longest message, in bytes. A longer one reaches its subscribers as a gap: look again.
pub const MAX_MESSAGE: usize = 32 * 1024;
/// Longest name of a channel, in bytes. A longer one is cut; names are the program's own, never a visitor's.
pub const MAX_CHANNEL: usize = 120;
/// Messages that wait for a subscriber, at most. One that falls behind further loses them and hears a gap instead.
pub const MAX_WAITING: usize = 4096;

/// What a subscriber hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// What somebody published.
    Message(Bytes),
    /// Messages may have been lost: read again from the store.
    Gap,
}

/// Carries messages between processes.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Sends `message` to every subscriber of `channel`. Those of this process hear it even where the others cannot be
    /// reached.
    ///
    /// # Errors
    /// Trouble on the way to the other processes. They hear a gap as soon as they are reached again, so there is no
    /// need to repeat it.
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), Trouble>;

    /// Listens to `channel`. Whatever is published after this returned is heard, or a gap is. Never waits long: where
    /// the bus is down, the subscription begins later by itself, with a gap.
    async fn subscribe(&self, channel: &str) -> Subscription;

    /// Whether other processes can be heard now, as far as one knows.
    fn is_up(&self) -> bool;
}

/// The name as it is used: cut to [`MAX_CHANNEL`] bytes.
fn channel_name(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_CHANNEL)]
}
