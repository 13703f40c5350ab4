//! The cluster is gone while the shop is open, or too few of its nodes are left: new holds pause and say so, open
//! checkouts end as if nothing were, and all goes on by itself when the cluster is back.

use std::sync::Arc;
use std::time::Duration;

use parterre::checker::check;
use parterre::stores::cql::connect::Settings;
use parterre::test_support::cassandra::three::{Three, stage};
use parterre::test_support::house::with_holds;
use parterre::test_support::steady::{Late, always, always_same, steady};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::proxy::Between;
use crate::shop::Open;
use crate::store;

/// A pause is told within two seconds, also to whoever's write was on its way when the cluster fell silent.
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// What a machine that does other things may add.
const BUSY: Duration = Duration::from_millis(500);
const BACK_WITHIN: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
enum Gone {
    /// Connections break, and new ones are refused.
    Cut,
    /// Connections stay and nothing is ever answered.
    Silent,
}

/// A shop on the cluster, another server of it, a buyer who holds seats and has an order for them, and one who is still
/// typing, both at the first.
struct Evening {
    open: Open,
    other: Open,
    hold: Value,
    order: Value,
    typing: Value,
    late: Late,
}

impl Evening {
    async fn on(settings: &Settings) -> Self {
        let open = Open::on(with_holds(Arc::new(store(settings).await)).await).await;
        let other = Open::on(open.house.beside_over(Arc::new(store(settings).await)).await).await;
        // It knows the event, as a server that sells does.
        let looked = other.hold(1).await.json().await.unwrap();
        other.lets_go(&looked).await;
        let hold: Value = open.hold(2).await.json().await.unwrap();
        let order = open.order(&hold).await;
        let typing: Value = open.hold(2).await.json().await.unwrap();
        Self { open, other, hold, order, typing, late: Late::default() }
    }

    async fn paused(&self) {
        let asked = Instant::now();
        let answer = self.open.hold(2).await;
        let told = asked.elapsed();
        println!("a hold is paused after {told:?}");
        nobody_knows(&answer);
        self.late.note("to tell of a pause", told, TOLD_WITHIN + BUSY);
    }

    /// The cluster is gone: whoever asks is told so, who has an order pays at any server, and who has a basket orders and pays
    /// at the one that granted it. Another one cannot know whose seats these are: it says so, and does nothing.
    async fn goes_on(&self) {
        let later = async {
            sleep(Duration::from_millis(200)).await;
            for _ in 0..2 {
                self.paused().await;
            }
        };
        tokio::join!(self.paused(), later);
        // Its time is in the books, which can be given more of it.
        let extend = format!("/holds/{}/extend", self.hold["id"].as_str().unwrap());
        let longer = self.other.post(&extend, &self.hold, json!({})).await;
        assert!(longer["expires_at"].as_str() > self.order["expires_at"].as_str(), "{longer} {}", self.order);
        self.other.pays(&self.hold, &self.order).await;
        nobody_knows(&self.other.try_to_order(&self.typing).await);
        // Who has typed it all by now buys as well: the house granted the seats itself.
        let order = self.open.order(&self.typing).await;
        self.open.pays(&self.typing, &order).await;
        let ready = self.open.ready().await;
        assert_eq!((&ready["status"], &ready["stores"]["postgres"]), (&json!("degraded"), &json!("ready")), "{ready}");
    }

    /// The cluster is back: seats are held again without anybody's doing, and nothing is wrong in the books.
    async fn ends(self) {
        let back = Instant::now();
        loop {
            let answer = self.open.hold(2).await;
            if answer.status().is_success() {
                break;
            }
            let told = answer.text().await.unwrap_or_default();
            assert!(back.elapsed() < BACK_WITHIN, "a minute after the cluster was back: {told}");
            sleep(Duration::from_millis(200)).await;
        }
        println!("holds again {:?} after the cluster was back", back.elapsed());
        always_same(check(&self.open.house.database.pool).await.unwrap(), [], "what is wrong in the books");
        self.late.is_nothing();
    }
}

/// What a server says that cannot ask, however late: neither that it is done nor that it is lost.
fn nobody_knows(answer: &Response) {
    always_same(answer.status().as_u16(), 503, "what is told where nobody knows");
    always(answer.headers().contains_key("retry-after"), format_args!("nobody is asked back: {:?}", answer.headers()));
}

async fn story(gone: Gone) {
    let stage = stage().await;
    let mut between = Between::start(&stage.keyspace.settings).await;
    let evening = Evening::on(&between.settings).await;
    match gone {
        Gone::Cut => between.cut(),
        Gone::Silent => between.freeze(),
    }
    evening.goes_on().await;
    between.mend();
    evening.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_breaks_off_pauses_holds_and_lets_checkouts_pay() {
    steady(async || story(Gone::Cut).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_falls_silent_pauses_holds_and_lets_checkouts_pay() {
    steady(async || story(Gone::Silent).await).await;
}

/// Three nodes, of which one after the other is killed.
async fn fewer_and_fewer() {
    let mut three = Three::start().await;
    let keyspace = three.keyspace().await;
    let evening = Evening::on(&keyspace.settings).await;
    // Two of three still decide. Whoever was on the way to the third may hear that nobody knows, and asks again.
    three.signal(2, "-KILL");
    let held = async {
        while !evening.open.hold(1).await.status().is_success() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(BACK_WITHIN, held).await.expect("one node of three is missed by nobody");
    // One is too few.
    three.signal(1, "-KILL");
    evening.goes_on().await;
    three.signal(0, "-KILL");
    evening.paused().await;
    three.restart().await;
    evening.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_die_one_by_one_pause_holds_once_they_are_too_few_and_let_checkouts_pay() {
    steady(fewer_and_fewer).await;
}
