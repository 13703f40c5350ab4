//! Live streams over real sockets: connections that leave hyper, and those that cannot.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::availability::{Message, delta};
use parterre::http::peers::Limits;
use parterre::http::serve::serve;
use parterre::test_support::house::{SLUG, TestHouse, house};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Longer than anything takes that works.
const AT_MOST: Duration = Duration::from_secs(60);

struct Served {
    house: TestHouse,
    address: SocketAddr,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<()>,
}

async fn served() -> Served {
    served_within(100.into()).await
}

async fn served_within(limits: Limits) -> Served {
    let house = house().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = serve(listener, house.router.clone(), limits, house.shop.clock.clone(), stop.clone());
    Served { server: tokio::spawn(server), house, address, stop }
}

impl Served {
    async fn client(&self) -> Client {
        Client { socket: TcpStream::connect(self.address).await.unwrap(), text: String::new() }
    }

    async fn snapshot(&self) -> Message {
        let request = Request::get(format!("/api/v1/events/{SLUG}/availability")).body(Body::empty()).unwrap();
        let response = self.house.router.clone().oneshot(request).await.unwrap();
        Message::decode(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap()
    }

    async fn hold(&self, seats: [u32; 2]) {
        let request = Request::post(format!("/api/v1/events/{SLUG}/holds")).header("content-type", "application/json");
        let request = request.body(Body::from(json!({ "seats": seats }).to_string())).unwrap();
        assert_eq!(self.house.router.clone().oneshot(request).await.unwrap().status(), 201);
    }

    async fn close(self) {
        self.stop.cancel();
        let availability = self.house.shop.availability.clone();
        tokio::task::spawn_blocking(move || availability.close()).await.unwrap();
        tokio::time::timeout(AT_MOST, self.server).await.expect("the server ends").unwrap();
    }
}

/// A browser of few wits: sends text, collects text.
struct Client {
    socket: TcpStream,
    text: String,
}

impl Client {
    async fn ask(&mut self, version: &str, path: &str) {
        let request = format!("GET {path} HTTP/{version}\r\nhost: localhost\r\n\r\n");
        self.socket.write_all(request.as_bytes()).await.unwrap();
    }

    /// Reads until `wanted` came, and answers everything up to its end.
    async fn until(&mut self, wanted: &str) -> String {
        let reading = async {
            let mut buffer = [0; 4096];
            loop {
                if let Some(at) = self.text.find(wanted) {
                    let rest = self.text.split_off(at + wanted.len());
                    return std::mem::replace(&mut self.text, rest);
                }
                let read = self.socket.read(&mut buffer).await.unwrap();
                assert!(read > 0, "the end came before `{wanted}`: {}", self.text);
                self.text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
        };
        tokio::time::timeout(AT_MOST, reading).await.unwrap_or_else(|_| panic!("no `{wanted}` in a minute"))
    }

    async fn end(mut self) -> String {
        let _ = self.socket.read_to_string(&mut self.text).await;
        self.text
    }

    /// Reads the next delta into `known`.
    async fn delta(&mut self, known: &mut Message) {
        let head = self.until("event: delta\ndata: ").await;
        let id = head.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap();
        let data = self.until("\n").await;
        delta::apply(&mut known.states, &STANDARD.decode(data.trim()).unwrap()).unwrap();
        known.sequence += 1;
        assert_eq!(id, known.position().to_string());
    }
}

fn stream(after: &Message) -> String {
    format!("/api/v1/events/{SLUG}/availability/stream?after={}", after.position())
}

#[tokio::test]
async fn a_connection_that_served_a_page_becomes_a_stream() {
    let served = served().await;
    let mut known = served.snapshot().await;
    let mut client = served.client().await;
    client.ask("1.1", "/healthz").await;
    client.until("{\"status\":\"alive\"}").await;
    client.ask("1.1", &stream(&known)).await;
    let head = client.until("\r\n\r\n").await.to_lowercase();
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    for header in [
        "content-type: text/event-stream",
        "transfer-encoding: chunked",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'",
        "x-request-id: ",
        "date: ",
        "connection: close",
    ] {
        assert!(head.contains(header), "{header} is missing: {head}");
    }
    client.until("event: left\n").await;
    served.hold([0, 1]).await;
    client.delta(&mut known).await;
    served.hold([10, 11]).await;
    client.delta(&mut known).await;
    assert_eq!(known.states, served.snapshot().await.states);
    assert_eq!(served.house.shop.availability.listeners(), 1);
    drop(client);
    while served.house.shop.availability.listeners() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    served.close().await;
}

#[tokio::test]
async fn an_old_proxy_gets_an_ordinary_body() {
    let served = served().await;
    let mut known = served.snapshot().await;
    let mut client = served.client().await;
    client.ask("1.0", &stream(&known)).await;
    let head = client.until("\r\n\r\n").await.to_lowercase();
    assert!(head.starts_with("http/1.0 200 ok\r\n") && !head.contains("chunked"), "{head}");
    client.until("event: left\n").await;
    served.hold([0, 1]).await;
    client.delta(&mut known).await;
    assert_eq!(known.states, served.snapshot().await.states);
    served.close().await;
    assert!(!client.end().await.contains("event: snapshot"));
}

#[tokio::test]
async fn a_stop_ends_every_stream_properly() {
    let served = served().await;
    let known = served.snapshot().await;
    let mut clients = vec![served.client().await, served.client().await];
    for client in &mut clients {
        client.ask("1.1", &stream(&known)).await;
        client.until("event: left\n").await;
    }
    let mut refused = served.client().await;
    refused.ask("1.1", &stream(&known)).await;
    refused.until("HTTP/1.1 429").await;
    refused.until("too_many_streams").await;
    served.close().await;
    for client in clients {
        assert!(client.end().await.ends_with("\r\n0\r\n\r\n"));
    }
}

#[tokio::test]
async fn a_request_behind_a_stream_closes_the_connection() {
    let served = served().await;
    let known = served.snapshot().await;
    let mut client = served.client().await;
    client.ask("1.1", &stream(&known)).await;
    client.until("event: left\n").await;
    client.ask("1.1", "/healthz").await;
    assert!(!client.end().await.contains("alive"));
    served.close().await;
}

#[tokio::test]
async fn old_proxies_cannot_take_the_connections_of_the_pages() {
    let served = served().await;
    served.house.shop.availability.limit_bodies(1);
    let known = served.snapshot().await;
    let mut listens = served.client().await;
    listens.ask("1.0", &stream(&known)).await;
    listens.until("event: left\n").await;
    let mut refused = served.client().await;
    refused.ask("1.0", &stream(&known)).await;
    refused.until(" 503 ").await;
    refused.until("\"busy\"").await;
    let mut modern = served.client().await;
    modern.ask("1.1", &stream(&known)).await;
    modern.until("event: left\n").await;
    drop(modern);
    drop(listens);
    served.close().await;
}

#[tokio::test]
async fn one_address_has_its_share_of_the_connections_and_streams_are_no_part_of_it() {
    let served = served_within(Limits { all: 100, each: 2, proxies: std::sync::Arc::default() }).await;
    let known = served.snapshot().await;
    let mut clients = [served.client().await, served.client().await];
    for client in &mut clients {
        client.ask("1.1", "/healthz").await;
        client.until("alive").await;
    }
    let mut third = served.client().await;
    let _ = third.socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(third.end().await, "");
    let [mut listens, _pages] = clients;
    listens.ask("1.1", &stream(&known)).await;
    listens.until("event: left\n").await;
    let mut fourth = served.client().await;
    fourth.ask("1.1", "/healthz").await;
    fourth.until("alive").await;
    served.close().await;
}
