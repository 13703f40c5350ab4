//! Storms over HTTP, through real sockets and the shop's own accept loop: hold, order and payment as a program would send
//! them. All buyers of a storm stand in the house at once before the first of them is served.

// A story that is told again is a future within futures.
#![recursion_limit = "256"]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures::StreamExt;
use parterre::checker::check;
use parterre::clock::SystemClock;
use parterre::http::serve;
use parterre::test_support::check_later;
use parterre::test_support::house::{SLUG, TestHouse, house};
use parterre::test_support::steady::in_time;
use reqwest::Client;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Connections that a house serves; every buyer has one.
const CONNECTIONS: usize = 4_000;
/// Files that are open beside the buyers' sockets.
const SPARE: usize = 400;
/// No storm lasts longer.
const AT_MOST: Duration = Duration::from_secs(300);

/// A house on a port of its own; the server ends with the test.
struct Served {
    house: TestHouse,
    url: String,
    client: Client,
    crowd: Crowd,
    stop: CancellationToken,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Before the doors of all houses of a storm: so many still have to come before anybody is let in.
type Crowd = watch::Sender<usize>;

async fn gather(State(crowd): State<Crowd>, request: Request, next: Next) -> Response {
    let counts = crowd.send_if_modified(|missing| {
        let counts = *missing > 0;
        *missing -= usize::from(counts);
        counts
    });
    if counts {
        crowd.subscribe().wait_for(|missing| *missing == 0).await.expect("the crowd is there");
    }
    next.run(request).await
}

async fn serve_one(house: TestHouse) -> Arc<Served> {
    let crowd = Crowd::new(0);
    serve(house, &crowd).await
}

async fn serve(house: TestHouse, crowd: &Crowd) -> Arc<Served> {
    // The client insists on a provider even where nothing is encrypted. A second call finds the first one's.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v1", listener.local_addr().unwrap());
    let router = house.router.clone().layer(from_fn_with_state(crowd.clone(), gather));
    let stop = CancellationToken::new();
    tokio::spawn(serve::serve(listener, router, CONNECTIONS, Arc::new(SystemClock), stop.clone()));
    Arc::new(Served { house, url, client: Client::new(), crowd: crowd.clone(), stop })
}

impl Served {
    /// Posts, answering the body, or the problem's code. A house that is busy asks one to come back, and so one does.
    async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Result<Value, String> {
        for _ in 0..600 {
            match self.post_once(path, token, &body).await {
                Err(code) if code == "busy" => tokio::time::sleep(Duration::from_millis(100)).await,
                answer => return answer,
            }
        }
        Err("busy".to_owned())
    }

    async fn post_once(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
        let mut request = self.client.post(format!("{}{path}", self.url)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| format!("no answer: {error}"))?;
        let status = response.status();
        let body: Value = response.json().await.map_err(|error| format!("{status}: {error}"))?;
        if status.is_success() { Ok(body) } else { Err(body["code"].as_str().unwrap_or("no code").to_owned()) }
    }

    async fn hold(&self, wish: &Value) -> Result<Value, String> {
        self.post(&format!("/events/{SLUG}/holds"), None, wish.clone()).await
    }

    /// One buyer from hold to ticket; answers how it ended, in a word.
    async fn buyer(&self, wish: Value) -> String {
        self.buy(&wish).await.unwrap_or_else(|code| code)
    }

    async fn buy(&self, wish: &Value) -> Result<String, String> {
        let hold = self.hold(wish).await?;
        let token = hold["token"].as_str();
        let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
        let order = json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] });
        let order = self.post("/orders", token, order).await?;
        let path = format!("/orders/{}/payments", order["id"].as_str().unwrap_or_default());
        let card = json!({ "provider": "test", "method": "4242424242424242" });
        let payment = self.post(&path, token, card).await?;
        let told = payment["status"].as_str().unwrap_or("no status").to_owned();
        if told != "processing" {
            return Ok(told);
        }
        // The provider's own news are acting on it at this very moment: honest, and over soon.
        let order = format!("{}/orders/{}", self.url, order["id"].as_str().unwrap_or_default());
        for _ in 0..1_200 {
            let answer = self.client.get(&order).bearer_auth(token.unwrap_or_default()).send().await.unwrap();
            if answer.json::<Value>().await.unwrap()["status"] == "paid" {
                return Ok("succeeded".to_owned());
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Ok(told)
    }

    /// Seats that can be bought alone, one after the other, without leaving a single one: probed, and let go again.
    async fn lone_seats(&self, wanted: usize) -> Vec<u32> {
        let mut seats = vec![];
        for seat in (0..).step_by(5).take(wanted * 20) {
            if let Ok(hold) = self.hold(&json!({ "seats": [seat] })).await {
                let path = format!("{}/holds/{}", self.url, hold["id"].as_str().unwrap());
                let token = hold["token"].as_str().unwrap();
                assert_eq!(self.client.delete(path).bearer_auth(token).send().await.unwrap().status(), 204);
                seats.push(seat);
            }
            if seats.len() == wanted {
                break;
            }
        }
        assert_eq!(seats.len(), wanted, "the hall has as many lone seats");
        seats
    }

    async fn tickets(&self) -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM tickets WHERE status = 'valid'");
        count.fetch_one(&self.house.database.pool).await.unwrap()
    }
}

/// How many of so many buyers can be under way at once: all, unless the system gives the process too few descriptors. A
/// buyer is a socket at either end.
fn at_once(buyers: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let files = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize);
    let room = (files.saturating_sub(SPARE) / 2).clamp(1, buyers);
    if room < buyers {
        eprintln!("{room} of {buyers} buyers come at once: this process may not open more files (ulimit -n)");
    }
    room
}

/// Buyers come to the doors in turn, one door a process, and are let in when all of them are there.
async fn storm(doors: &[Arc<Served>], buyers: usize, wish: impl Fn(usize) -> Value) -> BTreeMap<String, usize> {
    let at_once = at_once(buyers);
    doors[0].crowd.send_replace(at_once);
    let run = futures::stream::iter(0..buyers)
        .map(|number| {
            let (served, wish) = (doors[number % doors.len()].clone(), wish(number));
            tokio::spawn(async move { served.buyer(wish).await })
        })
        .buffer_unordered(at_once)
        .fold(BTreeMap::new(), |mut tally: BTreeMap<String, usize>, ended| async move {
            *tally.entry(ended.unwrap()).or_default() += 1;
            tally
        });
    tokio::time::timeout(AT_MOST, run).await.expect("the storm ends in time")
}

/// What the buyers of a storm may be told. Where there are several doors, a hold that another process's sale overtook has
/// run out; who comes to one door alone has it for ten minutes.
fn told(doors: usize) -> Vec<&'static str> {
    let overtaken = (doors > 1).then_some("hold_expired");
    ["succeeded", "seats_taken", "sold_out"].into_iter().chain(overtaken).collect()
}

/// What a buyer is told who had to wait longer than a house lets anybody wait, or gave up.
const LATE: [&str; 3] = ["unconfirmed", "processing", "busy"];

/// Whether everybody was served in time; what must never be is looked for in any case.
async fn ends_well(
    doors: &[Arc<Served>],
    tally: &BTreeMap<String, usize>,
    buyers: usize,
    sold: usize,
) -> Result<(), String> {
    assert_eq!(tally.values().sum::<usize>(), buyers);
    let (served, told) = (&doors[0], told(doors.len()));
    let lost = ["hold_expired", "not_found", "declined"];
    let lost = lost.iter().find(|word| tally.contains_key(**word) && !told.contains(*word));
    assert_eq!(lost, None, "somebody was told that it is lost: {tally:?}");
    let (tickets, pool) = (served.tickets().await, &served.house.database.pool);
    if tally.keys().any(|word| LATE.contains(&word.as_str())) {
        assert!(tickets <= i64::try_from(sold).unwrap(), "{tickets} tickets: {tally:?}");
        assert_eq!(check(pool).await.unwrap(), []);
        return Err(format!("{buyers} buyers are too many for this house: {tally:?}"));
    }
    assert!(tally.keys().all(|word| told.contains(&word.as_str())), "{tally:?}");
    assert_eq!(tally["succeeded"], sold, "{tally:?}");
    assert_eq!(tickets, i64::try_from(sold).unwrap());
    assert_eq!(check_later(pool).await, []);
    Ok(())
}

/// A storm of so many buyers, and once more of as many where the machine stood still so that not all could be served; of half
/// as many, and so on, where it does again.
async fn of(buyers: usize, storm: impl AsyncFn(usize) -> Result<(), String>) {
    let tries = Cell::new(0);
    in_time(async || {
        let before = tries.replace(tries.get() + 1);
        storm(buyers.div_ceil(1 << (before.max(1) - 1))).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_buyers_after_fifty_seats() {
    of(500, async |buyers| {
        let served = serve_one(house().await).await;
        let seats = served.lone_seats(50).await;
        let doors = std::slice::from_ref(&served);
        let tally = storm(doors, buyers, |number| json!({ "seats": [seats[number * 7919 % 50]] })).await;
        ends_well(doors, &tally, buyers, 50).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_buyers_after_fifty_standing_places() {
    of(500, async |buyers| {
        let served = serve_one(house().await).await;
        let standing = json!({ "standing": [{ "tier": served.house.standing, "quantity": 1 }] });
        let doors = std::slice::from_ref(&served);
        let tally = storm(doors, buyers, |_| standing.clone()).await;
        ends_well(doors, &tally, buyers, 50).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_buyers_after_one_seat() {
    of(2_000, async |buyers| {
        let served = serve_one(house().await).await;
        let seat = served.lone_seats(1).await[0];
        let doors = std::slice::from_ref(&served);
        let tally = storm(doors, buyers, |_| json!({ "seats": [seat] })).await;
        ends_well(doors, &tally, buyers, 1).await
    })
    .await;
}

/// Processes on the same books, none of which sees the others' holds: only the books stand between two buyers.
async fn strangers(doors: usize) -> Vec<Arc<Served>> {
    let first = house().await;
    let mut beside = vec![];
    for _ in 1..doors {
        beside.push(first.beside().await);
    }
    let crowd = Crowd::new(0);
    let mut all = vec![serve(first, &crowd).await];
    for house in beside {
        all.push(serve(house, &crowd).await);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyers_at_four_processes_are_kept_apart_by_the_books_alone() {
    of(240, async |buyers| {
        // Each seat is wanted at each of the doors.
        let (doors, buyers) = (strangers(4).await, buyers.max(80));
        let seats = doors[0].lone_seats(20).await;
        let tally = storm(&doors, buyers, |number| json!({ "seats": [seats[number / 4 % 20]] })).await;
        ends_well(&doors, &tally, buyers, 20).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_claims_constraint_the_storm_over_http_sells_seats_twice_and_the_checker_finds_it() {
    in_time(async || {
        let doors = strangers(4).await;
        let seats = doors[0].lone_seats(20).await;
        // One claim a seat and one ticket a seat are what the books keep two processes' buyers apart with.
        for broken in [
            "ALTER TABLE seat_claims DROP CONSTRAINT seat_claims_pkey",
            "DO $$ DECLARE i record; BEGIN
            FOR i IN SELECT indexname FROM pg_indexes WHERE indexname ~ '^tickets_[0-9_]+_seat_key$'
            LOOP EXECUTE 'DROP INDEX ' || i.indexname; END LOOP; END $$",
        ] {
            sqlx::query(sqlx::AssertSqlSafe(broken)).execute(&doors[0].house.database.pool).await.unwrap();
        }
        let tally = storm(&doors, 80, |number| json!({ "seats": [seats[number / 4 % 20]] })).await;
        if tally.get("succeeded").is_none_or(|sold| *sold <= 20) {
            return Err(format!("nobody met anybody: {tally:?}"));
        }
        let breaches = check(&doors[0].house.database.pool).await.unwrap();
        let found: Vec<_> = breaches.iter().map(|breach| breach.invariant.as_str()).collect();
        assert!(found.contains(&"I1") && found.contains(&"I3"), "{breaches:?}");
        Ok(())
    })
    .await;
}
