//! The plan as its JSON says it: types that forgive what can be understood, and refuse the rest with its path.

use core::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{ChartError, Oddity, Report};

/// Words; a number is taken as words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Words {
    #[default]
    Missing,
    Text(String),
    Number(String),
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forgiving;
        impl Visitor<'_> for Forgiving {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("words")
            }
            fn visit_str<E>(self, text: &str) -> Result<Words, E> {
                Ok(Words::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Words, E> {
                Ok(Words::Text(text))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Words, E> {
                Ok(Words::Number(number.to_string()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Words, E> {
                Ok(Words::Number(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Words, E> {
                Ok(Words::Number(number.to_string()))
            }
            fn visit_unit<E>(self) -> Result<Words, E> {
                Ok(Words::Missing)
            }
        }
        deserializer.deserialize_any(Forgiving)
    }
}

/// A field the format knows and that is of no use here; unlike serde's own `IgnoredAny` it is not told as unknown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known;

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = Known;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Known, E> {
                Ok(Known)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Known, E> {
                Ok(Known)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Known, E> {
                Ok(Known)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Known, E> {
                Ok(Known)
            }
            fn visit_str<E>(self, _: &str) -> Result<Known, E> {
                Ok(Known)
            }
            fn visit_unit<E>(self) -> Result<Known, E> {
                Ok(Known)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Known, A::Error> {
                while list.next_element::<Known>()?.is_some() {}
                Ok(Known)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Known, A::Error> {
                while map.next_entry::<Known, Known>()?.is_some() {}
                Ok(Known)
            }
        }
        deserializer.deserialize_any(Anything)
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Plan {
    #[serde(default)]
    pub(super) name: Words,
    pub(super) zones: Vec<Zone>,
    pub(super) categories: Option<Vec<Category>>,
    pub(super) size: Option<Size>,
    #[serde(default, rename = "$schema")]
    _schema: Known,
}

#[derive(Debug, Deserialize)]
pub(super) struct Category {
    #[serde(default)]
    pub(super) name: Words,
    #[serde(default, rename = "color")]
    _color: Known,
}

/// Both `null` and missing are `None`: that is what a script writes for NaN.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct At {
    pub(super) x: Option<f64>,
    pub(super) y: Option<f64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Size {
    pub(super) width: Option<f64>,
    pub(super) height: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Zone {
    #[serde(default)]
    pub(super) name: Words,
    pub(super) position: Option<At>,
    pub(super) rows: Option<Vec<Row>>,
    #[serde(default)]
    pub(super) areas: Option<Vec<Area>>,
    #[serde(default, rename = "zone_id")]
    _zone_id: Known,
    #[serde(default, rename = "uuid")]
    _uuid: Known,
}

#[derive(Debug, Deserialize)]
pub(super) struct Row {
    #[serde(default)]
    pub(super) row_number: Words,
    pub(super) position: Option<At>,
    pub(super) seats: Vec<Seat>,
    #[serde(default)]
    pub(super) row_label: Words,
    #[serde(default)]
    pub(super) seat_label: Words,
    #[serde(default, rename = "row_number_position")]
    _row_number_position: Known,
    #[serde(default, rename = "uuid")]
    _uuid: Known,
}

#[derive(Debug, Deserialize)]
pub(super) struct Seat {
    #[serde(default)]
    pub(super) seat_number: Words,
    #[serde(default)]
    pub(super) seat_guid: Words,
    #[serde(default)]
    pub(super) category: Words,
    pub(super) position: At,
    #[serde(default)]
    pub(super) radius: Option<f64>,
    #[serde(default, rename = "start_direction")]
    _start_direction: Known,
    #[serde(default, rename = "uuid")]
    _uuid: Known,
}

#[derive(Debug, Deserialize)]
pub(super) struct Area {
    pub(super) position: Option<At>,
    pub(super) rotation: Option<f64>,
    #[serde(default)]
    pub(super) shape: Words,
    pub(super) polygon: Option<Polygon>,
    pub(super) rectangle: Option<Size>,
    pub(super) ellipse: Option<Ellipse>,
    pub(super) circle: Option<Circle>,
    pub(super) text: Option<Text>,
    #[serde(default, rename = "color")]
    _color: Known,
    #[serde(default, rename = "border_color")]
    _border_color: Known,
    #[serde(default, rename = "uuid")]
    _uuid: Known,
}

#[derive(Debug, Deserialize)]
pub(super) struct Polygon {
    pub(super) points: Vec<At>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ellipse {
    pub(super) radius: At,
}

#[derive(Debug, Deserialize)]
pub(super) struct Circle {
    pub(super) radius: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Text {
    #[serde(default)]
    pub(super) text: Words,
    pub(super) position: Option<At>,
    #[serde(default, rename = "color")]
    _color: Known,
    #[serde(default, rename = "size")]
    _size: Known,
}

/// Reads the JSON; what the format does not know is noted.
pub(super) fn read(text: &str, report: &mut Report) -> Result<Plan, ChartError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let plan = serde_ignored::deserialize(tracked, |path| {
        report.note(Oddity::UnknownField, || dotted(&path.to_string()));
    });
    let plan = plan.and_then(|plan| json.end().map(|()| plan));
    plan.map_err(|error| refusal(text, &track.path().to_string(), &error))
}

/// `zones.0.name` as `$.zones[0].name`.
fn dotted(path: &str) -> String {
    let mut dotted = "$".to_owned();
    for part in path.split('.').filter(|part| *part != "?") {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            dotted.push_str(&format!("[{part}]"));
        } else {
            dotted.push('.');
            // A field's name comes from the file and may be of any length.
            dotted.extend(part.chars().take(60));
        }
    }
    dotted
}

fn refusal(text: &str, path: &str, error: &serde_json::Error) -> ChartError {
    let path = if path == "." { "$".to_owned() } else { format!("$.{path}") };
    if error.is_eof() {
        return ChartError::Truncated { line: error.line() };
    }
    if error.is_data() {
        let words = error.to_string();
        // The position follows; the path says it better.
        let words = words.split(" at line ").next().unwrap_or_default();
        return ChartError::WrongType { path, words: words.chars().take(200).collect() };
    }
    // Scripts write NaN and Infinity, which JSON does not have; greater numbers than a double holds are as bad.
    let here = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let column = error.column().saturating_sub(1).min(here.len());
    let start = here.as_bytes()[..column].iter().rposition(|byte| b":, [{".contains(byte)).map_or(0, |at| at + 1);
    let token: String =
        here.get(start..).unwrap_or_default().chars().take_while(|c| !",}] ".contains(*c)).take(40).collect();
    let no_number = ["NaN", "Infinity", "-Infinity", "-NaN", "inf", "-inf"].iter().any(|word| token.starts_with(word));
    if no_number || error.to_string().starts_with("number out of range") {
        return ChartError::BadCoordinate { path, value: token };
    }
    ChartError::Malformed { words: error.to_string() }
}
