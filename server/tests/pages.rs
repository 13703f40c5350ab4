//! Pages that are the same for everybody may be kept by whoever stands between: no cookie is set or looked at, an ETag is
//! answered by 304, and a copy may be served while a new one is fetched. Asked over a socket, as a cache in between asks.

use std::io::Read;
use std::time::Duration;

use domain::availability::Message;
use parterre::http::secret::COOKIE;
use parterre::http::serve::serve;
use parterre::test_support::house::{SLUG, TestHouse, house};
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The open house, and what a cache in between sees of it.
struct Served {
    house: TestHouse,
    url: String,
    client: Client,
    stop: CancellationToken,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn served() -> Served {
    let house = house().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, house.router.clone(), 100, house.shop.clock.clone(), stop.clone()));
    // No address here is encrypted, but the client wants to know by which library it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Served { house, url, client: Client::new(), stop }
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Page {
    fn says(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn etag(&self) -> String {
        let etag = self.says("etag");
        assert!(etag.starts_with("W/\"") && etag.len() > 16, "an ETag: {etag:?}");
        etag.to_owned()
    }

    /// Whether a cache that many share may keep it whole.
    fn is_anybodys(&self) -> bool {
        let said: Vec<_> = self.says("cache-control").split(", ").collect();
        let seconds = |name: &str| said.iter().find_map(|word| word.strip_prefix(name)?.parse::<u32>().ok());
        said.contains(&"public")
            && seconds("max-age=").is_some_and(|kept| kept > 0)
            && seconds("stale-while-revalidate=").is_some_and(|stale| stale > 0)
            && !self.headers.contains_key("set-cookie")
            // By nothing that tells people apart.
            && self.says("vary").eq_ignore_ascii_case("accept-encoding")
    }
}

impl Served {
    async fn get(&self, path: &str, with: &[(&str, &str)]) -> Page {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = with.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Page { status, headers, body: answer.bytes().await.unwrap().to_vec() }
    }

    async fn hold_two(&self) -> Value {
        let wish = json!({ "best": { "quantity": 2 } });
        let answer = self.client.post(format!("{}/api/v1/events/{SLUG}/holds", self.url)).json(&wish).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }
}

#[tokio::test]
async fn the_list_and_an_event_are_kept_whole_by_anybody() {
    let served = served().await;
    // Somebody with a basket and a cookie of ours.
    let basket = served.hold_two().await;
    let cookie = format!("theme=dark; {COOKIE}={}", basket["token"].as_str().unwrap());
    let event = format!("/events/{SLUG}");
    for path in ["/", "/?category=theatre", "/?q=orchard", "/?q=nothing+of+the+kind", event.as_str()] {
        let first = served.get(path, &[]).await;
        assert_eq!((first.status, first.is_anybodys()), (StatusCode::OK, true), "{path}: {:?}", first.headers);
        let theirs = served.get(path, &[("cookie", &cookie)]).await;
        assert!(theirs.is_anybodys(), "{path}: {:?}", theirs.headers);
        assert!(theirs.body == first.body && theirs.etag() == first.etag(), "{path}: whoever asks, it is the same");
        let packed = served.get(path, &[("accept-encoding", "br")]).await;
        assert_eq!((packed.says("content-encoding"), packed.etag()), ("br", first.etag()), "{path}");
        assert!(packed.is_anybodys() && packed.body.len() < first.body.len(), "{path}");
        for known in [first.etag(), format!("\"other\", {}", first.etag())] {
            let again = served.get(path, &[("if-none-match", &known), ("cookie", &cookie)]).await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
            assert!(again.is_anybodys() && again.etag() == first.etag(), "{path}: {:?}", again.headers);
        }
        let stale = served.get(path, &[("if-none-match", "W/\"something-else-it-was\"")]).await;
        assert!(stale.status == StatusCode::OK && stale.body == first.body, "{path}");
    }
}

#[tokio::test]
async fn what_is_one_persons_is_kept_by_nobody_in_between() {
    let served = served().await;
    for path in [format!("/events/{SLUG}/seats"), "/events/nothing-here".into(), "/orders/nobody".into()] {
        let page = served.get(&path, &[]).await;
        assert!(!page.is_anybodys() && page.says("cache-control").contains("no-store"), "{path}: {:?}", page.headers);
        assert_eq!(page.says("etag"), "", "{path}");
    }
}

#[tokio::test]
async fn the_snapshot_travels_small_and_is_kept_for_a_second() {
    let served = served().await;
    let path = format!("/api/v1/events/{SLUG}/availability");
    let basket = served.hold_two().await;
    let cookie = format!("{COOKIE}={}", basket["token"].as_str().unwrap());
    let plain = served.get(&path, &[("cookie", &cookie)]).await;
    let packed = served.get(&path, &[("accept-encoding", "gzip, br")]).await;
    for answer in [&plain, &packed] {
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.says("cache-control"), "public, max-age=1, must-revalidate");
        assert_eq!((answer.says("vary"), answer.headers.contains_key("set-cookie")), ("accept-encoding", false));
    }
    assert_eq!((plain.says("content-encoding"), packed.says("content-encoding")), ("", "br"));
    let mut unpacked = vec![];
    brotli::Decompressor::new(packed.body.as_slice(), 4096).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body, "whoever asks, it is the same");
    assert!(packed.body.len() < plain.body.len(), "{} of {} bytes", packed.body.len(), plain.body.len());
    assert!(Message::decode(&unpacked).is_some_and(|message| !message.states.is_empty()));
    let known = [("if-none-match", packed.etag()), ("accept-encoding", "br".into())];
    let known = known.each_ref().map(|(name, value)| (*name, value.as_str()));
    let again = served.get(&path, &known).await;
    assert_eq!((again.status, again.body.len(), again.etag()), (StatusCode::NOT_MODIFIED, 0, plain.etag()));
    // A seat that goes is another state, if not within a moment: a look serves many.
    served.hold_two().await;
    let change = async {
        loop {
            let seen = served.get(&path, &known).await;
            if seen.status == StatusCode::OK {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let changed = tokio::time::timeout(Duration::from_secs(30), change).await.expect("it is seen");
    assert_eq!(changed.says("content-encoding"), "br");
    assert_ne!(changed.etag(), plain.etag());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_time_is_up_standing_places_come_back_by_one_press_too() {
    let served = served().await;
    let standing = served.house.standing;
    let wish = json!({ "best": { "quantity": 1 }, "standing": [{ "tier": standing, "quantity": 2 }] });
    let asked = served.client.post(format!("{}/api/v1/events/{SLUG}/holds", served.url)).json(&wish).send();
    let hold: Value = asked.await.unwrap().json().await.unwrap();
    let cookie = format!("{COOKIE}={}", hold["token"].as_str().unwrap());
    let read = async |path: &str| {
        let page = served.client.get(format!("{}{path}", served.url)).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        page.text().await.unwrap()
    };
    let checkout = read(&format!("/checkout/{}", hold["id"].as_str().unwrap())).await;
    let (_, over) = checkout.split_once("data-over=\"").expect("the clock says where it leads");
    let over = over.split('"').next().unwrap().replace("&amp;", "&");
    let id = hold["id"].as_str().unwrap();
    assert_eq!(over, format!("/events/{SLUG}/over?hold={id}&seat={}&standing_{standing}=2", hold["seats"][0]));
    // A window whose time is up does not know what another one did.
    let held = read(&over).await;
    assert!(held.contains("Almost yours") && !held.contains("again"), "{held}");
    let gone = served.client.delete(format!("{}/api/v1/holds/{id}", served.url)).header("cookie", &cookie).send().await;
    assert_eq!(gone.unwrap().status(), StatusCode::NO_CONTENT);
    let page = read(&over).await;
    assert!(page.contains("Take the same places again"), "{page}");
    let field = format!("name=\"standing_{standing}\" value=\"2\"");
    assert!(page.contains(&field), "{field}: {page}");
}
