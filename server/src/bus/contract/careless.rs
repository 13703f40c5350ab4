//! Buses between processes that are careless on purpose about what was lost on the way: who listens must notice.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::remote::{a_debt_is_paid, after_a_break};
use super::*;
use crate::trouble::Trouble;

/// While it is cut, messages are refused and forgotten; when it is back, nobody is told that any were missed.
#[derive(Default)]
struct Careless {
    inner: MemoryBus,
    cut: AtomicBool,
}

#[async_trait]
impl Bus for Careless {
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), Trouble> {
        if self.cut.load(Ordering::SeqCst) {
            return Err(Trouble::Unconfirmed { what: "the bus", detail: "cut".into() });
        }
        self.inner.publish(channel, message).await
    }

    async fn subscribe(&self, channel: &str) -> Subscription {
        self.inner.subscribe(channel).await
    }

    fn is_up(&self) -> bool {
        !self.cut.load(Ordering::SeqCst)
    }
}

/// Two processes, both of which listen; what one of them said was lost, and all is well again.
async fn after_a_loss() -> (Two, [Subscription; 2]) {
    let bus = Arc::new(Careless::default());
    let patience = Duration::from_millis(50);
    let (here, there): (Arc<dyn Bus>, Arc<dyn Bus>) = (bus.clone(), bus.clone());
    let two = Two { patience, ..Two::new(here, there, "careless") };
    let ears = [two.here.subscribe(&two.channel).await, two.there.subscribe(&two.channel).await];
    bus.cut.store(true, Ordering::SeqCst);
    assert!(two.here.publish(&two.channel, Bytes::from_static(b"lost")).await.is_err());
    bus.cut.store(false, Ordering::SeqCst);
    (two, ears)
}

#[tokio::test]
#[should_panic(expected = "nothing is heard")]
async fn a_bus_that_forgets_its_debts_is_found_out() {
    let (two, [_, far]) = after_a_loss().await;
    a_debt_is_paid(&two, far).await;
}

#[tokio::test]
#[should_panic(expected = "Gap")]
async fn a_bus_that_comes_back_without_a_gap_is_found_out() {
    let (two, [mut near, mut far]) = after_a_loss().await;
    two.say(b"as if nothing had been").await;
    after_a_break(&two, &mut near, &mut far).await;
}
