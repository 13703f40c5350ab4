//! The demo on real stores: complete, repeatable, and open to any usable plan.

use domain::chart::import::{Limits, import as read};

use super::*;
use crate::catalog::types::{Query, Status};
use crate::clock::ManualClock;
use crate::test_support::{NOW, TestDatabase, database};

async fn shop() -> (TestDatabase, Catalog, ManualClock) {
    let db = database().await;
    let catalog = crate::wiring::catalog(&db.pool);
    (db, catalog, ManualClock::at(NOW))
}

/// Two rows of four, the first of them gold.
fn plan() -> String {
    let row = |name: &str, y: u32, category: &str| {
        let seats: Vec<_> = (1..=4)
            .map(|n| {
                serde_json::json!({"seat_guid": format!("{name}{n}"), "seat_number": n.to_string(), "category": category,
                    "position": {"x": 25 * n, "y": 0}})
            })
            .collect();
        serde_json::json!({"row_number": name, "position": {"x": 0, "y": y}, "seats": seats})
    };
    let categories = [("Gold", "#fa0"), ("Blue", "#00f")];
    serde_json::json!({
        "name": "Small Hall", "size": {"width": 400, "height": 300},
        "categories": categories.map(|(name, color)| serde_json::json!({"name": name, "color": color})),
        "zones": [{"name": "Stalls", "position": {"x": 0, "y": 0}, "areas": [],
            "rows": [row("A", 0, "Gold"), row("B", 30, "Blue")]}],
    })
    .to_string()
}

#[tokio::test]
async fn the_first_start_finds_a_club_night_a_theatre_an_arena_and_a_bowl_on_sale() {
    let (_db, catalog, clock) = shop().await;
    assert_eq!(seed(&catalog, &clock).await.unwrap().len(), SHOWS.len());
    assert_eq!(seed(&catalog, &clock).await.unwrap(), Vec::<String>::new(), "a second time adds nothing");
    let listed = catalog.list(&Query::default(), NOW).await.unwrap();
    assert_eq!(listed.events.len(), SHOWS.len());
    let mut largest = 0;
    for row in &listed.events {
        let event = catalog.by_slug(&row.slug, NOW).await.unwrap().unwrap();
        assert!(row.starts_at > NOW && row.from_price.is_some(), "{}", row.slug);
        let chart = catalog.chart_of(&event).await.unwrap();
        let kills = catalog.kills(row.id).await.unwrap();
        let seats = chart.map_or(0, |chart| chart.chart.seats.len());
        let standing: u32 = event.tiers.iter().filter(|tier| tier.category.is_none()).map(|tier| tier.quantity).sum();
        assert_eq!(
            row.available as usize,
            seats + standing as usize - kills.len(),
            "{}: every seat has a tier",
            row.slug
        );
        assert_eq!(seats == 0, kills.is_empty(), "{}", row.slug);
        largest = largest.max(seats);
    }
    assert_eq!(largest, 80_000);
    let announced = listed.events.iter().filter(|row| row.status == Status::Announced).count();
    assert_eq!(
        (announced, listed.events.iter().filter(|row| row.status == Status::OnSale).count()),
        (1, SHOWS.len() - 1)
    );
}

#[tokio::test]
async fn a_plan_is_put_on_sale_at_the_prices_asked() {
    let (_db, catalog, clock) = shop().await;
    let plan = read(plan().as_bytes(), Limits::default()).unwrap();
    let asked = [("gold".to_owned(), 4500)];
    let slug = put_on_sale(&catalog, &clock, Some(plan.clone()), &asked).await.unwrap();
    let again = put_on_sale(&catalog, &clock, Some(plan.clone()), &asked).await.unwrap();
    assert_ne!(slug, again, "each time another event");
    let event = catalog.by_slug(&slug, NOW).await.unwrap().unwrap();
    assert_eq!(event.summary.status, Status::OnSale);
    assert_eq!(event.chart.as_ref().map(|chart| chart.version), Some(1), "the same plan stays one version");
    let venue = &event.summary.venue;
    assert_eq!((venue.city.as_str(), venue.time_zone.as_str()), ("", "UTC"), "a plan does not say where its house is");
    assert_eq!(crate::catalog::view::place(&venue.name, &venue.city), "Small Hall");
    let gold = event.tiers.iter().find(|tier| tier.name == "Gold").unwrap();
    assert_eq!(gold.price.total, Money::new(4500, Currency::EUR));
    let total: u32 = event.tiers.iter().map(|tier| tier.quantity).sum();
    assert_eq!(total as usize, plan.document.chart.seats.len());
    let refused = put_on_sale(&catalog, &clock, Some(plan), &[("Platinum".to_owned(), 1)]).await.unwrap_err();
    assert!(refused.contains("Gold"), "{refused}");
}

#[tokio::test]
async fn without_a_plan_the_arena_is_put_on_sale() {
    let (_db, catalog, clock) = shop().await;
    let slug = put_on_sale(&catalog, &clock, None, &[]).await.unwrap();
    assert_eq!(catalog.by_slug(&slug, NOW).await.unwrap().unwrap().summary.available, 8_000);
}

#[tokio::test]
async fn a_changed_plan_is_a_new_version_and_its_seats_are_matched() {
    let (_db, catalog, clock) = shop().await;
    let first = read(plan().as_bytes(), Limits::default()).unwrap();
    let changed = read(plan().replace("Gold", "Silver").as_bytes(), Limits::default()).unwrap();
    let (_, one, text) = import(&catalog, &clock, first).await.unwrap();
    assert!(text.contains("version 1"), "{text}");
    let (_, two, text) = import(&catalog, &clock, changed).await.unwrap();
    assert!(one != two && text.contains("version 2") && text.contains("matched"), "{text}");
}

#[test]
fn names_become_addresses() {
    for (name, address) in
        [("Harbour Arena", "harbour-arena"), ("  Ünter--den / Linden ", "nter-den-linden"), ("中文", "hall")]
    {
        assert_eq!(slug(name), address);
    }
    assert!(slug(&"ab ".repeat(100)).len() <= 60);
}

#[test]
fn an_evening_is_told_by_the_halls_own_clock() {
    // 2026-11-20 in Berlin is an hour ahead of UTC.
    assert_eq!(evening(NOW, 1, (20, 0), "Europe/Berlin").0, 1_795_287_600_000);
}
