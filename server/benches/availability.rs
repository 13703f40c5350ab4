//! Snapshots over HTTP of a bowl of 80,000 seats, half of them sold: from the projection, beside the same answer made from
//! PostgreSQL each time, in the same run, behind the same layers, at the same address.
//!
//! `cargo bench -p parterre --bench availability`; add `-- --quick` for a tenth of the time. Sixteen connections ask as
//! fast as they are answered; clients and server share the process and its cores, which flatters the baseline. The
//! baseline asks for the claims alone: the event itself it has from the catalogue's cache, and its chart too.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::get;
use domain::availability::{Message, Packed};
use domain::seat::{SeatId, SeatState};
use parterre::availability::Seen;
use parterre::catalog::types::{Event, Query};
use parterre::clock::SystemClock;
use parterre::demo::seed;
use parterre::http::serve::serve;
use parterre::http::state::Shop;
use parterre::http::v1::events::respond;
use parterre::test_support::house::{TestHouse, house};
use parterre::wiring;
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
        let event = bowl(&house).await;
        let ours = open(house.router.clone()).await;
        let path = format!("/api/v1/events/{}/availability", event.summary.slug);
        let seen = house.shop.availability.get(event.summary.id, house.shop.now()).await.expect("it is on sale");
        let states = &seen.message.states;
        let sold = (0..states.len()).filter(|seat| states.get(SeatId(*seat)) == SeatState::Sold).count();
        let each = Router::new().route("/api/v1/events/{slug}/availability", get(from_postgres));
        let baseline = open(house.shop.dressed(each.with_state(house.shop.clone()))).await;
        println!("| {} seats, {sold} sold, {CONNECTIONS} connections | a second | p50 ms | p99 ms |", states.len());
        println!("|---|---|---|---|");
        let brotli = "accept-encoding: gzip, deflate, br\r\n";
        let rate = run("snapshot from the projection", ours, &path, "", time).await;
        let packed = run("the same under brotli, as browsers ask", ours, &path, brotli, time).await;
        let known = format!("if-none-match: {}\r\n", seen.etag);
        run("the same, unchanged since the last", ours, &path, &known, time).await;
        let base = run("baseline: from PostgreSQL each time", baseline, &path, "", time).await;
        let base_packed = run("baseline under brotli", baseline, &path, brotli, time).await;
        println!(
            "\nA snapshot: {:.0} times the baseline, under brotli {:.0} times.",
            rate / base,
            packed / base_packed
        );
    });
}

async fn open(app: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, app, 1_000, Arc::new(SystemClock), CancellationToken::new()));
    address
}

/// The demo's bowl, every other seat of it sold.
async fn bowl(house: &TestHouse) -> Arc<Event> {
    let catalog = wiring::catalog(&house.database.pool);
    seed(&catalog, &SystemClock).await.expect("the demo's events are made");
    let now = house.shop.now();
    let rows = &catalog.list(&Query::default(), now).await.expect("the list").events;
    let largest = rows.iter().max_by_key(|row| row.available).expect("an event");
    let event = catalog.by_id(largest.id, now).await.expect("the catalogue answers").expect("it is there");
    let seats = event.chart.as_ref().expect("a chart").seats;
    house.database.claim_every_other(largest.id, seats).await;
    event
}

/// What the shop's own handler answers, made anew.
async fn from_postgres(State(shop): State<Shop>, Path(slug): Path<String>, headers: HeaderMap) -> impl IntoResponse {
    let event = shop.catalog.by_slug(&slug, shop.now()).await.expect("the catalogue answers").expect("it is there");
    let claims = shop.catalog.claims(event.summary.id).await.expect("PostgreSQL answers");
    let kills = shop.catalog.store().kills(event.summary.id).await.expect("the catalogue answers");
    let mut states = Packed::free(event.chart.as_ref().map_or(0, |chart| chart.seats));
    for seat in &kills {
        states.set(*seat, SeatState::Blocked);
    }
    for seat in claims.seats {
        states.set(seat, SeatState::Sold);
    }
    respond(&Seen::new(Message { epoch: 1, sequence: 1, states }, Vec::new()), &headers)
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
    assert!(!text.contains("chunked"), "{text}");
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    answer.len() >= head + 4 + length
}
