//! When a change was written to the last of a server's sockets: told by the shop's own measure, and read off the sockets
//! of the stock server.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::serve::Listener;
use axum_prometheus::metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit, set_global_recorder,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::{TICKS, nanos};

/// The shop's measure.
const MEASURE: &str = "parterre_live_written_seconds";

/// Milliseconds from publishing until all was written, one for each tick (and thread).
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<f64>>>);

impl Written {
    /// Takes the shop's own measure.
    pub(crate) fn of_the_shop() -> Self {
        let written = Self::default();
        assert!(set_global_recorder(written.clone()).is_ok(), "nobody else records");
        written
    }

    pub(crate) fn note(&self, milliseconds: f64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(milliseconds);
    }

    /// The median and the most.
    pub(crate) fn told(&self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort_unstable_by(f64::total_cmp);
        let (median, most) = (all.get(all.len() / 2), all.last());
        println!("written {} {}", median.unwrap_or(&f64::NAN), most.unwrap_or(&f64::NAN));
    }
}

impl HistogramFn for Written {
    fn record(&self, seconds: f64) {
        self.note(seconds * 1000.0);
    }
}

impl Recorder for Written {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        if key.name() == MEASURE { Histogram::from_arc(Arc::new(self.clone())) } else { Histogram::noop() }
    }
}

/// When each tick was last written to a socket, in nanoseconds.
static LAST: [AtomicU64; TICKS as usize + 1] = [const { AtomicU64::new(0) }; TICKS as usize + 1];

/// Notes what was read off the sockets, `times` being when each tick was published.
pub(crate) fn read_off(times: &[(u64, u64)]) -> Written {
    let written = Written::default();
    for (tick, at) in times {
        let last = LAST[*tick as usize].load(Ordering::Relaxed);
        if last > 0 {
            written.note(last.saturating_sub(*at) as f64 / 1e6);
        }
    }
    written
}

/// Accepts sockets that are watched.
pub(crate) struct Watched(pub(crate) TcpListener);

impl Listener for Watched {
    type Io = Socket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Socket, SocketAddr) {
        let (socket, address) = Listener::accept(&mut self.0).await;
        (Socket(socket), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Notes when which tick was written.
pub(crate) struct Socket(TcpStream);

/// A chunk is its length in hexadecimal, a line's end, and the event, whose name comes first.
fn written(bytes: &[u8]) {
    let head = &bytes[..bytes.len().min(24)];
    let Some(at) = head.windows(6).position(|window| window == b"id: 1-") else { return };
    let digits = head[at + 6..].iter().take_while(|byte| byte.is_ascii_digit());
    let tick = digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
    if let Some(last) = LAST.get(tick) {
        last.fetch_max(nanos(), Ordering::Relaxed);
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.0).poll_write(context, bytes);
        if done.is_ready() {
            written(bytes);
        }
        done
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.0).poll_write_vectored(context, parts);
        if done.is_ready() {
            parts.iter().for_each(|part| written(part));
        }
        done
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
