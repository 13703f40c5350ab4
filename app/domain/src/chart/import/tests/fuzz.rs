//! Plans nearly right and bytes nearly plans: read soundly or refused, never a panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{plan, read, sound, stage};
use crate::chart::import::{ChartError, Limits, import};

/// Any JSON that is a little like a plan.
fn near_plans() -> impl Strategy<Value = Value> {
    let odd = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({})),
        Just(json!("")),
        Just(json!("A")),
        any::<i32>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        (-500.0..500.0).prop_map(|n: f64| json!(n)),
    ];
    let number =
        || prop_oneof![8 => (-300.0..300.0).prop_map(|n: f64| json!(n)), 3 => (-3..3).prop_map(|n| json!(n * 25))];
    let at = move || (number(), number()).prop_map(|(x, y)| json!({"x": x, "y": y}));
    let name = || prop_oneof![Just("A".to_owned()), Just("B".to_owned()), "[0-9]{1,2}", ".{0,4}"];
    let seat = (at(), name(), name(), name())
        .prop_map(|(at, number, guid, category)| json!({"position": at, "seat_number": number, "seat_guid": guid, "category": category}));
    let words =
        || prop::option::of(prop_oneof!["[ABt %s]{0,3}", Just("Table %s".to_owned()), Just("row A".to_owned())]);
    let row = (prop::option::of(at()), name(), prop::collection::vec(seat, 0..7), words(), words()).prop_map(
        |(at, name, seats, label, seat_label)| {
            let mut row = json!({"row_number": name, "seats": seats, "row_label": label, "seat_label": seat_label});
            at.into_iter().for_each(|at| row["position"] = at);
            row
        },
    );
    let zone = (at(), name(), prop::collection::vec(row, 0..6))
        .prop_map(|(at, name, rows)| json!({"position": at, "name": name, "rows": rows, "areas": [stage()]}));
    let spoil = prop::option::weighted(0.3, (any::<prop::sample::Index>(), odd));
    (prop::collection::vec(zone, 0..4), spoil).prop_map(|(zones, spoil)| {
        let mut plan = plan(zones);
        if let Some((at, odd)) = spoil {
            let mut paths = Vec::new();
            pointers(&plan, String::new(), &mut paths);
            *plan.pointer_mut(&paths[at.index(paths.len())]).unwrap() = odd;
        }
        plan
    })
}

fn pointers(value: &Value, path: String, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| pointers(value, format!("{path}/{key}"), all)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(key, value)| pointers(value, format!("{path}/{key}"), all));
        }
        _ => {}
    }
    all.push(path);
}

proptest! {
    #[test]
    fn whatever_is_like_a_plan_is_read_soundly_or_refused(plan in near_plans()) {
        match read(&plan) {
            Ok(imported) => sound(&imported),
            Err(error) => prop_assert!(!matches!(error, ChartError::Unsound { .. }), "{error}"),
        }
    }

    #[test]
    fn no_bytes_make_the_importer_panic(
        plan in near_plans(), hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = plan.to_string().into_bytes();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = import(&bytes, Limits::default());
        bytes.truncate(cut.index(bytes.len()));
        let _ = import(&bytes, Limits::default());
    }
}
