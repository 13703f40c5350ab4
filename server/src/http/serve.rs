//! The accept loop: connections within a limit, each served by hyper until it ends or leaves ([`super::handover`]).

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Version};
use axum::response::Response;
use axum_prometheus::metrics::counter;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::handover::{CanLeave, Departure};
use super::line::{LEAST, Line, PATIENCE, tune};
use super::peers::{Limits, Peers};
use crate::clock::Clock;

/// A connection that has not sent a whole head after so long is closed; an idle one too.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// The same while fewer than a quarter of the places are free.
const HEAD_WITHIN_CROWD: Duration = Duration::from_secs(10);
/// Largest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Pause after an error that is the machine's, such as no descriptor left.
const BREATH: Duration = Duration::from_millis(100);

/// Serves `app` on `listener` until `stop`, as many connections at a time as `limits` say; connections that have become
/// streams do not count. Returns when the last request is answered.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: impl Into<Limits>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let limits = limits.into();
    let peers = Peers::new(&limits);
    let places = Arc::new(Semaphore::new(limits.all.min(Semaphore::MAX_PERMITS)));
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
                // One address is not to fill the house.
                let Some(entered) = peers.enter(peer.ip()) else {
                    counter!("parterre_connections_refused_total").increment(1);
                    continue;
                };
                tune(&socket);
                let crowded = places.available_permits() < limits.all / 4;
                let head_within = if crowded { HEAD_WITHIN_CROWD } else { HEAD_WITHIN };
                let (app, clock, stop) = (app.clone(), Arc::clone(&clock), stop.clone());
                connections.spawn(async move {
                    connection(socket, peer, app, head_within, &*clock, stop, (place, entered)).await;
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

/// Serves one connection to its end, or until an answer leaves with it; lets go of its `place` then.
async fn connection(
    socket: TcpStream,
    peer: SocketAddr,
    app: Router,
    head_within: Duration,
    clock: &dyn Clock,
    stop: CancellationToken,
    place: impl Sized,
) {
    let slot = Arc::new(Mutex::new(None));
    let filled = Arc::clone(&slot);
    let service = service_fn(move |request: Request<Incoming>| {
        let (app, slot) = (app.clone(), Arc::clone(&filled));
        Box::pin(async move { answer(app, request, peer, &slot).await })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_within)
        .max_buf_size(MAX_HEAD)
        .serve_connection(Line::new(TokioIo::new(socket), PATIENCE, LEAST), service);
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
    if ended.is_some() || parts.io.is_blocked() || !parts.read_buf.is_empty() {
        return;
    }
    match parts.io.into_inner().into_inner().into_std() {
        Ok(socket) => {
            drop(place);
            departure.depart(socket, &http_date(clock));
        }
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
