//! The laws every bus obeys, each written once over two processes' views of it. `bus_laws!` makes one named test of
//! every law for an implementation; `broken.rs` shows each of them able to fail.

mod broken;
mod careless;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::memory::MemoryBus;
use super::{Bus, Heard, MAX_MESSAGE, MAX_WAITING, Subscription};
use crate::test_support::steady::always;

/// One bus as two processes see it, and channels that nobody else uses.
struct Two {
    here: Arc<dyn Bus>,
    there: Arc<dyn Bus>,
    channel: String,
    other: String,
    /// How long one waits for what must come.
    patience: Duration,
}

impl Two {
    fn new(here: Arc<dyn Bus>, there: Arc<dyn Bus>, name: &str) -> Self {
        let (channel, other) = (format!("inventory:{{{name}}}"), format!("inventory:{{{name}-other}}"));
        Self { here, there, channel, other, patience: Duration::from_secs(60) }
    }

    /// What is heard next. What was said and is followed by silence was lost, and nobody hears that it was.
    async fn next(&self, subscription: &mut Subscription) -> Heard {
        let heard = tokio::time::timeout(self.patience, subscription.next()).await;
        always(heard.is_ok(), "nothing is heard any more");
        heard.unwrap_or(Heard::Gap)
    }

    /// That this is heard next.
    async fn hears(&self, subscription: &mut Subscription, expected: Heard) {
        let heard = self.next(subscription).await;
        if heard != expected {
            self.is_owned_up_to(subscription, std::slice::from_ref(&heard)).await;
        }
        assert_eq!(heard, expected);
    }

    /// What is not heard as it was said costs a gap, before it or after it, where a connection was made anew.
    async fn is_owned_up_to(&self, subscription: &mut Subscription, heard: &[Heard]) {
        let mut is_told = heard.contains(&Heard::Gap);
        while !is_told {
            is_told = self.next(subscription).await == Heard::Gap;
        }
    }

    async fn say(&self, text: &[u8]) {
        self.here.publish(&self.channel, Bytes::copy_from_slice(text)).await.unwrap();
    }
}

/// One named test a law.
macro_rules! bus_laws {
    ($two:expr) => {
        bus_laws!(@ $two,
            every_subscriber_hears_every_message, messages_of_one_publisher_keep_their_order,
            channels_do_not_mix, bytes_arrive_as_they_were_sent, a_message_too_long_is_a_gap,
            who_falls_behind_hears_a_gap, whoever_leaves_disturbs_nobody, the_last_to_leave_may_come_back,
        );
    };
    (@ $two:expr, $($law:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $law() {
            // A connection that is silent for seconds is made anew, and whoever listened hears a gap.
            crate::test_support::steady::steady(async || {
                let (two, _keep) = $two.await;
                crate::bus::contract::$law(&two).await;
            })
            .await;
        })+
    };
}

fn message(text: impl AsRef<[u8]>) -> Heard {
    Heard::Message(Bytes::copy_from_slice(text.as_ref()))
}

async fn every_subscriber_hears_every_message(two: &Two) {
    let mut ears = vec![two.here.subscribe(&two.channel).await];
    ears.push(two.there.subscribe(&two.channel).await);
    ears.push(two.there.subscribe(&two.channel).await);
    two.say(b"A1 held").await;
    two.there.publish(&two.channel, Bytes::from_static(b"A2 held")).await.unwrap();
    for (number, ear) in ears.iter_mut().enumerate() {
        let mut both = vec![two.next(ear).await];
        if both[0] != Heard::Gap {
            both.push(two.next(ear).await);
        }
        let has_all = both.contains(&message("A1 held")) && both.contains(&message("A2 held"));
        if !has_all {
            two.is_owned_up_to(ear, &both).await;
        }
        assert!(has_all, "ear {number}: {both:?}");
    }
    // Once, not twice.
    two.say(b"the end").await;
    for ear in &mut ears {
        two.hears(ear, message("the end")).await;
    }
}

async fn messages_of_one_publisher_keep_their_order(two: &Two) {
    let mut ear = two.there.subscribe(&two.channel).await;
    for number in 0_u32..200 {
        two.say(&number.to_be_bytes()).await;
    }
    for number in 0_u32..200 {
        two.hears(&mut ear, message(number.to_be_bytes())).await;
    }
}

async fn channels_do_not_mix(two: &Two) {
    let mut ear = two.there.subscribe(&two.channel).await;
    let mut other = two.there.subscribe(&two.other).await;
    two.here.publish(&two.other, Bytes::from_static(b"for the other")).await.unwrap();
    two.say(b"for the one").await;
    two.hears(&mut ear, message("for the one")).await;
    two.hears(&mut other, message("for the other")).await;
}

async fn bytes_arrive_as_they_were_sent(two: &Two) {
    let mut ear = two.there.subscribe(&two.channel).await;
    let every: Vec<u8> = (0..=255).collect();
    let long: Vec<u8> = every.iter().copied().cycle().take(MAX_MESSAGE).collect();
    for bytes in [&every[..], &[], &[0, 0], "Größe".as_bytes(), &long] {
        two.say(bytes).await;
        two.hears(&mut ear, message(bytes)).await;
    }
}

async fn a_message_too_long_is_a_gap(two: &Two) {
    let (mut near, mut far) = (two.here.subscribe(&two.channel).await, two.there.subscribe(&two.channel).await);
    two.say(&vec![7; MAX_MESSAGE + 1]).await;
    for ear in [&mut near, &mut far] {
        two.hears(ear, Heard::Gap).await;
    }
    two.say(b"short again").await;
    for ear in [&mut near, &mut far] {
        two.hears(ear, message("short again")).await;
    }
}

async fn who_falls_behind_hears_a_gap(two: &Two) {
    let mut slow = two.there.subscribe(&two.channel).await;
    let mut sign = two.there.subscribe(&two.other).await;
    for number in 0..=MAX_WAITING {
        two.there.publish(&two.channel, Bytes::from(number.to_string())).await.unwrap();
    }
    two.there.publish(&two.other, Bytes::from_static(b"said")).await.unwrap();
    two.next(&mut sign).await;
    assert_eq!(two.next(&mut slow).await, Heard::Gap);
    let ends = || two.there.publish(&two.channel, Bytes::from_static(b"the end"));
    ends().await.unwrap();
    loop {
        match two.next(&mut slow).await {
            // It may have been swallowed by this one.
            Heard::Gap => ends().await.unwrap(),
            heard if heard == message("the end") => break,
            Heard::Message(_) => {}
        }
    }
}

async fn whoever_leaves_disturbs_nobody(two: &Two) {
    let leaving = two.there.subscribe(&two.channel).await;
    let mut staying = two.there.subscribe(&two.channel).await;
    drop(leaving);
    two.say(b"still here?").await;
    two.hears(&mut staying, message("still here?")).await;
}

async fn the_last_to_leave_may_come_back(two: &Two) {
    for round in 0..20 {
        let mut ear = two.there.subscribe(&two.channel).await;
        let text = format!("round {round}");
        two.say(text.as_bytes()).await;
        let mut heard = two.next(&mut ear).await;
        // Coming back while the leaving is still on its way may cost a gap, and never a message in silence.
        if heard == Heard::Gap {
            two.say(text.as_bytes()).await;
            heard = two.next(&mut ear).await;
        }
        assert_eq!(heard, message(&text));
    }
}

mod remote;

mod memory {
    use super::*;

    async fn two() -> (Two, ()) {
        let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
        (Two::new(Arc::clone(&bus), bus, "memory"), ())
    }

    bus_laws!(two());
}
