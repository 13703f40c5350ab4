//! `parterre chart check` and `chart import` as they are typed: what they print, how they end, and that a plan which
//! cannot be used leaves nothing behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("parterre-charts-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn chart(verb: &str, file: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parterre"));
    command.args(["chart", verb]).arg(file).args(more).output().expect("the binary runs")
}

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// Two rows, three seats each, two of one number.
fn plan() -> serde_json::Value {
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
    let checked = chart("check", &folder.file("plan.json", plan().to_string().as_bytes()), &[]);
    assert_eq!(checked.status.code(), Some(0));
    let told = said(&checked.stdout);
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
        let checked = chart("check", &folder.file(code, &bytes), &[]);
        assert_eq!(checked.status.code(), Some(2), "{code}");
        let told = said(&checked.stdout);
        assert!(told.starts_with("Unusable: ") && told.contains(&format!("code {code}")), "{told}");
        assert!(code != "wrong_type" || told.contains("$.zones[0].rows[1].seats[0].position.x"), "{told}");
    }
    // A hundred megabytes that are not there: only as much as a plan may have is read.
    let large = folder.0.join("large.json");
    std::fs::File::create(&large).unwrap().set_len(100 << 20).unwrap();
    let checked = chart("check", &large, &[]);
    assert_eq!(checked.status.code(), Some(2));
    let told = said(&checked.stdout);
    assert!(told.contains("code too_large") && told.contains("104857600"), "{told}");
    let missing = chart("check", &folder.0.join("nowhere.json"), &[]);
    assert_eq!(missing.status.code(), Some(1), "whether that plan can be used was not found out");
}

#[test]
fn of_an_unusable_plan_nothing_is_stored() {
    let folder = Folder::new();
    let data = folder.0.join("data");
    let refused = chart("import", &folder.file("bad.json", b"{\"zones\":[]}"), &["--data", data.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused.stderr));
    assert!(said(&refused.stderr).contains("code no_seats"));
    assert!(!data.exists(), "no database was even opened");
}
