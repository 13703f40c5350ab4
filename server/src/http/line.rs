//! A connection's socket: it knows whether the kernel took all there was, and gives up on whoever takes hardly anything.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// In which time a peer has to take something worth while of what waits for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// That much, in bytes: a tenth of what the slowest telephone takes. Byte by byte a page would last for days.
pub(super) const LEAST: usize = 8 * 1024;
/// How long what was sent may go unacknowledged: a machine that vanished is known for gone then.
#[cfg(target_os = "linux")]
const UNHEARD: Duration = Duration::from_secs(40);
/// Silence after which the peer's machine is asked whether it lives, and between the further questions.
const ALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(15));

/// Makes a fresh socket notice the death of its peer, and send small answers at once. What cannot be set is done without.
pub(super) fn tune(socket: &TcpStream) {
    // Small answers are not to wait for the acknowledgement of earlier ones.
    let _ = socket.set_nodelay(true);
    let socket = SockRef::from(socket);
    let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(ALIVE.0).with_interval(ALIVE.1).with_retries(3));
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(UNHEARD));
}

/// A socket under hyper.
pub(super) struct Line<S> {
    io: S,
    patience: Duration,
    least: usize,
    /// Runs out while the peer takes too little; and the bytes it has taken since it began.
    stuck: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<S> Line<S> {
    /// Gives up on a peer that takes fewer than `least` bytes within `patience` while more wait for it.
    pub(super) fn new(io: S, patience: Duration, least: usize) -> Self {
        Self { io, patience, least, stuck: None }
    }

    /// Whether something waits for the peer.
    pub(super) fn is_blocked(&self) -> bool {
        self.stuck.is_some()
    }

    pub(super) fn into_inner(self) -> S {
        self.io
    }

    fn noted(&mut self, polled: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(taken) = &polled {
            let taken = *taken.as_ref().unwrap_or(&0);
            self.stuck.take_if(|(_, all)| {
                *all += taken;
                *all >= self.least
            });
            return polled;
        }
        let patience = self.patience;
        let (stuck, _) = self.stuck.get_or_insert_with(|| (Box::pin(sleep(patience)), 0));
        stuck.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: Read + Unpin> Read for Line<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl<S: Write + Unpin> Write for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.noted(written, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Whoever flushes has written all there was: nothing waits any more.
        self.stuck = None;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.noted(written, context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncReadExt;

    use super::*;

    /// Writes to a peer that takes `bite` bytes every `pause` until it is given up or a second is over.
    async fn given_up(bite: usize, pause: u64) -> bool {
        let (near, mut far) = tokio::io::duplex(8);
        let mut line = Line::new(TokioIo::new(near), Duration::from_millis(200), 8);
        let written = async {
            loop {
                if let Err(error) = poll_fn(|context| Pin::new(&mut line).poll_write(context, b"12345678")).await {
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    return;
                }
            }
        };
        let taken = async {
            loop {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                far.read_exact(&mut vec![0; bite]).await.unwrap();
            }
        };
        tokio::select! {
            () = written => true,
            () = taken => unreachable!("it has no end"),
            () = tokio::time::sleep(Duration::from_secs(1)) => false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_hardly_anything_is_given_up_and_whoever_takes_enough_is_not() {
        assert!(given_up(1, 5_000).await, "nothing");
        assert!(given_up(1, 60).await, "a byte now and then");
        assert!(!given_up(8, 40).await, "slow, but worth while");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_taken_slowly_is_not_held_against_the_next_answer() {
        let (near, mut far) = tokio::io::duplex(8);
        let mut line = Line::new(TokioIo::new(near), Duration::from_millis(200), 100);
        for _ in 0..3 {
            let mut write = async || poll_fn(|context| Pin::new(&mut line).poll_write(context, b"12345678")).await;
            assert_eq!(write().await.unwrap(), 8);
            let taken = async {
                tokio::task::yield_now().await;
                far.read_exact(&mut [0; 8]).await.unwrap();
            };
            let (written, ()) = tokio::join!(write(), taken);
            assert_eq!(written.unwrap(), 8);
            poll_fn(|context| Pin::new(&mut line).poll_flush(context)).await.unwrap();
            assert!(!line.is_blocked());
            far.read_exact(&mut [0; 8]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_kernel_is_asked_to_notice_dead_peers() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tune(&socket);
        let socket = SockRef::from(&socket);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNHEARD));
        assert!(socket.keepalive().unwrap() && socket.tcp_nodelay().unwrap());
    }
}
