//! The subscribers of this process: every implementation hands them what arrives.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use super::{Heard, MAX_MESSAGE, MAX_WAITING, channel_name};

/// How long a new subscription waits until it is in force. After that it begins later, with a gap.
const IN_FORCE_WITHIN: Duration = Duration::from_millis(500);

/// Subscribers by channel.
#[derive(Debug, Default)]
pub(super) struct Hub {
    channels: Mutex<Channels>,
    /// Rings when the set of channels has changed.
    pub(super) changed: Notify,
}

#[derive(Debug, Default)]
struct Channels {
    /// Whether a new channel is heard at once.
    always: bool,
    by_name: HashMap<String, Channel>,
}

#[derive(Debug, Default)]
struct Channel {
    in_force: bool,
    queues: Vec<Arc<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<Waiting>,
    rings: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    gap: bool,
    messages: VecDeque<Bytes>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    fn push(&self, message: &Bytes) {
        let mut waiting = lock(&self.state);
        if waiting.messages.len() < MAX_WAITING {
            waiting.messages.push_back(message.clone());
        } else {
            waiting.messages.clear();
            waiting.gap = true;
        }
        drop(waiting);
        self.rings.notify_one();
    }

    /// What waited is moot: the subscriber will read all of it from the store.
    fn gap(&self) {
        let mut waiting = lock(&self.state);
        waiting.messages.clear();
        waiting.gap = true;
        drop(waiting);
        self.rings.notify_one();
    }

    fn take(&self) -> Option<Heard> {
        let mut waiting = lock(&self.state);
        if std::mem::take(&mut waiting.gap) {
            return Some(Heard::Gap);
        }
        waiting.messages.pop_front().map(Heard::Message)
    }
}

impl Hub {
    /// Adds a subscriber. Returns when the subscription is in force, or soon.
    pub(super) async fn subscribe(self: &Arc<Self>, name: &str) -> Subscription {
        let queue = Arc::new(Queue::default());
        let name = channel_name(name).to_owned();
        let in_force = {
            let mut channels = lock(&self.channels);
            let always = channels.always;
            let channel = channels.by_name.entry(name.clone()).or_default();
            channel.in_force |= always;
            channel.queues.push(Arc::clone(&queue));
            channel.in_force
        };
        let subscription = Subscription { hub: Arc::clone(self), name, queue };
        if !in_force {
            self.changed.notify_one();
            // The gap with which a subscription begins says nothing new to whoever has not loaded yet.
            let begun = async {
                while !std::mem::take(&mut lock(&subscription.queue.state).gap) {
                    subscription.queue.rings.notified().await;
                }
            };
            let _ = tokio::time::timeout(IN_FORCE_WITHIN, begun).await;
        }
        subscription
    }

    /// Hands a message to the channel's subscribers; one that is too long as a gap.
    pub(super) fn deliver(&self, name: &str, message: &Bytes) {
        if message.len() > MAX_MESSAGE {
            return self.gap(name);
        }
        self.each(name, |queue| queue.push(message));
    }

    /// Tells the channel's subscribers that they may have missed something.
    pub(super) fn gap(&self, name: &str) {
        self.each(name, Queue::gap);
    }

    /// The channel is listened to from now on: those who waited may begin, the others may have missed something.
    pub(super) fn in_force(&self, name: &str) {
        if let Some(channel) = lock(&self.channels).by_name.get_mut(name) {
            channel.in_force = true;
            channel.queues.iter().for_each(|queue| queue.gap());
        }
    }

    /// As [`Hub::in_force`], for all channels and those to come.
    pub(super) fn all_in_force(&self) {
        let mut channels = lock(&self.channels);
        channels.always = true;
        for channel in channels.by_name.values_mut() {
            channel.in_force = true;
            channel.queues.iter().for_each(|queue| queue.gap());
        }
    }

    /// Nothing is listened to any more.
    pub(super) fn none_in_force(&self) {
        let mut channels = lock(&self.channels);
        channels.always = false;
        channels.by_name.values_mut().for_each(|channel| channel.in_force = false);
    }

    /// Tells everybody.
    pub(super) fn gap_everywhere(&self) {
        lock(&self.channels).by_name.values().flat_map(|channel| &channel.queues).for_each(|queue| queue.gap());
    }

    /// The channels that somebody listens to, and whether they are in force.
    pub(super) fn channels(&self) -> Vec<(String, bool)> {
        lock(&self.channels).by_name.iter().map(|(name, channel)| (name.clone(), channel.in_force)).collect()
    }

    fn each(&self, name: &str, tell: impl Fn(&Queue)) {
        if let Some(channel) = lock(&self.channels).by_name.get(channel_name(name)) {
            channel.queues.iter().for_each(|queue| tell(queue));
        }
    }

    fn leave(&self, name: &str, queue: &Arc<Queue>) {
        let mut channels = lock(&self.channels);
        let Some(channel) = channels.by_name.get_mut(name) else { return };
        channel.queues.retain(|other| !Arc::ptr_eq(other, queue));
        if channel.queues.is_empty() {
            channels.by_name.remove(name);
            drop(channels);
            self.changed.notify_one();
        }
    }
}

/// A place at which a channel is heard. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    hub: Arc<Hub>,
    name: String,
    queue: Arc<Queue>,
}

impl Subscription {
    /// Waits for what comes next. May be dropped while it waits: nothing is lost by that.
    pub async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.queue.take() {
                return heard;
            }
            self.queue.rings.notified().await;
        }
    }

    /// What waits already; `None` where nothing does.
    pub fn waiting(&mut self) -> Option<Heard> {
        self.queue.take()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(&self.name, &self.queue);
    }
}
