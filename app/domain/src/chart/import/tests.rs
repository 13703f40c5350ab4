//! Real and broken plans: what is forgiven is told, what is refused is refused by its code, and nothing panics.

use serde_json::{Value, json};

use super::*;
use crate::chart::{Chart, blocks};
use crate::seat::SeatId;

mod fuzz;
mod venues;

fn read(plan: &Value) -> Result<Imported, ChartError> {
    import(plan.to_string().as_bytes(), Limits::default())
}

fn seat(number: &str, x: f64, y: f64) -> Value {
    json!({"seat_guid": format!("g-{number}-{x}-{y}"), "seat_number": number, "position": {"x": x, "y": y}, "category": "Best"})
}

fn row(name: &str, x: f64, y: f64, seats: impl IntoIterator<Item = u32>) -> Value {
    let seats: Vec<Value> = seats
        .into_iter()
        .enumerate()
        .map(|(at, n)| {
            let mut seat = seat(&n.to_string(), at as f64 * 25.0, 0.0);
            seat["seat_guid"] = json!(format!("{name}-{x}-{y}-{n}"));
            seat
        })
        .collect();
    json!({"row_number": name, "position": {"x": x, "y": y}, "seats": seats})
}

fn zone(name: &str, rows: Vec<Value>) -> Value {
    json!({"name": name, "position": {"x": 0, "y": 0}, "rows": rows, "areas": [stage()]})
}

fn stage() -> Value {
    json!({"shape": "rectangle", "position": {"x": 100, "y": 0}, "rectangle": {"width": 200, "height": 60},
        "text": {"text": "Stage", "position": {"x": 100, "y": 30}}})
}

fn plan(zones: Vec<Value>) -> Value {
    json!({"name": "Hall", "size": {"width": 2000, "height": 2000}, "categories": [{"name": "Best", "color": "#fff"}], "zones": zones})
}

fn labels(chart: &Chart) -> Vec<String> {
    let label = |seat| chart.label(SeatId(seat)).unwrap();
    (0..chart.seats.len() as u32)
        .map(label)
        .map(|label| format!("{}/{}/{}", label.section, label.row, label.number))
        .collect()
}

#[test]
fn a_clean_plan_comes_in_as_it_is_and_without_a_word() {
    let imported =
        read(&plan(vec![zone("Parkett", vec![row("A", 100.0, 200.0, 1..=4), row("B", 100.0, 230.0, 1..=4)])])).unwrap();
    assert_eq!(imported.report.entries, []);
    let chart = &imported.document.chart;
    assert_eq!(chart.flaw(), None);
    assert_eq!(labels(chart)[..5], ["Parkett/A/1", "Parkett/A/2", "Parkett/A/3", "Parkett/A/4", "Parkett/B/1"]);
    assert_eq!((chart.seats.x[1], chart.seats.y[5]), (125.0, 230.0));
    assert_eq!(chart.focal, Point { x: 200.0, y: 30.0 });
    assert_eq!(imported.document.sources[5].path(), "$.zones[0].rows[1].seats[1]");
    assert_eq!(imported.document.guid(SeatId(0)), Some("A-100-200-1"));
}

#[test]
fn what_real_plans_get_wrong_is_put_in_order_and_told() {
    let cases: Vec<(Oddity, Value)> = vec![
        (Oddity::UnknownField, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["zones"][0]["rows"][0]["colour"] = json!([1, {}]);
            p
        }),
        (Oddity::NotWords, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["zones"][0]["rows"][0]["row_number"] = json!(7);
            p
        }),
        (Oddity::Nameless, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["zones"][0]["rows"][0]["row_number"] = json!(null);
            p
        }),
        (Oddity::NameCleaned, plan(vec![zone("P\u{202e}evil\u{0}", vec![row("A", 0.0, 99.0, 1..3)])])),
        (Oddity::PartMissing, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p.as_object_mut().unwrap().remove("size");
            p
        }),
        (Oddity::GuidRepeats, plan(vec![zone("P", vec![row("A", 0.0, 99.0, [1, 1]), row("B", 0.0, 130.0, 1..3)])])),
        (Oddity::GuidMissing, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["zones"][0]["rows"][0]["seats"][0]["seat_guid"] = json!("");
            p
        }),
        (Oddity::UnknownCategory, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["categories"] = json!([]);
            p
        }),
        (Oddity::CategoryRepeats, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["categories"] = json!([{"name": "Best"}, {"name": "Best"}]);
            p
        }),
        (
            Oddity::ZoneRepeats,
            plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)]), zone("P", vec![row("A", 0.0, 500.0, 1..3)])]),
        ),
        (Oddity::ZoneSplit, plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3), row("A", 700.0, 99.0, 1..3)])])),
        (Oddity::RowRepeats, plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..9), row("A", 0.0, 124.0, 1..9)])])),
        (Oddity::RowsJoined, plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..9), row("A", 300.0, 99.0, 9..12)])])),
        (Oddity::SeatRepeats, plan(vec![zone("P", vec![row("A", 0.0, 99.0, [1, 2, 2, 3])])])),
        (Oddity::LabelRepeats, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3), row("B", 0.0, 130.0, 1..3)])]);
            p["zones"][0]["rows"][0]["row_label"] = json!("Balcony");
            p["zones"][0]["rows"][1]["row_label"] = json!("Balcony");
            p
        }),
        (Oddity::EmptyRow, plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3), row("B", 0.0, 130.0, [])])])),
        (Oddity::RowUnplaced, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3), row("B", 0.0, 0.0, 1..3)])]);
            p["zones"][0]["rows"][1].as_object_mut().unwrap().remove("position");
            p
        }),
        (Oddity::OutOfOrder, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..9)])]);
            p["zones"][0]["rows"][0]["seats"].as_array_mut().unwrap().swap(1, 6);
            p
        }),
        (Oddity::RunsBackwards, plan(vec![zone("P", vec![row("A", 0.0, 99.0, (1..9).rev())])])),
        (Oddity::NumbersJump, plan(vec![zone("P", vec![row("A", 0.0, 99.0, [11, 13, 15, 17, 19])])])),
        (Oddity::OnTop, plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3), row("B", 0.0, 99.0, 1..3)])])),
        (
            Oddity::ZoneOnTop,
            plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)]), zone("Q", vec![row("A", 1.0, 99.0, 1..3)])]),
        ),
        (Oddity::OutsideSize, plan(vec![zone("P", vec![row("A", -300.0, 99.0, 1..3)])])),
        (Oddity::AreaUndrawable, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["zones"][0]["areas"] = json!([stage(), {"shape": "blob"}]);
            p
        }),
        (Oddity::StageGuessed, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["zones"][0]["areas"][0]["text"] = json!(null);
            p
        }),
        (Oddity::NoStage, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["zones"][0]["areas"] = json!([]);
            p
        }),
        (Oddity::Moved, {
            let mut p = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]);
            p["zones"][0]["position"] = json!({"x": 900_000, "y": 800_000});
            p
        }),
    ];
    for (oddity, plan) in cases {
        let imported = read(&plan).unwrap_or_else(|error| panic!("{oddity:?}: {error}"));
        let chart = &imported.document.chart;
        assert!(imported.report.times(oddity) > 0, "{oddity:?} is missing in {:?}", imported.report.entries);
        let entry = imported.report.entries.iter().find(|entry| entry.code == oddity).unwrap();
        assert!(entry.path.starts_with('$'), "{entry:?}");
        assert_eq!(serde_json::to_value(oddity).unwrap(), json!(oddity.code()));
        sound(&imported);
        assert!(imported.report.to_text().contains(oddity.code()));
        assert!(chart.seats.len() >= 2);
    }
}

/// What every imported chart must keep.
fn sound(imported: &Imported) {
    let Imported { document, report } = imported;
    let chart = &document.chart;
    assert_eq!(chart.flaw(), None);
    assert_eq!(document.sources.len(), chart.seats.len());
    assert_eq!(report.counts.seats, chart.seats.len());
    blocks::law::kept(&chart.rows, &chart.seats.block);
    let mut labels = labels(chart);
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), chart.seats.len(), "labels are told apart");
    let words = |seat| chart.label(SeatId(seat)).map(|label| format!("{}, {label}", label.section));
    let words: std::collections::HashSet<_> = (0..chart.seats.len() as u32).map(words).collect();
    assert_eq!(words.len(), chart.seats.len(), "and so are their words");
    let mut sources: Vec<[u32; 3]> = document.sources.iter().map(|source| source.at).collect();
    sources.sort_unstable();
    sources.dedup();
    assert_eq!(sources.len(), chart.seats.len(), "every seat comes from one place of the plan");
    let json = document.to_json().unwrap();
    assert_eq!(&Document::from_json(&json).unwrap(), document);
    assert_eq!(&pack::unpack(&pack::pack(chart).unwrap()).unwrap(), chart);
}

#[test]
fn what_is_no_plan_is_refused_by_its_code() {
    let good = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..3)])]).to_string();
    let with = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("truncated", Vec::new()),
        ("truncated", good.as_bytes()[..good.len() / 2].to_vec()),
        ("malformed", b"seat,row\n1,A\n".to_vec()),
        ("malformed", format!("{good}{good}").into_bytes()),
        ("malformed", with("[", "[,")),
        ("not_utf8", [good.as_bytes(), &[0xff]].concat()),
        (
            "not_utf8",
            good.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>()
                .into_iter()
                .chain([0xd8, 0xff])
                .collect(),
        ),
        ("too_large", vec![b' '; (64 << 20) + 1]),
        ("too_deep", vec![b'['; 1 << 20]),
        ("too_deep", "{\"a\":".repeat(1 << 18).into_bytes()),
        ("wrong_type", b"[]".to_vec()),
        ("wrong_type", b"{}".to_vec()),
        ("wrong_type", b"null".to_vec()),
        ("wrong_type", with("\"x\":0.0", "\"x\":\"left\"")),
        ("wrong_type", with("\"x\":0.0", "\"x\":{}")),
        ("bad_coordinate", with("\"x\":0.0", "\"x\":NaN")),
        ("bad_coordinate", with("\"x\":0.0", "\"x\":-Infinity")),
        ("bad_coordinate", with("\"x\":0.0", "\"x\":1e999")),
        ("bad_coordinate", with("\"x\":0.0", "\"x\":1e300")),
        ("bad_coordinate", with("\"x\":0.0", "\"x\":null")),
        ("no_seats", plan(vec![]).to_string().into_bytes()),
    ];
    for (code, bytes) in cases {
        let refused = import(&bytes, Limits::default()).map(|imported| imported.report);
        let error = refused.expect_err(code);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        assert_eq!(error.code(), code, "{error} for {shown}");
        assert_eq!(serde_json::to_value(&error).unwrap()["code"], code);
        let (text, exit) = verdict(&Err(error));
        assert!(text.starts_with("Unusable: ") && text.contains(code), "{text}");
        assert_eq!(exit, UNUSABLE);
    }
}

#[test]
fn a_wrong_type_is_told_with_its_path() {
    let mut bad = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..4)])]);
    bad["zones"][0]["rows"][0]["seats"][2]["position"]["y"] = json!("up");
    match read(&bad) {
        Err(ChartError::WrongType { path, .. }) => assert_eq!(path, "$.zones[0].rows[0].seats[2].position.y"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn too_many_seats_are_refused_before_they_are_laid_out() {
    let many = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..=30)])]).to_string();
    let limits = Limits { seats: 29, ..Limits::default() };
    assert_eq!(import(many.as_bytes(), limits).map(|_| ()), Err(ChartError::TooManySeats { limit: 29 }));
    // A file of empty objects would cost far more memory than bytes: it is refused by counting them.
    let hollow = format!("{{\"zones\":[{{\"rows\":[{}{{}}]}}]}}", "{\"seats\":[]},".repeat(1_100_000));
    assert_eq!(import(hollow.as_bytes(), limits).map(|_| ()), Err(ChartError::TooManySeats { limit: 29 }));
}

#[test]
fn a_pile_of_seats_on_one_spot_is_spread_and_told_apart() {
    let mut pile = plan(vec![zone("P", (0..30).map(|_| row("A", 50.0, 99.0, [7; 60])).collect())]);
    for row in pile["zones"][0]["rows"].as_array_mut().unwrap() {
        row["seats"].as_array_mut().unwrap().iter_mut().for_each(|seat| seat["position"] = json!({"x": 0, "y": 0}));
    }
    let imported = read(&pile).unwrap();
    sound(&imported);
    assert_eq!(imported.document.chart.seats.len(), 1_800);
    assert_eq!(imported.report.times(Oddity::OnTop), 1_799);
}

#[test]
fn a_byte_order_mark_and_any_script_are_fine() {
    let text = format!(
        "\u{feff}{}",
        plan(vec![zone("一楼看台", vec![row("甲", 0.0, 99.0, 1..3), row("乙", 0.0, 130.0, 1..3)])])
    );
    let imported = import(text.as_bytes(), Limits::default()).unwrap();
    assert_eq!(labels(&imported.document.chart)[2], "一楼看台/乙/1");
    assert_eq!(imported.report.entries, []);
}

#[test]
fn rows_and_seats_are_called_what_the_plan_calls_them() {
    let mut words = plan(vec![zone(
        "Hall",
        vec![
            row("4", 0.0, 99.0, 1..3),
            row("5", 0.0, 130.0, 1..3),
            row("6", 0.0, 160.0, [1]),
            row("7", 0.0, 190.0, [1]),
        ],
    )]);
    let rows = words["zones"][0]["rows"].as_array_mut().unwrap();
    (rows[0]["row_label"], rows[0]["seat_label"]) = (json!("Table %s"), json!("Chair %s, cushioned"));
    (rows[1]["row_label"], rows[1]["seat_label"]) = (json!("Table"), json!("Chair"));
    (rows[2]["row_label"], rows[2]["seat_label"]) = (json!("table 4"), json!("The throne"));
    (rows[3]["row_label"], rows[3]["seat_label"]) = (json!("row 4"), json!(null));
    let imported = read(&words).unwrap();
    sound(&imported);
    let chart = &imported.document.chart;
    let told: Vec<String> = (0..6).map(|seat| chart.label(SeatId(seat)).unwrap().to_string()).collect();
    let expected = ["Table 4, Chair 1, cushioned", "Table 4, Chair 2, cushioned", "Table, Chair 1", "Table, Chair 2"];
    assert_eq!(told[..4], expected);
    assert_eq!(
        told[4..],
        ["table 4 (6), The throne", "row 4 (7), seat 1"],
        "what is said already is said with the name"
    );
    assert_eq!(labels(chart)[..2], ["Hall/4/1", "Hall/4/2"], "on the map the names stay short");
    assert_eq!(imported.report.times(Oddity::LabelRepeats), 2);
    assert_eq!(chart.rows[0].title(), "Table 4");
    assert_eq!(
        read(&plan(vec![zone("P", vec![row("A", 0.0, 9.0, 1..3)])])).unwrap().document.chart.rows[0].title(),
        "Row A"
    );
}

#[test]
fn rows_without_a_position_stand_below_one_another() {
    let mut loose = plan(vec![zone("P", (0..5).map(|n| row(&n.to_string(), 0.0, 0.0, 1..9)).collect())]);
    for row in loose["zones"][0]["rows"].as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("position");
    }
    // The last one's seats say where they stand, and nothing is there: so they do.
    let seats = loose["zones"][0]["rows"][4]["seats"].as_array_mut().unwrap();
    seats.iter_mut().for_each(|seat| seat["position"]["y"] = json!(900.0));
    let imported = read(&loose).unwrap();
    sound(&imported);
    assert_eq!((imported.report.times(Oddity::RowUnplaced), imported.report.times(Oddity::OnTop)), (5, 0));
    let chart = &imported.document.chart;
    let heights: Vec<f32> = chart.rows.iter().map(|row| chart.seats.y[row.seats.start as usize]).collect();
    let apart: Vec<f32> = heights.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(apart.iter().all(|apart| *apart > 2.2 * chart.seat_radius), "{heights:?}");
    assert!((apart[0] - apart[1]).abs() < 1.0 && (heights[4] - 900.0).abs() < 1.0, "{heights:?}");
    assert_eq!(chart.seats.x[..8], chart.seats.x[8..16], "column under column");
}

#[test]
fn an_aisle_in_a_row_is_seen_by_its_distance() {
    let mut wide = plan(vec![zone("P", vec![row("A", 0.0, 99.0, 1..=8)])]);
    for late in 4..8 {
        wide["zones"][0]["rows"][0]["seats"][late]["position"]["x"] = json!(late as f64 * 25.0 + 40.0);
    }
    let chart = read(&wide).unwrap().document.chart;
    assert_eq!(chart.seats.gap_after, [false, false, false, true, false, false, false, false]);
}

#[test]
fn all_kinds_of_areas_are_drawn() {
    let mut drawn = plan(vec![zone("P", vec![row("A", 0.0, 500.0, 1..3)])]);
    drawn["zones"][0]["areas"] = json!([
        {"shape": "rectangle", "position": {"x": 100, "y": 100}, "rotation": 90, "rectangle": {"width": 40, "height": 10}},
        {"shape": "circle", "position": {"x": 300, "y": 100}, "circle": {"radius": 20}, "text": {"text": "Bar", "position": {"x": 0, "y": 0}}},
        {"shape": "ellipse", "position": {"x": 300, "y": 200}, "ellipse": {"radius": {"x": 20, "y": 10}}, "text": {"text": "Stehplätze", "position": {"x": 0, "y": 0}}},
        {"shape": "polygon", "position": {"x": 500, "y": 0}, "polygon": {"points": [{"x": 0, "y": 0}, {"x": 90, "y": 0}, {"x": 0, "y": 60}]},
            "text": {"text": "舞台", "position": {"x": 20, "y": 20}}},
        {"shape": "text", "position": {"x": 10, "y": 10}, "text": {"text": "Exit", "position": {"x": 5, "y": 5}}},
    ]);
    let chart = read(&drawn).unwrap().document.chart;
    use crate::chart::ShapeKind::{Other, Stage, Standing};
    assert_eq!(chart.shapes.iter().map(|shape| shape.kind).collect::<Vec<_>>(), [Other, Other, Standing, Stage, Other]);
    let box_of = |index: usize| {
        let of = |axis: fn(&Point) -> f32| {
            let values = || chart.shapes[index].outline.iter().map(axis);
            (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max))
        };
        (of(|at| at.x), of(|at| at.y))
    };
    assert_eq!(box_of(0), ((90.0, 100.0), (100.0, 140.0)), "turned clockwise around its corner");
    assert_eq!(box_of(1), ((280.0, 320.0), (80.0, 120.0)));
    assert_eq!(box_of(2), ((280.0, 320.0), (190.0, 210.0)));
    assert_eq!(chart.shapes[4].text, Some(("Exit".to_owned(), Point { x: 15.0, y: 15.0 })));
    assert_eq!(chart.focal, Point { x: 545.0, y: 30.0 });
}
