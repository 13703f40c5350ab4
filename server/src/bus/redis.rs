//! The bus over Redis: PUBLISH and SUBSCRIBE, which a cluster carries to every node.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::clients::SubscriberClient;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::Message;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::debts::Debts;
use super::frame::{Frame, Origin};
use super::hub::Hub;
use super::{Bus, Subscription, channel_name};
use crate::stores::redis::{Redis, renew};
use crate::stores::running::Running;
use crate::trouble::Trouble;

/// How long Redis may take to begin or end a subscription.
const SUBSCRIBE_WITHIN: Duration = Duration::from_secs(1);
/// Between attempts to subscribe where one failed.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Between signs of life of the listening connection. One that owes an answer too long is made anew.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_millis(500);
/// Gaps that are told, one with each sign of life, when a connection that was silent speaks again: other nodes of a cluster
/// gave up a frozen one with all that was said meanwhile, and take a moment to speak to it again.
const GAPS_AFTER_SILENCE: u32 = 2;
/// Between looks at whether the connection is up, after its first sign.
const COMING_UP: Duration = Duration::from_millis(2);
/// Channels named in one command.
const AT_ONCE: usize = 500;

/// Hands messages over by way of Redis. Clones are one bus.
#[derive(Clone)]
pub struct RedisBus(Arc<Inner>);

struct Inner {
    mouth: Arc<Mouth>,
    hub: Arc<Hub>,
    listens: Arc<AtomicBool>,
    _running: Vec<Running>,
}

/// Says what others are to hear.
struct Mouth {
    redis: Redis,
    origin: Origin,
    debts: Debts,
}

impl Mouth {
    async fn say(&self, channel: &str, frame: &Frame) -> Result<(), Trouble> {
        let (redis, name) = (&self.redis, self.redis.key(channel));
        redis.ask(redis.pool().next_connected().publish::<(), _, _>(name, frame.encode(self.origin))).await
    }

    async fn pay(&self) {
        while let Some(channel) = self.debts.next() {
            if self.say(&channel, &Frame::LookAgain).await.is_err() {
                return self.debts.owe(channel);
            }
        }
    }
}

impl RedisBus {
    /// A bus over `redis`; `origin` is random and tells this process from others.
    ///
    /// # Errors
    /// [`Trouble::Corrupt`] where the address cannot be read.
    pub fn new(redis: Redis, origin: [u8; 8]) -> Result<Self, Trouble> {
        let hub = Arc::new(Hub::default());
        let listens = Arc::new(AtomicBool::new(false));
        let (client, connection) = redis.subscriber()?;
        // Before the connection comes up, so that its first sign is heard.
        let ear =
            Ear { messages: client.message_rx(), prefix: redis.prefix().to_owned(), origin, hub: Arc::clone(&hub) };
        let keeper = Keeper { client: client.clone(), hub: Arc::clone(&hub), prefix: redis.prefix().to_owned() };
        let reconnected = client.reconnect_rx();
        let mouth = Arc::new(Mouth { redis, origin, debts: Debts::default() });
        let debtor = Arc::clone(&mouth);
        let running = vec![
            connection,
            Running::start(ear.listen()),
            Running::start(keeper.keep(reconnected, Arc::clone(&listens))),
            Running::start(signs_of_life(client, Arc::clone(&hub), Arc::clone(&listens))),
            Running::start(async move {
                loop {
                    tokio::time::sleep(SIGN_OF_LIFE_EVERY).await;
                    debtor.pay().await;
                }
            }),
        ];
        Ok(Self(Arc::new(Inner { mouth, hub, listens, _running: running })))
    }
}

#[async_trait]
impl Bus for RedisBus {
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), Trouble> {
        let (mouth, name) = (&self.0.mouth, channel_name(channel));
        self.0.hub.deliver(channel, &message);
        mouth.debts.noted(name, mouth.say(name, &Frame::of(&message)).await)
    }

    async fn subscribe(&self, channel: &str) -> Subscription {
        self.0.hub.subscribe(channel).await
    }

    fn is_up(&self) -> bool {
        self.0.listens.load(Ordering::Relaxed) && self.0.mouth.redis.health().is_ok()
    }
}

/// Hands on what arrives.
struct Ear {
    messages: Receiver<Message>,
    prefix: String,
    origin: Origin,
    hub: Arc<Hub>,
}

impl Ear {
    async fn listen(mut self) {
        loop {
            match self.messages.recv().await {
                Ok(message) => self.hear(&message),
                Err(RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "messages came faster than they could be handed on");
                    self.hub.gap_everywhere();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn hear(&self, message: &Message) {
        let Some(channel) = message.channel.strip_prefix(self.prefix.as_str()) else { return };
        let bytes = message.value.as_bytes().map(Bytes::copy_from_slice).unwrap_or_default();
        match Frame::decode(bytes) {
            (origin, _) if origin == self.origin => {}
            (_, Frame::Message(message)) => self.hub.deliver(channel, &message),
            (_, Frame::LookAgain) => self.hub.gap(channel),
        }
    }
}

/// Keeps Redis's list of our channels equal to the hub's.
struct Keeper {
    client: SubscriberClient,
    hub: Arc<Hub>,
    prefix: String,
}

impl Keeper {
    async fn keep<S: Clone>(self, mut reconnected: Receiver<S>, listens: Arc<AtomicBool>) {
        let mut subscribed = HashSet::new();
        let mut again = false;
        loop {
            tokio::select! {
                biased;
                sign = reconnected.recv() => {
                    if matches!(sign, Err(RecvError::Closed)) {
                        return;
                    }
                    // A cluster's connections come up one by one, and each gives a sign.
                    while !self.client.is_connected() {
                        tokio::time::sleep(COMING_UP).await;
                    }
                    while matches!(reconnected.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
                    // A new connection knows nothing of the old one's subscriptions.
                    subscribed.clear();
                    self.hub.none_in_force();
                    listens.store(true, Ordering::Relaxed);
                }
                () = self.hub.changed.notified() => {}
                () = tokio::time::sleep(TRY_AGAIN_AFTER), if again => {}
            }
            again = !self.bring_in_line(&mut subscribed).await;
        }
    }

    /// True where nothing is left to do.
    async fn bring_in_line(&self, subscribed: &mut HashSet<String>) -> bool {
        let wanted = self.hub.channels();
        let known: HashSet<&String> = wanted.iter().map(|(name, _)| name).collect();
        let unwanted: Vec<String> = subscribed.iter().filter(|name| !known.contains(name)).cloned().collect();
        let missing: Vec<&String> =
            wanted.iter().map(|(name, _)| name).filter(|name| !subscribed.contains(*name)).collect();
        for names in missing.chunks(AT_ONCE) {
            let channels: Vec<String> = names.iter().map(|name| format!("{}{name}", self.prefix)).collect();
            if !self.subscribed(channels).await {
                return false;
            }
            subscribed.extend(names.iter().map(|name| (*name).clone()));
        }
        for (name, in_force) in &wanted {
            if !in_force {
                self.hub.in_force(name);
            }
        }
        for names in unwanted.chunks(AT_ONCE) {
            subscribed.retain(|name| !names.contains(name));
            let channels: Vec<String> = names.iter().map(|name| format!("{}{name}", self.prefix)).collect();
            // Where that fails, messages arrive that nobody listens to.
            let _ = tokio::time::timeout(SUBSCRIBE_WITHIN, self.client.unsubscribe(channels)).await;
        }
        true
    }

    /// The driver calls a SUBSCRIBE done when it is written. So Redis is asked about the channels on the same
    /// connection: when that is answered, the subscription is in force.
    async fn subscribed(&self, channels: Vec<String>) -> bool {
        let asked = async {
            self.client.subscribe(channels.clone()).await?;
            self.client.pubsub_numsub::<HashMap<String, u64>, _>(channels.clone()).await
        };
        match tokio::time::timeout(SUBSCRIBE_WITHIN, asked).await {
            Ok(Ok(count)) => channels.iter().all(|channel| count.get(channel).is_some_and(|count| *count > 0)),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a subscription at Redis failed; it is tried again");
                false
            }
            Err(_) => false,
        }
    }
}

/// Asks for signs of life: a connection that only listens would not notice that nobody speaks any more.
async fn signs_of_life(client: SubscriberClient, hub: Arc<Hub>, listens: Arc<AtomicBool>) {
    let (mut silent, mut gaps) = (0, 0);
    loop {
        tokio::time::sleep(SIGN_OF_LIFE_EVERY).await;
        let connected = client.is_connected();
        // A question that goes to the node of a cluster that the subscriptions are at.
        let asked = tokio::time::timeout(SUBSCRIBE_WITHIN, client.pubsub_numpat::<u64>());
        let alive = connected && matches!(asked.await, Ok(Ok(_)));
        listens.store(alive, Ordering::Relaxed);
        let mute = connected && !alive && client.is_connected();
        if mute {
            gaps = GAPS_AFTER_SILENCE;
        } else if alive && gaps > 0 {
            gaps -= 1;
            hub.gap_everywhere();
        }
        silent = if mute { silent + 1 } else { 0 };
        if silent > 1 {
            silent = 0;
            renew(&client).await;
        }
    }
}
