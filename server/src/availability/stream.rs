//! One who listens: what is asked for, and the two ways to get it, a socket of one's own or an ordinary body.

use std::convert::Infallible;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::availability::Position;
use futures::{Stream, stream};
use tokio::time::{Instant, timeout_at};

use super::broadcast::{Joining, Topic};
use super::doors::Guest;
use super::frame::{Frame, HEARTBEAT};
use super::projection::Listening;
use super::{Availability, Full, Wants};

/// Silence after which a body is sent a heartbeat.
const QUIET: Duration = Duration::from_secs(15);
/// Browsers that lost the stream come back after so many milliseconds, and up to [`SPREAD`] more: not all at once.
const COME_BACK: usize = 1_000;
/// See [`COME_BACK`].
const SPREAD: usize = 4_000;

/// What somebody wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// All of it, or the counts.
    pub wants: Wants,
    /// What is known already.
    pub after: Option<Position>,
}

/// A stream that was granted and has not begun.
#[derive(Debug)]
pub struct Listener {
    pub(super) house: Availability,
    pub(super) ask: Ask,
    pub(super) guest: Guest,
    pub(super) listening: Listening,
    pub(super) number: usize,
}

impl Listener {
    fn retry(&self) -> String {
        // Strides through the span: neighbours in time come back far apart.
        format!("retry: {}\n\n", COME_BACK + self.number.wrapping_mul(1_531) % SPREAD)
    }

    /// Begins on a socket that nothing else uses any more: `head` is the answer's head, which promises chunks. Never
    /// waits; the socket must not block. It is closed where nothing writes to sockets any more, or the event is not shown any
    /// more: its browser comes back.
    pub fn onto(self, socket: TcpStream, head: &[u8]) {
        let retry = self.retry();
        let Self { house, ask, guest, listening, .. } = self;
        let projection = Arc::clone(&listening);
        let topic = Topic { event: projection.event, wants: ask.wants };
        let refused = projection.while_still(ask.wants, ask.after, |frames, seen| {
            let mut first = vec![Bytes::copy_from_slice(head), Frame::of(&retry).chunk().clone()];
            first.extend(frames.iter().map(|frame| frame.chunk().clone()));
            let guard = Box::new((guest, listening));
            house.broadcaster().join(Joining { topic, socket, first, seen, guard }).err()
        });
        // Its guard locks the projection.
        drop(refused);
    }

    /// Begins as a body of events, which keeps its connection busy for as long as it lasts.
    ///
    /// # Errors
    /// As many listen in this way as may.
    pub fn into_body(mut self) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + Send, Full> {
        self.guest.take_body()?;
        let moves = self.listening.moves();
        let closing = self.house.closing();
        Ok(stream::unfold((self, None::<Position>, moves), move |(listener, known, mut moves)| {
            let closing = closing.clone();
            async move {
                let Some(mut position) = known else {
                    moves.mark_unchanged();
                    if listener.listening.has_ended() {
                        return None;
                    }
                    let (frames, position) = listener.listening.greet(listener.ask.wants, listener.ask.after);
                    let hello = [Bytes::from(listener.retry()), text(&frames)].concat();
                    return Some((Ok(Bytes::from(hello)), (listener, Some(position), moves)));
                };
                let quiet = Instant::now() + QUIET;
                loop {
                    let moved = tokio::select! {
                        () = closing.cancelled() => return None,
                        moved = timeout_at(quiet, moves.changed()) => moved,
                    };
                    let next = match moved {
                        Ok(Ok(())) if listener.listening.has_ended() => return None,
                        Ok(Ok(())) => {
                            let frames;
                            (frames, position) = listener.listening.news(listener.ask.wants, position);
                            text(&frames)
                        }
                        Ok(Err(_)) => return None,
                        Err(_) => Bytes::from_static(HEARTBEAT.as_bytes()),
                    };
                    if !next.is_empty() {
                        return Some((Ok(next), (listener, Some(position), moves)));
                    }
                }
            }
        }))
    }
}

/// The events of all of them; the same memory where it is one.
fn text(frames: &[Frame]) -> Bytes {
    match frames {
        [one] => one.text(),
        many => Bytes::from(many.iter().map(Frame::text).collect::<Vec<_>>().concat()),
    }
}
