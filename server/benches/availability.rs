//! Snapshots over HTTP: from the projection, beside the same answer made from PostgreSQL each time, in the same run.
//!
//! `cargo bench -p parterre --bench availability`; add `-- --quick` for a tenth of the time. Sixteen connections ask as
//! fast as they are answered; clients and server share the process and its cores, which flatters the baseline.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use domain::availability::{Message, Packed};
use domain::ids::EventId;
use domain::seat::SeatState;
use parterre::catalog::Catalog;
use parterre::clock::SystemClock;
use parterre::http::serve::serve;
use parterre::test_support::house::{SLUG, house};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const CONNECTIONS: usize = 16;

fn main() {
    let quick = std::env::args().any(|word| word == "--quick");
    let time = Duration::from_millis(if quick { 500 } else { 5_000 });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let house = house().await;
        let ours = open(house.router.clone()).await;
        let path = format!("/api/v1/events/{SLUG}/availability");
        let seats = house.shop.availability.get(house.event, house.shop.now()).await.expect("it is on sale");
        let each = Each { catalog: house.shop.catalog.clone(), event: house.event, seats: seats.message.states.len() };
        let baseline = open(Router::new().route("/each", get(from_postgres)).with_state(each)).await;
        println!("| {} seats, {CONNECTIONS} connections | a second | p50 ms | p99 ms |", seats.message.states.len());
        println!("|---|---|---|---|");
        let rate = run("snapshot from the projection", ours, &path, "", time).await;
        run("the same, unchanged since the last", ours, &path, &format!("if-none-match: {}\r\n", seats.etag), time)
            .await;
        let base = run("baseline: from PostgreSQL each time", baseline, "/each", "", time).await;
        println!("\nA snapshot: {:.0} times the baseline.", rate / base);
    });
}

async fn open(app: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, app, 1_000, Arc::new(SystemClock), CancellationToken::new()));
    address
}

#[derive(Clone)]
struct Each {
    catalog: Catalog,
    event: EventId,
    seats: u32,
}

async fn from_postgres(State(each): State<Each>) -> Vec<u8> {
    let claims = each.catalog.claims(each.event).await.expect("PostgreSQL answers");
    let mut states = Packed::free(each.seats);
    for seat in claims.seats {
        states.set(seat, SeatState::Sold);
    }
    Message { epoch: 1, sequence: 1, states }.encode()
}

async fn run(name: &str, address: SocketAddr, path: &str, more: &str, time: Duration) -> f64 {
    let request = Arc::new(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n"));
    let start = Instant::now();
    let asking: Vec<_> =
        (0..CONNECTIONS).map(|_| tokio::spawn(ask(address, Arc::clone(&request), start + time))).collect();
    let mut nanos = Vec::new();
    for asked in asking {
        nanos.extend(asked.await.expect("no client panicked"));
    }
    let rate = nanos.len() as f64 / start.elapsed().as_secs_f64();
    nanos.sort_unstable();
    let share = |of: usize| nanos[nanos.len() * of / 100] as f64 / 1e6;
    println!("| {name} | {rate:.0} | {:.2} | {:.2} |", share(50), share(99));
    rate
}

/// Asks again and again; answers how long each answer took.
async fn ask(address: SocketAddr, request: Arc<String>, until: Instant) -> Vec<u64> {
    let mut socket = TcpStream::connect(address).await.expect("the server accepts");
    let (mut nanos, mut buffer) = (Vec::new(), Vec::with_capacity(64 * 1024));
    while Instant::now() < until {
        let begin = Instant::now();
        socket.write_all(request.as_bytes()).await.expect("the request goes out");
        buffer.clear();
        while !is_whole(&buffer) {
            assert!(socket.read_buf(&mut buffer).await.expect("the answer comes") > 0, "the server hung up");
        }
        nanos.push(begin.elapsed().as_nanos() as u64);
    }
    nanos
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&answer[..head]).to_lowercase();
    assert!(text.starts_with("http/1.1 200") || text.starts_with("http/1.1 304"), "{text}");
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    answer.len() >= head + 4 + length
}
