//! A proxy between the store and one node, which loses, delays and falsifies on command.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use parterre::stores::cql::connect::Settings;
use scylla_proxy::{
    Condition, Node, Proxy, Reaction as _, RequestOpcode, RequestReaction, RequestRule, ResponseFrame, ResponseOpcode,
    ResponseReaction, ResponseRule, RunningProxy, ShardAwareness, example_db_errors,
};

/// A rule that turns a part of the answers to conditional writes into an error. The error's type is the proxy's own.
macro_rules! lie {
    ($part:expr, $error:expr) => {{
        let falsify = |frame: ResponseFrame| {
            ResponseFrame::forged_error(frame.params, $error, None).expect("a short sentence fits")
        };
        vec![ResponseRule(judged($part), ResponseReaction::transform_frame(Arc::new(falsify)))]
    }};
}

/// A running proxy.
pub(crate) struct Between {
    proxy: RunningProxy,
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
    /// Stands before the first node of `settings`.
    pub(crate) async fn start(settings: &Settings) -> Self {
        let real: SocketAddr = settings.nodes[0].parse().expect("the test's node has an address of numbers");
        // On the node's own host: the driver takes the host from the node's tables and the port from here.
        let seen = free(real.ip());
        let node = Node::builder().real_address(real).proxy_address(seen).shard_awareness(ShardAwareness::Unaware);
        let proxy = Proxy::new([node.build()]).run().await.expect("the proxy starts");
        Self { proxy, settings: Settings { nodes: vec![seen.to_string()], ..settings.clone() } }
    }

    /// From now on this goes wrong at times.
    pub(crate) fn break_by(&mut self, fault: Fault) {
        let node = &mut self.proxy.running_nodes[0];
        match fault {
            Fault::TimedOut => node.change_response_rules(Some(lie!(0.3, example_db_errors::write_timeout()))),
            Fault::TooFew => node.change_response_rules(Some(lie!(0.3, example_db_errors::unavailable()))),
            Fault::Unknown => node.change_response_rules(Some(lie!(0.3, example_db_errors::other(0x1700)))),
            Fault::Reset => {
                node.change_response_rules(Some(vec![ResponseRule(judged(0.03), ResponseReaction::drop_connection())]));
            }
            Fault::Dropped => {
                node.change_request_rules(Some(vec![RequestRule(work(0.03), RequestReaction::drop_frame())]));
            }
            Fault::Delayed => node.change_request_rules(Some(vec![
                // Longer than anybody waits: it arrives when its sender has long asked what became of it.
                RequestRule(work(0.03), RequestReaction::delay(Duration::from_millis(2_300))),
                RequestRule(work(0.1), RequestReaction::delay(Duration::from_millis(200))),
            ])),
        }
    }

    /// From now on all goes well.
    pub(crate) fn mend(&mut self) {
        self.proxy.turn_off_rules();
    }

    /// Breaks every connection there is, and refuses new ones until it is [mended](Self::mend).
    pub(crate) fn cut(&mut self) {
        let node = &mut self.proxy.running_nodes[0];
        node.change_request_rules(Some(vec![RequestRule(Condition::True, RequestReaction::drop_connection())]));
    }

    /// Says nothing any more, on open connections as on new ones, until it is [mended](Self::mend).
    pub(crate) fn freeze(&mut self) {
        let node = &mut self.proxy.running_nodes[0];
        node.change_request_rules(Some(vec![RequestRule(Condition::True, RequestReaction::drop_frame())]));
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

fn free(host: IpAddr) -> SocketAddr {
    let probe = TcpListener::bind((host, 0)).expect("a loopback address has a free port");
    probe.local_addr().expect("it has an address")
}
