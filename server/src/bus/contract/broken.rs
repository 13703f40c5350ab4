//! Buses that are broken on purpose: each breaks a law, and the law must notice.

use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::trouble::Trouble;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Deaf,
    Reorders,
    OneChannel,
    Text,
    CutsLong,
    ForgetsInSilence,
    DeafOnceSomebodyLeft,
}

/// Two views of a memory bus, one of which is broken.
struct Broken {
    fault: Fault,
    inner: MemoryBus,
    kept: Mutex<Vec<Bytes>>,
    subscribed: Mutex<usize>,
}

impl Broken {
    fn channel<'a>(&self, channel: &'a str) -> &'a str {
        if self.fault == Fault::OneChannel { "all" } else { channel }
    }

    async fn pass(&self, channel: &str, message: Bytes) -> Result<(), Trouble> {
        self.inner.publish(self.channel(channel), message).await
    }
}

#[async_trait]
impl Bus for Broken {
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), Trouble> {
        match self.fault {
            Fault::Deaf if message.ends_with(b"A2 held") => Ok(()),
            Fault::Reorders => {
                let mut kept = std::mem::take(&mut *self.kept.lock().unwrap());
                kept.push(message);
                if kept.len() < 2 {
                    *self.kept.lock().unwrap() = kept;
                    return Ok(());
                }
                for message in kept.into_iter().rev() {
                    self.pass(channel, message).await?;
                }
                Ok(())
            }
            Fault::Text => {
                let text = String::from_utf8_lossy(&message).into_owned();
                self.pass(channel, Bytes::from(text)).await
            }
            Fault::CutsLong => self.pass(channel, message.slice(..message.len().min(MAX_MESSAGE))).await,
            Fault::ForgetsInSilence => {
                let mut kept = self.kept.lock().unwrap().len();
                if channel.ends_with("-other}") || message == "the end" {
                    kept = 0;
                }
                self.kept.lock().unwrap().push(Bytes::new());
                if kept < MAX_WAITING { self.pass(channel, message).await } else { Ok(()) }
            }
            Fault::DeafOnceSomebodyLeft if *self.subscribed.lock().unwrap() > 1 => Ok(()),
            _ => self.pass(channel, message).await,
        }
    }

    async fn subscribe(&self, channel: &str) -> Subscription {
        *self.subscribed.lock().unwrap() += 1;
        self.inner.subscribe(self.channel(channel)).await
    }

    fn is_up(&self) -> bool {
        true
    }
}

/// One test a broken bus: the law named must fail on it.
macro_rules! noticed {
    ($($fault:ident breaks $law:ident),+ $(,)?) => {
        $(#[tokio::test]
        #[should_panic]
        async fn $law() {
            let bus: Arc<dyn Bus> = Arc::new(Broken {
                fault: Fault::$fault,
                inner: MemoryBus::default(),
                kept: Mutex::default(),
                subscribed: Mutex::default(),
            });
            let patience = Duration::from_millis(50);
            super::$law(&Two { patience, ..Two::new(Arc::clone(&bus), bus, "broken") }).await;
        })+
    };
}

noticed! {
    Deaf breaks every_subscriber_hears_every_message,
    Reorders breaks messages_of_one_publisher_keep_their_order,
    OneChannel breaks channels_do_not_mix,
    Text breaks bytes_arrive_as_they_were_sent,
    CutsLong breaks a_message_too_long_is_a_gap,
    ForgetsInSilence breaks who_falls_behind_hears_a_gap,
    DeafOnceSomebodyLeft breaks whoever_leaves_disturbs_nobody,
    DeafOnceSomebodyLeft breaks the_last_to_leave_may_come_back,
}
