//! Seats find their old selves by guid, label and place, in this order, and never two the same one.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chart::generate::{Arena, Bowl, Theatre, arena, bowl, theatre};
use crate::chart::import::{Limits, import};

/// A plan of rows by name, each of (number, guid) seats, 25 apart.
fn plan(rows: &[(String, Vec<(u32, String)>)]) -> Document {
    let rows: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(at, (name, seats))| {
            let seats: Vec<Value> = seats
                .iter()
                .enumerate()
                .map(|(seat, (number, guid))| {
                    json!({"seat_number": number.to_string(), "seat_guid": guid, "category": "A", "position": {"x": seat * 25, "y": 0}})
                })
                .collect();
            json!({"row_number": name, "position": {"x": 0, "y": at * 30}, "seats": seats})
        })
        .collect();
    let plan = json!({"name": "P", "categories": [{"name": "A"}], "size": {"width": 9000, "height": 9000},
        "zones": [{"name": "Z", "position": {"x": 0, "y": 0}, "rows": rows}]});
    import(plan.to_string().as_bytes(), Limits::default()).unwrap().document
}

fn rows(count: usize, seats: u32) -> Vec<(String, Vec<(u32, String)>)> {
    (0..count).map(|row| (format!("R{row}"), (1..=seats).map(|n| (n, format!("{row}-{n}"))).collect())).collect()
}

/// What every matching must keep.
fn lawful(old: &Document, new: &Document) -> Matches {
    let matches = match_versions(old, new);
    assert_eq!(matches.old_of.len(), new.chart.seats.len());
    let pairs: Vec<SeatId> = matches.old_of.iter().flatten().copied().collect();
    let distinct: HashSet<SeatId> = pairs.iter().copied().collect();
    assert_eq!(distinct.len(), pairs.len(), "no old seat twice");
    assert_eq!((matches.by_guid + matches.by_label + matches.by_place) as usize, pairs.len());
    assert_eq!(matches.added.len(), new.chart.seats.len() - pairs.len());
    assert_eq!(matches.gone.len(), old.chart.seats.len() - pairs.len());
    assert!(matches.gone.iter().all(|seat| !distinct.contains(seat)));
    let back = matches.new_of(old.chart.seats.len());
    assert_eq!(back.iter().flatten().count(), pairs.len());
    matches
}

#[test]
fn a_version_matches_itself_whole() {
    for chart in [theatre(&Theatre::default()), arena(&Arena::default()), bowl(&Bowl::with_seats(5_000))] {
        let document = Document::of(chart);
        let matches = lawful(&document, &document);
        assert_eq!(matches.by_label as usize, document.chart.seats.len(), "without guids by label");
        assert!(matches.old_of.iter().enumerate().all(|(new, old)| *old == Some(SeatId(new as u32))));
    }
    let imported = plan(&rows(4, 6));
    assert_eq!(lawful(&imported, &imported).by_guid, 24);
}

#[test]
fn a_repeated_guid_tells_nothing_and_the_label_decides() {
    let mut old = rows(2, 3);
    old[1].1[0].1 = "0-1".to_owned();
    let matches = lawful(&plan(&old), &plan(&rows(2, 3)));
    // "0-1" is twice in the old version: both of its seats go by label.
    assert_eq!((matches.by_guid, matches.by_label, matches.by_place), (4, 2, 0));
    assert!(matches.old_of.iter().enumerate().all(|(new, old)| *old == Some(SeatId(new as u32))));
}

#[test]
fn a_guid_wins_over_the_label_when_seats_are_renumbered() {
    let old = rows(1, 4);
    let mut new = old.clone();
    // A new seat before all others: every number moves up by one.
    new[0].1 = vec![(1, "new".into()), (2, "0-1".into()), (3, "0-2".into()), (4, "0-3".into()), (5, "0-4".into())];
    let matches = lawful(&plan(&old), &plan(&new));
    assert_eq!(matches.old_of, [None, Some(SeatId(0)), Some(SeatId(1)), Some(SeatId(2)), Some(SeatId(3))]);
    assert_eq!(matches.by_guid, 4);
}

#[test]
fn without_guid_and_label_the_place_decides() {
    let old = rows(2, 3);
    let renamed: Vec<_> = rows(2, 3).into_iter().map(|(name, seats)| (format!("new {name}"), seats)).collect();
    let anonymous: Vec<_> = renamed
        .into_iter()
        .map(|(name, seats)| (name, seats.into_iter().map(|(n, guid)| (n, format!("x{guid}"))).collect()))
        .collect();
    let matches = lawful(&plan(&old), &plan(&anonymous));
    assert_eq!((matches.by_guid, matches.by_label, matches.by_place), (0, 0, 6));
    assert_eq!(matches.to_text(), "6 seats matched: 0 by guid, 0 by label, 6 by place. 0 new, 0 gone.\n");
}

proptest! {
    #[test]
    fn rows_that_change_their_order_keep_their_seats(order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let old = rows(6, 5);
        let new: Vec<_> = order.iter().map(|&row| old[row].clone()).collect();
        let matches = lawful(&plan(&old), &plan(&new));
        for (at, &row) in order.iter().enumerate() {
            for seat in 0..5 {
                prop_assert_eq!(matches.old_of[at * 5 + seat], Some(SeatId((row * 5 + seat) as u32)));
            }
        }
    }

    #[test]
    fn any_two_versions_are_matched_lawfully(
        old in prop::collection::vec(("[AB]", prop::collection::vec((1..6_u32, "[a-d]"), 1..6)), 1..5),
        new in prop::collection::vec(("[AB]", prop::collection::vec((1..6_u32, "[a-d]"), 1..6)), 1..5),
    ) {
        let (old, new) = (plan(&old), plan(&new));
        let matches = lawful(&old, &new);
        prop_assert_eq!(&match_versions(&old, &new), &matches, "the same question has the same answer");
        for (seat, found) in matches.old_of.iter().enumerate() {
            // A seat whose guid only one seat of either version has is matched by it.
            let guid = new.guid(SeatId(seat as u32)).unwrap();
            let holders = |document: &Document| -> Vec<usize> {
                (0..document.chart.seats.len()).filter(|&seat| document.guid(SeatId(seat as u32)) == Some(guid)).collect()
            };
            if let ([_], [one]) = (&holders(&new)[..], &holders(&old)[..]) {
                prop_assert_eq!(*found, Some(SeatId(*one as u32)));
            }
        }
    }
}
