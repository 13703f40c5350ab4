//! A server that is put to sleep (SIGSTOP) for twice as long as its holds last, and wakes with an order for one of them
//! already waiting at its socket: it cannot buy what another server has sold meanwhile.

use std::time::Duration;

use parterre::checker::check;
use parterre::clock::SystemClock;
use parterre::test_support::cassandra::three::stage;
use parterre::test_support::database;
use parterre::test_support::house::{SLUG, put_on_sale};
use parterre::test_support::steady::{always, always_same, steady};
use parterre::wiring;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::pair::{serve, shop};
use crate::process::{Folder, Server};

/// How long a hold lasts here.
const LASTS: Duration = Duration::from_secs(4);
const AT_MOST: Duration = Duration::from_secs(60);

/// Sends the server's process a signal.
fn signal(server: &Server, signal: &str) {
    let pid = server.child.id().expect("it runs").to_string();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

async fn post(url: String, path: String, hold: Option<Value>, body: Value) -> (u16, Value) {
    let mut request = Client::new().post(format!("{url}/api/v1{path}")).json(&body);
    if let Some(hold) = &hold {
        request = request.bearer_auth(hold["token"].as_str().expect("a hold has its token"));
    }
    let answer = request.send().await.expect("the server answers");
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

fn order(hold: &Value) -> Value {
    let buyer = json!({ "name": "Sample Buyer", "email": "buyer@example.org" });
    json!({ "hold_id": hold["id"], "buyer": buyer, "accept_total": hold["total"]["amount"] })
}

/// Plays it, with two orders of the sleeper for what it held.
async fn story() {
    let stage = stage().await;
    let database = database().await;
    put_on_sale(&wiring::catalog(&database.pool), &SystemClock).await;
    let mut flags = shop(&database, &stage.keyspace);
    flags.extend(["--hold-seconds".to_owned(), LASTS.as_secs().to_string()]);
    let folders = [Folder::new(), Folder::new()];
    let (sleeper, awake) = (serve(&folders[0], &flags).await, serve(&folders[1], &flags).await);
    let ask = async |server: &Server, path: &str, hold: Option<&Value>, body: &Value| {
        post(server.url.clone(), path.to_owned(), hold.cloned(), body.clone()).await
    };
    let holds = format!("/events/{SLUG}/holds");
    // A node may stand still for longer than a shop waits.
    let begun = Instant::now();
    let held = loop {
        let (status, held) = ask(&sleeper, &holds, None, &json!({ "best": { "quantity": 2 } })).await;
        if status == 201 {
            break held;
        }
        assert!(begun.elapsed() < AT_MOST, "{held}");
        sleep(Duration::from_millis(100)).await;
    };
    let wish = json!({ "seats": held["seats"] });
    signal(&sleeper, "-STOP");
    let waiting = tokio::spawn(post(sleeper.url.clone(), "/orders".into(), Some(held.clone()), order(&held)));
    sleep(LASTS * 2).await;
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < AT_MOST, "what ran out can be bought by others");
        let (status, hold) = ask(&awake, &holds, None, &wish).await;
        if status != 201 {
            sleep(Duration::from_millis(100)).await;
            continue;
        }
        let (status, placed) = ask(&awake, "/orders", Some(&hold), &order(&hold)).await;
        if status >= 300 {
            continue;
        }
        let path = format!("/orders/{}/payments", placed["id"].as_str().expect("an order has an id"));
        let card = json!({ "provider": "test", "method": "4242424242424242" });
        let (status, paid) = ask(&awake, &path, Some(&hold), &card).await;
        if status < 300 {
            break;
        }
        // It ran out before it could be paid.
        println!("{status}: {paid}");
    }

    signal(&sleeper, "-CONT");
    let first = timeout(AT_MOST, waiting).await.expect("the sleeper answers when it wakes").unwrap();
    let second = ask(&sleeper, "/orders", Some(&held), &order(&held)).await;
    let both = [(first, "the order that waited"), (second, "a second one")];
    // Judged before anything that may be late: the other server has sold these seats.
    for ((status, told), which) in &both {
        always(*status >= 400, format_args!("{which} is taken: {status}: {told}"));
    }
    always_same(check(&database.pool).await.unwrap(), [], "what is wrong in the books");
    for ((status, told), which) in &both {
        assert!(*status < 500, "{which} is refused, as it knows: {status}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_slept_past_its_holds_cannot_sell_them() {
    steady(story).await;
}
