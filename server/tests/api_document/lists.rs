//! Lists over HTTP: pages follow each other by their cursors, and filters leave what they name and nothing else.

use std::collections::BTreeSet;

use parterre::clock::SystemClock;
use parterre::demo;
use parterre::test_support::house::{SLUG, house};
use parterre::wiring;
use serde_json::Value;

use super::walker::Walker;

/// Of one of these is every event of the demo.
const CATEGORIES: [&str; 4] = ["concert", "theatre", "sport", "club_night"];

/// What the things of a list are called.
fn ids(items: &[Value], id: &str) -> Vec<String> {
    items.iter().map(|item| item[id].to_string()).collect()
}

/// Everything of a list, page by page.
async fn all(walker: &mut Walker, address: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut next) = (Vec::new(), String::new());
    loop {
        let page = walker.get(&format!("{address}limit={limit}{next}")).await.body;
        let here = page["items"].as_array().unwrap();
        assert!(here.len() <= limit, "{address}");
        items.extend(here.iter().cloned());
        let Some(cursor) = page["next"].as_str() else { break items };
        assert_eq!(here.len(), limit, "{address}: only the last page is shorter");
        next = format!("&after={cursor}");
    }
}

#[tokio::test]
async fn pages_of_events_follow_each_other_and_filters_leave_what_they_name() {
    let house = house().await;
    demo::seed(&wiring::catalog(&house.database.pool), &SystemClock).await.unwrap();
    let mut walker = Walker::new(&house);
    let events = "/api/v1/events";
    let whole = all(&mut walker, &format!("{events}?"), 200).await;
    assert!(whole.len() > 4, "{}", whole.len());
    let times: Vec<&str> = whole.iter().map(|event| event["starts_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "soonest first: {times:?}");
    for limit in 1..=3 {
        let paged = all(&mut walker, &format!("{events}?"), limit).await;
        assert_eq!(ids(&paged, "slug"), ids(&whole, "slug"), "{limit} a page");
    }
    let is = |filter: &str, wanted: Vec<&Value>, found: Vec<Value>| {
        assert!(!wanted.is_empty() && wanted.len() < whole.len(), "{filter} leaves something, and not everything");
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{filter}");
    };
    let (mut sorted, mut count) = (BTreeSet::new(), 0);
    for category in CATEGORIES {
        let found = all(&mut walker, &format!("{events}?category={category}&"), 1).await;
        assert!(!found.is_empty() && found.len() < whole.len(), "{category}: {}", found.len());
        assert!(found.iter().all(|event| whole.contains(event)), "{category}");
        sorted.extend(ids(&found, "slug"));
        count += found.len();
    }
    assert_eq!((sorted.len(), count), (whole.len(), whole.len()), "each event is of one category");
    let theatre = all(&mut walker, &format!("{events}?category=theatre&"), 50).await;
    assert!(ids(&theatre, "slug").contains(&format!("\"{SLUG}\"")));
    let middle = times[times.len() / 2];
    for (name, kept) in [("from", true), ("to", false)] {
        let wanted = whole.iter().filter(|event| (event["starts_at"].as_str().unwrap() >= middle) == kept).collect();
        let filter = format!("{events}?{name}={}&", middle.replace('+', "%2B"));
        is(&filter, wanted, all(&mut walker, &filter, 2).await);
    }
    let word = whole.last().unwrap()["title"].as_str().unwrap().split(' ').next().unwrap();
    let found = all(&mut walker, &format!("{events}?q={word}&"), 50).await;
    assert!(found.contains(whole.last().unwrap()) && found.len() < whole.len(), "{word}");
}

#[tokio::test]
async fn pages_of_seats_follow_each_other_through_the_whole_house() {
    let house = house().await;
    let mut walker = Walker::new(&house);
    let event = walker.get(&format!("/api/v1/events/{SLUG}")).await.body;
    let count = event["chart"]["seats"].as_u64().unwrap() as usize;
    let seats = format!("/api/v1/events/{SLUG}/seats?");
    let whole = all(&mut walker, &seats, 200).await;
    let numbers: Vec<u64> = whole.iter().map(|seat| seat["seat"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..count as u64).collect::<Vec<_>>(), "each once, in the chart's order");
    let sections: BTreeSet<&str> = whole.iter().map(|seat| seat["section"].as_str().unwrap()).collect();
    for section in sections {
        let wanted: Vec<_> = whole.iter().filter(|seat| seat["section"] == section).cloned().collect();
        let address = format!("{seats}section={}&", section.replace(' ', "+"));
        assert_eq!(all(&mut walker, &address, 77).await, wanted, "{section}");
    }
    let states: Vec<_> = whole.iter().map(|seat| seat["state"].as_str().unwrap()).collect();
    let free = states.iter().filter(|state| **state == "free").count();
    assert_eq!(all(&mut walker, &format!("{seats}state=free&"), 199).await.len(), free);
    assert_eq!(all(&mut walker, &format!("{seats}state=sold&"), 199).await.len(), 0);
}
