//! The accept loop: connections within a limit, each served by hyper until it ends or leaves ([`super::handover`]).

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Version};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::handover::{CanLeave, Departure};
use crate::clock::Clock;

/// A connection that has not sent a whole head after so long is closed; an idle one too.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// Largest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Pause after an error that is the machine's, such as no descriptor left.
const BREATH: Duration = Duration::from_millis(100);

/// Serves `app` on `listener` until `stop`, at most `most` connections at a time; further ones wait to be accepted.
/// Returns when the last request is answered.
pub async fn serve(listener: TcpListener, app: Router, most: usize, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(most));
    let connections = TaskTracker::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((socket, peer)) => {
                // Small answers are not to wait for the acknowledgement of earlier ones.
                let _ = socket.set_nodelay(true);
                let (app, clock, stop) = (app.clone(), Arc::clone(&clock), stop.clone());
                connections.spawn(async move {
                    connection(socket, peer, app, &*clock, stop).await;
                    drop(place);
                });
            }
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection to its end, or until an answer leaves with it.
async fn connection(socket: TcpStream, peer: SocketAddr, app: Router, clock: &dyn Clock, stop: CancellationToken) {
    let slot = Arc::new(Mutex::new(None));
    let filled = Arc::clone(&slot);
    let service = service_fn(move |request: Request<Incoming>| {
        let (app, slot) = (app.clone(), Arc::clone(&filled));
        Box::pin(async move { answer(app, request, peer, &slot).await })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MAX_HEAD)
        .serve_connection(Line { io: TokioIo::new(socket), blocked: false }, service);
    let mut stopping = std::pin::pin!(stop.cancelled());
    let mut told = false;
    let mut departure = None;
    let ended = poll_fn(|context| {
        if !told && stopping.as_mut().poll(context).is_ready() {
            told = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        let polled = Pin::new(&mut connection).poll(context);
        if departure.is_none() {
            departure = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        match polled {
            Poll::Pending if departure.is_some() => Poll::Ready(None),
            polled => polled.map(Some),
        }
    })
    .await;
    let Some(departure) = departure else {
        if let Some(Err(error)) = ended {
            tracing::debug!(%error, "a connection ended badly");
        }
        return;
    };
    let parts = connection.into_parts();
    // What an earlier answer left unwritten is in hyper's hands, and a request may not follow one for a stream: such
    // a connection is closed, and its browser comes back on a fresh one.
    if ended.is_some() || parts.io.blocked || !parts.read_buf.is_empty() {
        return;
    }
    match parts.io.io.into_inner().into_std() {
        Ok(socket) => departure.depart(socket, &http_date(clock)),
        Err(error) => tracing::warn!(%error, "a connection could not leave"),
    }
}

/// Asks the app. An answer that leaves goes to the slot; hyper never hears of it.
async fn answer(
    app: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    slot: &Mutex<Option<Departure>>,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    if request.version() == Version::HTTP_11 && request.method() == Method::GET {
        request.extensions_mut().insert(CanLeave);
    }
    request.extensions_mut().insert(ConnectInfo(peer));
    match Departure::of(app.oneshot(request).await?) {
        Ok(departure) => {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(departure);
            pending().await
        }
        Err(response) => Ok(response),
    }
}

/// `Fri, 20 Nov 2026 12:00:00 GMT` (RFC 9110, 5.6.7).
fn http_date(clock: &dyn Clock) -> String {
    let now = jiff::Timestamp::from_millisecond(clock.now().0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A socket that remembers whether the kernel took all that hyper had for it.
struct Line {
    io: TokioIo<TcpStream>,
    blocked: bool,
}

impl Line {
    fn noted<T>(&mut self, polled: Poll<T>) -> Poll<T> {
        self.blocked = polled.is_pending();
        polled
    }
}

impl Read for Line {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl Write for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.noted(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
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
        self.noted(written)
    }
}
