//! Server-sent events as bytes: written once, shared by whoever listens.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::availability::Position;

use super::seen::Seen;

/// What keeps a silent connection from being taken for a dead one, by proxies and by pages: an event, as browsers hide
/// comments from their pages.
pub(super) const HEARTBEAT: &str = "event: beat\ndata:\n\n";

/// Some events, framed as one chunk of HTTP/1.1 (RFC 9112, 7.1) so that sockets get the very bytes.
#[derive(Clone, Debug)]
pub struct Frame {
    chunk: Bytes,
    before: usize,
}

impl Frame {
    /// Of events as text, each with its empty line.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut chunk = format!("{:x}\r\n", text.len()).into_bytes();
        let before = chunk.len();
        chunk.extend_from_slice(text.as_bytes());
        chunk.extend_from_slice(b"\r\n");
        Self { chunk: Bytes::from(chunk), before }
    }

    /// The chunk.
    #[must_use]
    pub fn chunk(&self) -> &Bytes {
        &self.chunk
    }

    /// The events alone; the same memory.
    #[must_use]
    pub fn text(&self) -> Bytes {
        self.chunk.slice(self.before..self.chunk.len() - 2)
    }
}

/// The last chunk of a body.
pub(super) const END: &[u8] = b"0\r\n\r\n";

/// `event: delta`: what changed, in base64, and where that leads to.
pub(super) fn delta(to: Position, bytes: &[u8]) -> String {
    format!("id: {to}\nevent: delta\ndata: {}\n\n", STANDARD.encode(bytes))
}

/// `event: state`: all of it, `bytes` being the snapshot's, in base64; deltas go on from `at`.
pub(super) fn state(at: Position, bytes: &[u8]) -> String {
    format!("id: {at}\nevent: state\ndata: {}\n\n", STANDARD.encode(bytes))
}

/// `event: snapshot`, behind each `state`, for readers that do not know the latter: fetch the snapshot again.
pub(super) fn snapshot(at: Position) -> String {
    format!("id: {at}\nevent: snapshot\ndata: {at}\n\n")
}

/// `event: left`: places left in all and by tier, as JSON.
pub(super) fn left(seen: &Seen) -> String {
    let tiers: serde_json::Map<_, _> =
        seen.left.iter().map(|(tier, left)| (tier.to_string(), serde_json::Value::from(*left))).collect();
    let json = serde_json::json!({ "total": seen.total_left(), "tiers": tiers });
    format!("id: {}\nevent: left\ndata: {json}\n\n", seen.message.position())
}
