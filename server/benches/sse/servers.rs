//! The two servers: ours, and the stock one with the same changes.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::availability::{Packed, delta};
use domain::chart::Chart;
use domain::hold::Fence;
use domain::ids::{EventId, HoldId, HolderId};
use domain::rules::Window;
use domain::seat::{SeatId, SeatState};
use domain::time::{MINUTE, Millis};
use futures::{Stream, StreamExt, stream};
use parterre::availability::{Ask, Availability, Wants};
use parterre::clock::{Clock, SystemClock};
use parterre::holds::store::{Grant, Outcome, Sold};
use parterre::holds::{HoldStore, Holds, Inventory, InventoryTable, MemoryHolds};
use parterre::http::handover::Leaving;
use parterre::http::serve::serve;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::written::{Watched, Written, read_off};
use super::{RATE, TICKS, line, nanos};

const SEATS: u32 = 100_000;
const NOW: Millis = Millis(1_800_000_000_000);

pub(crate) fn run(kind: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        if kind == "stock" {
            let (sender, _) = broadcast::channel(256);
            let app = Router::new().route("/stream", get(stock)).with_state(sender.clone());
            tokio::spawn(async move { axum::serve(Watched(listener), app).await });
            println!("listening {address}");
            let times = stock_ticks(sender).await;
            line().await;
            read_off(&times).told();
        } else {
            let written = Written::of_the_shop();
            let (availability, store) = house().await;
            let app = Router::new().route("/stream", get(ours)).with_state(availability.clone());
            tokio::spawn(serve(listener, app, 10_000, Arc::new(SystemClock), CancellationToken::new()));
            println!("listening {address}");
            our_ticks(availability, store).await;
            line().await;
            written.told();
        }
        std::future::pending::<()>().await;
    });
}

/// Twenty seats here and there.
fn seats(tick: u64) -> Vec<SeatId> {
    let mut seats: Vec<SeatId> = (0..20).map(|n| SeatId(((tick * 20 + n) * 7_919 % u64::from(SEATS)) as u32)).collect();
    seats.sort_unstable();
    seats
}

fn told(times: &[(u64, u64)]) {
    let pairs: Vec<String> = times.iter().map(|(sequence, at)| format!("{sequence}:{at}")).collect();
    println!("sent {}", pairs.join(" "));
}

type Change = Arc<(u64, Vec<u8>)>;

async fn stock(State(sender): State<broadcast::Sender<Change>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = stream::unfold(sender.subscribe(), |mut receiver| async {
        loop {
            match receiver.recv().await {
                Ok(change) => return Some((change, receiver)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    });
    let events = changes.map(|change| {
        let (sequence, bytes) = &*change;
        Ok(Event::default().id(format!("1-{sequence}")).event("delta").data(STANDARD.encode(bytes)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn stock_ticks(sender: broadcast::Sender<Change>) -> Vec<(u64, u64)> {
    line().await;
    let mut interval = tokio::time::interval(Duration::from_millis(1000 / RATE));
    let (mut before, mut times) = (Packed::free(SEATS), Vec::new());
    for tick in 1..=TICKS {
        interval.tick().await;
        let mut after = before.clone();
        seats(tick).into_iter().for_each(|seat| after.set(seat, SeatState::Held));
        let bytes = delta::encode(&before, &after);
        before = after;
        times.push((tick, nanos()));
        let _ = sender.send(Arc::new((tick, bytes)));
    }
    told(&times);
    times
}

fn event() -> EventId {
    EventId::mint(NOW, [1; 10])
}

async fn house() -> (Availability, Arc<MemoryHolds>) {
    let mut chart = Chart::default();
    // Nobody looks at the plan; blocks are what the store shares its locks by.
    chart.seats.block = (0..SEATS).map(|seat| seat / 200).collect();
    chart.seats.category = vec![0; SEATS as usize];
    let inventory = Inventory {
        event: event(),
        chart: Arc::new(chart),
        tiers: vec![domain::rules::Tier {
            id: domain::ids::TierId::mint(NOW, [1; 10]),
            category: Some(0),
            price: domain::price::Price {
                net: 5000,
                fee: 0,
                tax: 0,
                total: domain::money::Money::new(5000, domain::money::Currency::EUR),
            },
            min: 1,
            max: 10,
            sale: Window::default(),
        }],
        standing: Vec::new(),
        blocked: Vec::new(),
        on_sale: true,
        sale: Window::default(),
        fence_floor: Fence(0),
    };
    let store = Arc::new(MemoryHolds::default());
    let table = InventoryTable { events: vec![Arc::new(inventory)], sold: Sold::default() };
    let holds = Holds::new(Arc::clone(&store) as Arc<dyn HoldStore>, Arc::new(table));
    let availability = Availability::live(holds, Arc::new(SystemClock), usize::MAX, u32::MAX);
    availability.get(event(), SystemClock.now()).await.expect("the event is open");
    (availability, store)
}

async fn ours(State(availability): State<Availability>) -> Response {
    let now = SystemClock.now();
    let after = availability.get(event(), now).await.expect("the event is open").message.position();
    let ask = Ask { wants: Wants::Seats, after: Some(after) };
    let listener = availability.listen(event(), ask, IpAddr::V4(Ipv4Addr::LOCALHOST), now).await;
    let listener = listener.expect("the event is open").expect("there is no limit");
    let mut response = [("content-type", "text/event-stream")].into_response();
    response.extensions_mut().insert(Leaving::new(listener));
    response
}

async fn our_ticks(availability: Availability, store: Arc<MemoryHolds>) {
    line().await;
    let mut interval = tokio::time::interval(Duration::from_millis(1000 / RATE));
    let mut times = Vec::new();
    for tick in 1..=TICKS {
        interval.tick().await;
        let now = SystemClock.now();
        let grant = Grant {
            id: HoldId::mint(now, (tick as u128).to_le_bytes()[..10].try_into().expect("ten bytes")),
            event: event(),
            holder: HolderId::mint(now, (tick as u128).to_le_bytes()[..10].try_into().expect("ten bytes")),
            seats: seats(tick),
            standing: Vec::new(),
            lines: Vec::new(),
            expires_at: now.plus(10 * MINUTE),
            extensions: 1,
            replaces: None,
            max_holds: 4,
        };
        assert!(matches!(store.place(&grant, now).await, Outcome::Applied(_)));
        // Published here and now, past what is remembered, unless a tick comes first: the time counts from before it.
        let at = nanos();
        availability.compare(now).await.expect("the store is in memory");
        let sequence = loop {
            let seen = availability.get(event(), SystemClock.now()).await.expect("the event is open");
            if grant.seats.iter().all(|seat| seen.message.states.get(*seat) == SeatState::Held) {
                break seen.message.sequence;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        times.push((sequence, at));
    }
    told(&times);
}
