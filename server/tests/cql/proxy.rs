//! A proxy between the store and each of its nodes, which loses, delays and falsifies on command.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use parterre::stores::cql::connect::Settings;
use scylla_proxy::{
    Condition, Node, Proxy, Reaction as _, RequestFrame, RequestOpcode, RequestReaction, RequestRule, ResponseFrame,
    ResponseOpcode, ResponseReaction, ResponseRule, RunningProxy, ShardAwareness, TargetShard, example_db_errors,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What turns an answer into an error. The error's type is the proxy's own.
macro_rules! lie {
    ($error:expr) => {{
        let falsify = |frame: ResponseFrame| {
            ResponseFrame::forged_error(frame.params, $error, None).expect("a short sentence fits")
        };
        ResponseReaction::transform_frame(Arc::new(falsify))
    }};
}

/// What the proxy tells of a frame that it did something to.
type Met<F> = (F, Option<TargetShard>);

/// A running proxy.
pub(crate) struct Between {
    proxy: RunningProxy,
    /// What was met with a fault.
    struck: (UnboundedReceiver<Met<RequestFrame>>, UnboundedReceiver<Met<ResponseFrame>>),
    /// As the cluster's, through the proxy.
    pub(crate) settings: Settings,
}

/// What the proxy does to some of what passes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// A conditional write happens, and its answer says that it timed out.
    TimedOut,
    /// A conditional write happens, and its answer says that too few replicas live.
    TooFew,
    /// A conditional write happens, and its answer says that nobody knows (Cassandra's CAS_WRITE_UNKNOWN).
    Unknown,
    /// A conditional write happens, and the connection breaks before its answer.
    Reset,
    /// A request never arrives.
    Dropped,
    /// A request arrives late, some after their sender gave up.
    Delayed,
}

pub(crate) const FAULTS: [Fault; 6] =
    [Fault::TimedOut, Fault::TooFew, Fault::Unknown, Fault::Reset, Fault::Dropped, Fault::Delayed];

impl Between {
    /// Stands before every node of `settings`.
    pub(crate) async fn start(settings: &Settings) -> Self {
        let address = |node: &String| node.parse().expect("the test's nodes have addresses of numbers");
        let real: Vec<SocketAddr> = settings.nodes.iter().map(address).collect();
        // On the nodes' own hosts: the driver takes hosts from the nodes' tables and the port from its first connection.
        let port = free(&real);
        let seen = |real: &SocketAddr| SocketAddr::new(real.ip(), port);
        let nodes = real.iter().map(|real| {
            let node = Node::builder().real_address(*real).proxy_address(seen(real));
            node.shard_awareness(ShardAwareness::Unaware).build()
        });
        let proxy = Proxy::new(nodes).run().await.expect("the proxy starts");
        let nodes = real.iter().map(|real| seen(real).to_string()).collect();
        let struck = (unbounded_channel().1, unbounded_channel().1);
        Self { proxy, struck, settings: Settings { nodes, ..settings.clone() } }
    }

    /// From now on this goes wrong at times.
    pub(crate) fn break_by(&mut self, fault: Fault) {
        let ((asked, requests), (told, responses)) = (unbounded_channel(), unbounded_channel());
        self.struck = (requests, responses);
        let lost =
            |part, what: RequestReaction| RequestRule(work(part), what.with_feedback_when_performed(asked.clone()));
        let falsified = |part, what: ResponseReaction| {
            vec![ResponseRule(judged(part), what.with_feedback_when_performed(told.clone()))]
        };
        for node in &mut self.proxy.running_nodes {
            match fault {
                Fault::TimedOut => {
                    node.change_response_rules(Some(falsified(0.3, lie!(example_db_errors::write_timeout()))));
                }
                Fault::TooFew => {
                    node.change_response_rules(Some(falsified(0.3, lie!(example_db_errors::unavailable()))));
                }
                Fault::Unknown => {
                    node.change_response_rules(Some(falsified(0.3, lie!(example_db_errors::other(0x1700)))));
                }
                Fault::Reset => node.change_response_rules(Some(falsified(0.03, ResponseReaction::drop_connection()))),
                Fault::Dropped => node.change_request_rules(Some(vec![lost(0.03, RequestReaction::drop_frame())])),
                Fault::Delayed => node.change_request_rules(Some(vec![
                    // Longer than anybody waits: it arrives when its sender has long asked what became of it.
                    lost(0.03, RequestReaction::delay(Duration::from_millis(2_300))),
                    lost(0.1, RequestReaction::delay(Duration::from_millis(200))),
                ])),
            }
        }
    }

    /// How many frames met with the fault since it began, or since this was asked.
    pub(crate) fn struck(&mut self) -> usize {
        let mut met = 0;
        while self.struck.0.try_recv().is_ok() || self.struck.1.try_recv().is_ok() {
            met += 1;
        }
        met
    }

    /// From now on all goes well.
    pub(crate) fn mend(&mut self) {
        self.proxy.turn_off_rules();
    }

    /// Breaks every connection there is, and refuses new ones until it is [mended](Self::mend).
    pub(crate) fn cut(&mut self) {
        self.meet_all_with(&RequestReaction::drop_connection());
    }

    /// Says nothing any more, on open connections as on new ones, until it is [mended](Self::mend).
    pub(crate) fn freeze(&mut self) {
        self.meet_all_with(&RequestReaction::drop_frame());
    }

    /// From now on everything is heard this much later.
    pub(crate) fn lag(&mut self, by: Duration) {
        self.meet_all_with(&RequestReaction::delay(by));
    }

    fn meet_all_with(&mut self, reaction: &RequestReaction) {
        for node in &mut self.proxy.running_nodes {
            node.change_request_rules(Some(vec![RequestRule(Condition::True, reaction.clone())]));
        }
    }
}

/// Answers to conditional writes, a part of them. Their first column says what they are.
fn judged(part: f64) -> Condition {
    let applied = Condition::BodyContainsCaseSensitive(b"[applied]".to_vec().into());
    Condition::all([Condition::ResponseOpcode(ResponseOpcode::Result), applied, Condition::RandomWithProbability(part)])
}

/// Reads and writes, a part of them; the driver's own questions are left alone.
fn work(part: f64) -> Condition {
    let asks = Condition::RequestOpcode(RequestOpcode::Execute).or(Condition::RequestOpcode(RequestOpcode::Batch));
    let own = Condition::not(Condition::ConnectionRegisteredAnyEvent);
    Condition::all([asks, own, Condition::RandomWithProbability(part)])
}

/// A port that is free on every one of the hosts.
fn free(hosts: &[SocketAddr]) -> u16 {
    let is_free = |port: &u16| hosts.iter().all(|host| TcpListener::bind((host.ip(), *port)).is_ok());
    let any = || TcpListener::bind((hosts[0].ip(), 0)).and_then(|probe| probe.local_addr());
    let mut ports = (0..50).map(|_| any().expect("a loopback address has a free port").port());
    ports.find(is_free).expect("some port is free on every host")
}
