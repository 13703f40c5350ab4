//! `parterre chart check` and `chart import` as they are typed: what they print, how they end, and that a plan which
//! cannot be used leaves nothing behind.

use std::path::{Path, PathBuf};

use parterre::test_support::database;
use serde_json::json;

use super::process::Folder;
use super::{Ended, parterre};

fn file(folder: &Folder, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.0.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn chart(verb: &str, file: &Path, more: &[&str]) -> Ended {
    let words = [&["chart", verb, file.to_str().unwrap()][..], more].concat();
    parterre(&words)
}

/// Two rows, three seats each, two of one number.
pub(super) fn plan() -> serde_json::Value {
    let row = |name: &str, y: u32, numbers: [u32; 3]| {
        let seats = numbers.iter().enumerate().map(|(at, n)| {
            json!({"seat_guid": format!("{name}{at}"), "seat_number": n.to_string(), "category": "Best", "position": {"x": 25 * at, "y": 0}})
        });
        json!({"row_number": name, "position": {"x": 0, "y": y}, "seats": seats.collect::<Vec<_>>()})
    };
    json!({"name": "Hall", "size": {"width": 400, "height": 300}, "categories": [{"name": "Best", "color": "#fff"}],
        "zones": [{"name": "Stalls", "position": {"x": 50, "y": 100}, "rows": [row("A", 0, [1, 2, 3]), row("B", 30, [1, 2, 2])]}]})
}

#[test]
fn a_usable_plan_is_told_with_its_oddities_and_ends_well() {
    let folder = Folder::new();
    let checked = chart("check", &file(&folder, "plan.json", plan().to_string().as_bytes()), &[]);
    assert_eq!(checked.code, 0);
    let told = checked.out;
    assert!(told.starts_with("Usable: \"Hall\" with 6 seats in 2 rows"), "{told}");
    assert!(told.contains("seat_repeats (1 times, first at $.zones[0].rows[1].seats[2].seat_number)"), "{told}");
}

#[test]
fn an_unusable_plan_ends_with_two_and_says_why() {
    let folder = Folder::new();
    let mut wrong = plan();
    wrong["zones"][0]["rows"][1]["seats"][0]["position"]["x"] = json!("left");
    let cases = [
        ("wrong_type", wrong.to_string().into_bytes()),
        ("truncated", plan().to_string().into_bytes()[..200].to_vec()),
        ("not_utf8", vec![0xff; 100]),
        ("no_seats", b"{\"zones\":[]}".to_vec()),
    ];
    for (code, bytes) in cases {
        let checked = chart("check", &file(&folder, code, &bytes), &[]);
        assert_eq!(checked.code, 2, "{code}");
        let told = checked.out;
        assert!(told.starts_with("Unusable: ") && told.contains(&format!("code {code}")), "{told}");
        assert!(code != "wrong_type" || told.contains("$.zones[0].rows[1].seats[0].position.x"), "{told}");
    }
    // A hundred megabytes that are not there: only as much as a plan may have is read.
    let large = folder.0.join("large.json");
    std::fs::File::create(&large).unwrap().set_len(100 << 20).unwrap();
    let checked = chart("check", &large, &[]);
    assert_eq!(checked.code, 2);
    let told = checked.out;
    assert!(told.contains("code too_large") && told.contains("104857600"), "{told}");
    let missing = chart("check", &folder.0.join("nowhere.json"), &[]);
    assert_eq!(missing.code, 1, "whether that plan can be used was not found out");
}

/// A plan of a million seats and one.
fn a_seat_too_many() -> String {
    let seats = |from: usize| {
        let seat = |at: usize| format!(r#"{{"seat_number":"{at}","position":{{"x":{},"y":0}}}}"#, 10 * at);
        (from..from + 1_000).map(seat).collect::<Vec<_>>().join(",")
    };
    let row = |n: usize, seats: &str| {
        format!(r#"{{"row_number":"{n}","position":{{"x":0,"y":{}}},"seats":[{seats}]}}"#, 10 * n)
    };
    let thousand = seats(0);
    let mut rows: Vec<String> = (0..1_000).map(|n| row(n, &thousand)).collect();
    rows.push(row(1_000, r#"{"seat_number":"1","position":{"x":0,"y":0}}"#));
    let plan = format!(
        r#"{{"name":"Too large","size":{{"width":20000,"height":20000}},"categories":[],"zones":[{{"name":"All","position":{{"x":0,"y":0}},"rows":[{}]}}]}}"#,
        rows.join(",")
    );
    assert!(plan.len() < 64 << 20, "not refused for its bytes: {}", plan.len());
    plan
}

/// A plan for every refusal that a plan can bring about.
fn unusable() -> Vec<(&'static str, Vec<u8>)> {
    let with_x = |x: &str| plan().to_string().replacen(r#""x":25"#, &format!(r#""x":{x}"#), 1).into_bytes();
    let mut crowded = plan();
    crowded["categories"] = (0..400).map(|n| json!({ "name": format!("Price {n}") })).collect();
    vec![
        ("not_utf8", vec![0xff; 100]),
        ("too_deep", "[".repeat(10_000).into_bytes()),
        ("truncated", plan().to_string().into_bytes()[..200].to_vec()),
        ("malformed", b"{\"zones\": nothing}".to_vec()),
        ("wrong_type", with_x("\"left\"")),
        ("bad_coordinate", with_x("1e300")),
        ("too_many_seats", a_seat_too_many().into_bytes()),
        ("too_many", crowded.to_string().into_bytes()),
        ("no_seats", b"{\"zones\":[]}".to_vec()),
        ("too_large", vec![b' '; (64 << 20) + 1]),
    ]
}

#[test]
fn of_an_unusable_plan_nothing_is_stored() {
    let folder = Folder::new();
    let data = folder.0.join("data");
    for (code, bytes) in unusable() {
        let refused = chart("import", &file(&folder, "bad.json", &bytes), &["--data", data.to_str().unwrap()]);
        assert_eq!(refused.code, 2, "{code}: {}", refused.err);
        assert!(refused.err.contains(&format!("code {code}")), "{code}: {}", refused.err);
        assert!(!data.exists(), "{code}: no database was even opened");
    }
}

/// `chart check` of a file with no more than two gigabytes of addresses, in no more than three minutes (unoptimised).
async fn checked_within_bounds(file: &Path) -> std::process::Output {
    // macOS knows no such limit and goes on.
    let bounded = "ulimit -v 2097152 2>/dev/null; exec \"$0\" chart check \"$1\"";
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", bounded, env!("CARGO_BIN_EXE_parterre")]).arg(file).kill_on_drop(true);
    let ends = tokio::time::timeout(std::time::Duration::from_secs(180), command.output());
    ends.await.expect("it ends in time").expect("the binary runs")
}

#[tokio::test]
async fn the_largest_bad_plans_are_refused_in_bounded_time_and_memory() {
    let folder = Folder::new();
    let deep = "[".repeat(60 << 20);
    let blank = " ".repeat(64 << 20);
    for (code, text) in [("too_many_seats", a_seat_too_many()), ("too_deep", deep), ("truncated", blank)] {
        let checked = checked_within_bounds(&file(&folder, code, text.as_bytes())).await;
        let told = String::from_utf8_lossy(&checked.stdout);
        assert_eq!(checked.status.code(), Some(2), "{code}: {told}{}", String::from_utf8_lossy(&checked.stderr));
        assert!(told.contains(&format!("code {code}")), "{told}");
    }
}

#[tokio::test]
async fn a_plan_is_taken_in_once_and_a_changed_one_is_the_next_version() {
    let (folder, database) = (Folder::new(), database().await);
    let data = folder.0.join("data");
    let to = ["--database-url", &database.url, "--data", data.to_str().unwrap()];
    let import = |plan: &serde_json::Value| {
        let done = chart("import", &file(&folder, "plan.json", plan.to_string().as_bytes()), &to);
        assert_eq!((done.code, done.err.as_str()), (0, ""));
        done.out
    };
    let first = import(&plan());
    assert!(first.starts_with("Usable: \"Hall\" with 6 seats in 2 rows"), "what is odd is told here too: {first}");
    assert!(first.ends_with("\"Hall\" kept as version 1.\n") && !first.contains("matched"), "{first}");
    assert!(import(&plan()).ends_with("\"Hall\" is already version 1.\n"));
    let mut changed = plan();
    let row = changed["zones"][0]["rows"][1]["seats"].as_array_mut().unwrap();
    row.remove(0);
    let second = import(&changed);
    let told = "5 seats matched: 5 by guid, 0 by label, 0 by place. 0 new, 1 gone.\n\"Hall\" kept as version 2.\n";
    assert!(second.ends_with(told), "{second}");
}
