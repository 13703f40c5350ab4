//! `parterre demo`, with and without a shop that runs on the same data.

use std::time::Duration;

use parterre::stores::postgres::begin::begin;
use parterre::test_support::database;
use serde_json::Value;

use super::process::{Folder, Server};
use super::{Ended, charts, client, parterre};

/// The address that was printed.
fn address(ended: &Ended) -> &str {
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
    ended.out.strip_prefix("On sale: ").and_then(|rest| rest.strip_suffix('\n')).expect("one line")
}

/// The event as the shop's API shows it.
async fn event(address: &str) -> Value {
    let (shop, slug) = address.split_once("/events/").expect("an event's address");
    let answer = client().get(format!("{shop}/api/v1/events/{slug}")).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{address}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn an_event_comes_on_sale_beside_the_running_shop_at_the_address_printed() {
    let (folder, database) = (Folder::new(), database().await);
    let server = Server::start(&folder.0, &["--database-url", &database.url]).await;
    let plan = folder.0.join("plan.json");
    std::fs::write(&plan, charts::plan().to_string()).unwrap();
    let data = folder.0.to_str().unwrap();
    let demo = |more: &[&str]| {
        let words = [&["demo", "--database-url", &database.url, "--data", data][..], more].concat();
        parterre(&words)
    };

    let arena = demo(&[]);
    assert!(address(&arena).starts_with(&format!("{}/events/harbour-arena-", server.url)), "{arena:?}");
    let shown = event(address(&arena)).await;
    assert_eq!((&shown["status"], shown["chart"]["seats"].as_u64()), (&"on_sale".into(), Some(8_000)), "{shown}");

    let bowl = event(address(&demo(&["--bowl", "2500"]))).await;
    assert_eq!((&bowl["status"], bowl["chart"]["seats"].as_u64()), (&"on_sale".into(), Some(2_500)), "{bowl}");

    let chart = ["--chart", plan.to_str().unwrap(), "--price", "best=45.00"];
    let hall = demo(&chart);
    let shown = event(address(&hall)).await;
    let tiers = shown["tiers"].as_array().unwrap();
    assert_eq!((tiers.len(), &tiers[0]["name"]), (1, &"Best".into()), "{shown}");
    assert_eq!(
        (tiers[0]["price"]["amount"].as_i64(), shown["chart"]["seats"].as_u64()),
        (Some(4_500), Some(6)),
        "{shown}"
    );
    assert_ne!(address(&demo(&chart)), address(&hall), "each time another event");

    let unknown = demo(&["--chart", plan.to_str().unwrap(), "--price", "Gold=1"]);
    unknown.is_one_sentence(1, "The chart has no category \"Gold\". It has \"Best\"");
    demo(&["--price", "Gold"]).is_one_sentence(1, "The price \"Gold\" cannot be read: there is no = in it.");
    demo(&["--chart", "/nowhere/plan.json"]).is_one_sentence(1, "The plan /nowhere/plan.json cannot be read");
    std::fs::write(&plan, "{\"zones\":[]}").unwrap();
    let unusable = demo(&chart);
    assert!(unusable.code == 1 && unusable.err.starts_with("Unusable: ") && unusable.out.is_empty(), "{unusable:?}");
}

#[tokio::test]
async fn without_a_shop_the_address_is_the_one_it_would_have() {
    let (folder, database) = (Folder::new(), database().await);
    let words = ["demo", "--database-url", &database.url, "--data", folder.0.to_str().unwrap()];
    let made = parterre(&[&words[..], &["--port", "8123"]].concat());
    assert!(address(&made).starts_with("http://127.0.0.1:8123/events/harbour-arena-"), "{made:?}");
    let named = parterre(&[&words[..], &["--public-url", "https://tickets.example/"]].concat());
    assert!(address(&named).starts_with("https://tickets.example/events/harbour-arena-"), "{named:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_somebody_elses_lock_is_not_shown_the_statement() {
    let (folder, database) = (Folder::new(), database().await);
    let mut other = begin(&database.pool).await.unwrap();
    sqlx::query("LOCK TABLE events IN ACCESS EXCLUSIVE MODE").execute(&mut *other).await.unwrap();
    let words = ["demo", "--database-url", &database.url, "--data", folder.0.to_str().unwrap()].map(ToOwned::to_owned);
    let made = tokio::task::spawn_blocking(move || parterre(&words.each_ref().map(String::as_str)));
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&database.pool).await.unwrap() == 0 {
        assert!(!made.is_finished(), "it waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Longer than the database driver's patience with a statement.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    other.rollback().await.unwrap();
    address(&made.await.unwrap());
}
