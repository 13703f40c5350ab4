//! Whole venues: drawn ones written as plans, and real ones where they are at hand.

use serde_json::{Value, json};

use super::{labels, read, sound};
use crate::chart::generate::{Arena, Bowl, Theatre, arena, bowl, theatre};
use crate::chart::import::{ChartError, Limits, Oddity, import};
use crate::chart::pack::tests::brotli;
use crate::chart::pack::{pack, unpack};
use crate::chart::{Chart, ShapeKind};

/// A chart in the public format: a zone a section.
fn as_plan(chart: &Chart) -> Value {
    let at = |x: f32, y: f32| json!({"x": x - chart.min.x, "y": y - chart.min.y});
    let mut guids = 0..;
    let zones: Vec<Value> = chart
        .sections
        .iter()
        .map(|section| {
            let rows = &chart.rows[section.rows.start as usize..section.rows.end as usize];
            let rows: Vec<Value> = rows
                .iter()
                .map(|row| {
                    let seats: Vec<Value> = (row.seats.start as usize..row.seats.end as usize)
                        .map(|seat| {
                            json!({
                                "seat_number": chart.seats.number.get(seat).unwrap().to_string(),
                                "seat_guid": format!("{}", guids.next().unwrap_or(0)),
                                "position": at(chart.seats.x[seat], chart.seats.y[seat]),
                                "category": chart.categories[usize::from(chart.seats.category[seat])],
                            })
                        })
                        .collect();
                    json!({"row_number": row.name, "position": {"x": 0, "y": 0}, "seats": seats})
                })
                .collect();
            json!({"name": section.name, "position": {"x": 0, "y": 0}, "rows": rows})
        })
        .collect();
    let stage = chart.shapes.iter().find(|shape| shape.kind == ShapeKind::Stage).unwrap();
    let points: Vec<Value> = stage.outline.iter().map(|point| at(point.x, point.y)).collect();
    let mut plan = json!({
        "name": chart.name, "zones": zones,
        "categories": chart.categories.iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
        "size": {"width": chart.max.x - chart.min.x, "height": chart.max.y - chart.min.y},
    });
    plan["zones"][0]["areas"] = json!([{"shape": "polygon", "position": {"x": 0, "y": 0}, "polygon": {"points": points},
        "text": {"text": "Stage", "position": {"x": 0, "y": 0}}}]);
    plan
}

#[test]
fn a_drawn_venue_survives_being_written_as_a_plan() {
    for chart in [theatre(&Theatre::default()), arena(&Arena::default()), bowl(&Bowl::with_seats(12_000))] {
        let imported = read(&as_plan(&chart)).unwrap();
        sound(&imported);
        let odd: Vec<Oddity> = imported.report.entries.iter().map(|entry| entry.code).collect();
        assert_eq!(odd, [], "{}: {:?}", chart.name, imported.report.entries);
        let back = imported.document.chart;
        assert_eq!(labels(&back), labels(&chart));
        assert_eq!(back.seats.gap_after, chart.seats.gap_after);
        assert_eq!(back.seats.block, chart.seats.block);
        for (x, y) in back.seats.x.iter().zip(&chart.seats.x) {
            assert!((x - (y - chart.min.x)).abs() <= 1.0);
        }
    }
}

/// The shared folder with real plans beside the project, where it is there; `./test` leaves these tests out where it is not.
fn shared(name: &str) -> Option<Vec<u8>> {
    let path = format!("{}/../../../shared/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let found = std::fs::read(&path).ok();
    if found.is_none() {
        eprintln!("skipped: {path} is not there");
    }
    found
}

#[test]
fn a_real_arena_comes_in_with_all_its_seats_told_apart() {
    let Some(bytes) = shared("arena-738.json") else { return };
    let imported = import(&bytes, Limits::default()).unwrap();
    sound(&imported);
    let chart = &imported.document.chart;
    assert_eq!((chart.seats.len(), chart.categories.len()), (738, 5));
    assert_eq!(chart.floors, ["Ground floor", "First Floor"]);
    assert_eq!(imported.report.times(Oddity::GuidRepeats), 738 - 318);
    assert_eq!(imported.report.times(Oddity::ZoneSplit), 2);
    assert_eq!(imported.report.times(Oddity::UnknownField), 0);
    assert_eq!(chart.sections.len(), 15, "twelve blocks below, three above");
    let all: Vec<_> = imported.report.entries.iter().map(|entry| entry.code).collect();
    assert_eq!(all, [Oddity::GuidRepeats, Oddity::ZoneOnTop, Oddity::ZoneSplit, Oddity::StageGuessed]);
}

/// A plan drawn by hand is less even than the generators' halls, and its names, outlines and head are shared by few seats. At
/// this weight 45 KB, promised for 100,000 seats of an even hall, are enough for 36,000.
#[test]
fn a_real_arena_weighs_at_most_a_byte_and_a_quarter_a_seat() {
    let Some(bytes) = shared("arena-738.json") else { return };
    let chart = import(&bytes, Limits::default()).unwrap().document.chart;
    let packed = pack(&chart).unwrap();
    let (small, seats) = (brotli(&packed), chart.seats.len());
    println!("{seats} seats: {} bytes packed, {small} after brotli", packed.len());
    assert!(4 * small <= 5 * seats, "{small} bytes for {seats} seats");
    assert_eq!(unpack(&packed).unwrap().seats.number, chart.seats.number, "with all their labels");
}

#[test]
fn other_json_is_no_plan() {
    for name in [
        "concerts-nyphil.json",
        "venues-cashmusic.json",
        "train-giruno.json",
        "train-coaches.json",
        "seating-plan.schema.json",
    ] {
        let Some(bytes) = shared(name) else { return };
        let refused = import(&bytes, Limits::default()).map(|imported| imported.report);
        assert!(matches!(refused, Err(ChartError::WrongType { .. })), "{name}: {refused:?}");
    }
}

/// A value that has every field of this part of a schema.
fn with_everything(schema: &Value, part: &Value) -> Value {
    if let Some(target) = part["$ref"].as_str() {
        return with_everything(schema, schema.pointer(target.trim_start_matches('#')).expect("the schema is whole"));
    }
    if let Some(first) = part["enum"].get(0) {
        return first.clone();
    }
    match part["type"].as_str() {
        Some("object") => {
            let fields = part["properties"].as_object().expect("an object has fields").iter();
            fields.map(|(name, field)| (name.clone(), with_everything(schema, field))).collect()
        }
        Some("array") => json!([with_everything(schema, &part["items"])]),
        Some("integer" | "number") => json!(5),
        Some("boolean") => json!(true),
        _ => json!("A"),
    }
}

#[test]
fn every_field_of_the_plans_schema_is_known() {
    let Some(bytes) = shared("seating-plan.schema.json") else { return };
    let schema: Value = serde_json::from_slice(&bytes).unwrap();
    let unknown = |plan: &Value| {
        let imported = read(plan).unwrap();
        let entries = imported.report.entries.into_iter().filter(|entry| entry.code == Oddity::UnknownField);
        entries.map(|entry| entry.path).collect::<Vec<_>>()
    };
    let mut plan = with_everything(&schema, &schema);
    assert_eq!(unknown(&plan), [""; 0]);
    plan["zones"][0]["rows"][0]["seats"][0]["upholstery"] = json!("red");
    assert_eq!(unknown(&plan).len(), 1, "what the schema does not have is told");
}
