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
        let kills = catalog.store().kills(row.id).await.unwrap();
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
    let slug = put_on_sale(&catalog, &clock, Plan::Imported(Box::new(plan.clone())), &asked).await.unwrap();
    let again = put_on_sale(&catalog, &clock, Plan::Imported(Box::new(plan.clone())), &asked).await.unwrap();
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
    let refused =
        put_on_sale(&catalog, &clock, Plan::Imported(Box::new(plan)), &[("Platinum".to_owned(), 1)]).await.unwrap_err();
    assert!(refused.contains("Gold"), "{refused}");
}

#[tokio::test]
async fn without_a_plan_the_arena_or_a_bowl_is_put_on_sale() {
    let (_db, catalog, clock) = shop().await;
    let slug = put_on_sale(&catalog, &clock, Plan::Arena, &[]).await.unwrap();
    assert_eq!(catalog.by_slug(&slug, NOW).await.unwrap().unwrap().summary.available, 8_000);
    let slug = put_on_sale(&catalog, &clock, Plan::Bowl(1_234), &[]).await.unwrap();
    assert_eq!(catalog.by_slug(&slug, NOW).await.unwrap().unwrap().summary.available, 1_234);
}

#[tokio::test]
async fn a_changed_plan_is_a_new_version_and_its_seats_are_matched() {
    let (_db, catalog, clock) = shop().await;
    let taken = async |text: &str| {
        let plan = read(text.as_bytes(), Limits::default()).unwrap();
        import(&catalog, &clock, plan).await.unwrap()
    };
    let first = taken(&plan()).await;
    assert!(first.matches.is_none() && first.text.contains("version 1"), "{}", first.text);
    // The front row loses its first two seats, its third a guid, its fourth guid and number: eight seats become six,
    // known by guid, by label, and by place.
    let mut changed: serde_json::Value = serde_json::from_str(&plan()).unwrap();
    let rows = changed["zones"][0]["rows"].as_array_mut().unwrap();
    let front = rows[0]["seats"].as_array_mut().unwrap();
    front.drain(..2);
    front[0].as_object_mut().unwrap().remove("seat_guid");
    front[1].as_object_mut().unwrap().remove("seat_guid");
    front[1]["seat_number"] = "40".into();
    let changed = changed.to_string();
    let second = taken(&changed).await;
    assert!(second.chart != first.chart && second.venue == first.venue);
    let told = "6 seats matched: 4 by guid, 1 by label, 1 by place. 0 new, 2 gone.";
    assert!(second.text.contains("version 2") && second.text.contains(told), "{}", second.text);
    let matches = second.matches.expect("there was a version before");
    let kept: Vec<Option<SeatId>> = (2..8).map(|seat| Some(SeatId(seat))).collect();
    assert_eq!(matches.old_of, kept, "each seat is known by its old number");
    assert_eq!((matches.added.len(), &matches.gone[..]), (0, &[SeatId(0), SeatId(1)][..]));
    // What was matched can be found out again: both documents are kept.
    let (version, newest) = catalog.charts().newest(second.venue, "Small Hall").await.unwrap().unwrap();
    let before = read(plan().as_bytes(), Limits::default()).unwrap().document;
    assert_eq!((version, match_versions(&before, &newest)), (2, matches));
    let same = taken(&changed).await;
    assert!(same.matches.is_none() && same.chart == second.chart, "the same plan stays one version");
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
