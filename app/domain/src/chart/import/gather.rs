//! From the plan's tree to rows of seats in plan coordinates, with clean names and known categories.

use std::collections::{HashMap, HashSet};

use super::plan::{At, Plan, Words};
use super::{ChartError, Limits, Oddity, Report, areas, plan};
use crate::chart::Point;

/// Greatest coordinate, in either direction, of a zone, row, seat or point.
const FARTHEST: f64 = 1_000_000.0;
/// Longest name in characters.
const NAME: usize = 120;
/// Longest words for a row or its seats in characters.
const WORDS: usize = 60;
/// Longest guid in bytes.
const GUID: usize = 256;
const ZONES: usize = 10_000;
const CATEGORIES: usize = 256;
const AREAS: usize = 20_000;

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) at: Point,
    pub(super) number: String,
    pub(super) guid: Option<String>,
    pub(super) category: u8,
    pub(super) gap_after: bool,
    /// Zone, row, seat.
    pub(super) source: [u32; 3],
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    /// What row and seats are called in words, `%s` for name or number; empty where the plan does not say.
    pub(super) label: String,
    pub(super) seat_label: String,
    pub(super) seats: Vec<Seat>,
    /// The plan says where it is.
    pub(super) placed: bool,
}

impl Row {
    /// JSON path of the row; a gathered row has seats.
    pub(super) fn path(&self) -> String {
        self.seats.first().map_or_else(String::new, |seat| row_path(seat.source[0], seat.source[1]))
    }
}

impl Seat {
    pub(super) fn path(&self) -> String {
        format!("{}.seats[{}]", row_path(self.source[0], self.source[1]), self.source[2])
    }
}

fn row_path(zone: u32, row: u32) -> String {
    format!("$.zones[{zone}].rows[{row}]")
}

#[derive(Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) index: usize,
    pub(super) rows: Vec<Row>,
    pub(super) areas: Vec<areas::Drawn>,
}

/// All zones of a plan.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) name: String,
    pub(super) size: Option<Point>,
    pub(super) categories: Vec<String>,
    pub(super) zones: Vec<Zone>,
    /// Radius most seats state; 10 where they do not.
    pub(super) radius: f32,
}

pub(super) fn gather(plan: Plan, limits: Limits, report: &mut Report) -> Result<Gathered, ChartError> {
    if plan.zones.len() > ZONES {
        return Err(ChartError::TooMany { what: "zones", limit: ZONES });
    }
    let name = clean(plan.name, report, || "$.name".to_owned()).unwrap_or_else(|| {
        report.note(Oddity::Nameless, || "$.name".to_owned());
        "Plan".to_owned()
    });
    let mut categories = Categories::of(plan.categories, report)?;
    let size = plan.size.and_then(|size| Some(Point { x: size.width? as f32, y: size.height? as f32 }));
    if size.is_none() {
        report.note(Oddity::PartMissing, || "$.size".to_owned());
    }
    let mut radii: HashMap<u32, u32> = HashMap::new();
    let (mut seats, mut areas_seen) = (0_usize, 0_usize);
    let mut zones = Vec::with_capacity(plan.zones.len());
    for (zone_index, zone) in plan.zones.into_iter().enumerate() {
        let path = || format!("$.zones[{zone_index}]");
        let name = clean(zone.name, report, || format!("{}.name", path())).unwrap_or_else(|| {
            report.note(Oddity::Nameless, path);
            format!("Zone {}", zone_index + 1)
        });
        let origin = optional(zone.position, report, || format!("{}.position", path()))?;
        let mut rows = Vec::new();
        if zone.rows.is_none() {
            report.note(Oddity::PartMissing, || format!("{}.rows", path()));
        }
        for (row_index, row) in zone.rows.into_iter().flatten().enumerate() {
            seats += row.seats.len();
            if seats > limits.seats {
                return Err(ChartError::TooManySeats { limit: limits.seats });
            }
            let at = [zone_index as u32, row_index as u32];
            rows.extend(gather_row(row, at, origin, &mut categories, &mut radii, report)?);
        }
        let mut drawn = Vec::new();
        for (index, area) in zone.areas.into_iter().flatten().enumerate() {
            areas_seen += 1;
            if areas_seen > AREAS {
                return Err(ChartError::TooMany { what: "areas", limit: AREAS });
            }
            let path = format!("{}.areas[{index}]", path());
            match areas::draw(area, origin, &path, report)? {
                Some(area) => drawn.push(area),
                None => report.note(Oddity::AreaUndrawable, || path),
            }
        }
        zones.push(Zone { name, index: zone_index, rows, areas: drawn });
    }
    if seats == 0 {
        return Err(ChartError::NoSeats);
    }
    guids(&zones, report);
    let radius = radii.into_iter().max_by_key(|&(radius, times)| (times, radius));
    Ok(Gathered {
        name,
        size,
        categories: categories.names,
        zones,
        radius: radius.map_or(10.0, |(bits, _)| f32::from_bits(bits)),
    })
}

fn gather_row(
    row: plan::Row,
    [zone_index, row_index]: [u32; 2],
    origin: (f64, f64),
    categories: &mut Categories,
    radii: &mut HashMap<u32, u32>,
    report: &mut Report,
) -> Result<Option<Row>, ChartError> {
    let path = || row_path(zone_index, row_index);
    if row.seats.is_empty() {
        report.note(Oddity::EmptyRow, path);
        return Ok(None);
    }
    let name = clean(row.row_number, report, || format!("{}.row_number", path())).unwrap_or_else(|| {
        report.note(Oddity::Nameless, || format!("{}.row_number", path()));
        format!("({})", row_index + 1)
    });
    let mut words = |words: Words, field: &str| {
        let words = clean(words, report, || format!("{}.{field}", path())).unwrap_or_default();
        if words.chars().nth(WORDS).is_some() {
            report.note(Oddity::NameCleaned, || format!("{}.{field}", path()));
        }
        words.chars().take(WORDS).collect::<String>().trim_end().to_owned()
    };
    let label = words(row.row_label, "row_label");
    let seat_label = words(row.seat_label, "seat_label");
    let placed = row.position.is_some();
    let (x, y) = match row.position {
        Some(position) => numbers(position, || format!("{}.position", path()))?,
        None => (0.0, 0.0),
    };
    let mut seats = Vec::with_capacity(row.seats.len());
    for (index, seat) in row.seats.into_iter().enumerate() {
        let path = || format!("{}.seats[{index}]", path());
        let (dx, dy) = numbers(seat.position, || format!("{}.position", path()))?;
        let number = clean(seat.seat_number, report, || format!("{}.seat_number", path())).unwrap_or_else(|| {
            report.note(Oddity::Nameless, || format!("{}.seat_number", path()));
            format!("({})", index + 1)
        });
        let category = categories.find(seat.category, report, || format!("{}.category", path()))?;
        if let Some(radius) = seat.radius.filter(|radius| (0.01..=1_000.0).contains(radius)) {
            *radii.entry((radius as f32).to_bits()).or_default() += 1;
        } else {
            *radii.entry(10.0_f32.to_bits()).or_default() += 1;
        }
        let guid = match seat.seat_guid {
            Words::Text(guid) | Words::Number(guid) if !guid.is_empty() && guid.len() <= GUID => Some(guid),
            _ => {
                report.note(Oddity::GuidMissing, || format!("{}.seat_guid", path()));
                None
            }
        };
        let at = Point { x: (origin.0 + x + dx) as f32, y: (origin.1 + y + dy) as f32 };
        let source = [zone_index, row_index, index as u32];
        seats.push(Seat { at, number, guid, category, gap_after: false, source });
    }
    Ok(Some(Row { name, label, seat_label, seats, placed }))
}

/// A position that may be missing: the origin, and noted.
fn optional(position: Option<At>, report: &mut Report, path: impl Fn() -> String) -> Result<(f64, f64), ChartError> {
    if let Some(position) = position {
        return numbers(position, path);
    }
    report.note(Oddity::PartMissing, path);
    Ok((0.0, 0.0))
}

/// Both coordinates, finite and within reason.
pub(super) fn numbers(position: At, path: impl Fn() -> String) -> Result<(f64, f64), ChartError> {
    let one = |value: Option<f64>, axis: &str| match value {
        Some(value) if value.abs() <= FARTHEST => Ok(value),
        value => Err(ChartError::BadCoordinate {
            path: format!("{}.{axis}", path()),
            value: value.map_or_else(|| "missing".to_owned(), |value| format!("{value:e}")),
        }),
    };
    Ok((one(position.x, "x")?, one(position.y, "y")?))
}

/// Words without control characters and of bounded length; `None` where nothing is left.
pub(super) fn clean(words: Words, report: &mut Report, path: impl Fn() -> String) -> Option<String> {
    let text = match words {
        Words::Missing => return None,
        Words::Number(text) => {
            report.note(Oddity::NotWords, path);
            return Some(text);
        }
        Words::Text(text) => text,
    };
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if text.contains(odd) || text.chars().nth(NAME).is_some() {
        report.note(Oddity::NameCleaned, path);
        let spaced: String = text.chars().map(|c| if odd(c) { ' ' } else { c }).take(NAME).collect();
        let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
        return (!joined.is_empty()).then_some(joined);
    }
    let trimmed = text.trim();
    match trimmed.len() {
        0 => None,
        length if length == text.len() => Some(text),
        _ => Some(trimmed.to_owned()),
    }
}

/// The price categories by name.
struct Categories {
    names: Vec<String>,
    by_name: HashMap<String, u8>,
}

impl Categories {
    fn of(listed: Option<Vec<plan::Category>>, report: &mut Report) -> Result<Self, ChartError> {
        let mut categories = Self { names: Vec::new(), by_name: HashMap::new() };
        if listed.is_none() {
            report.note(Oddity::PartMissing, || "$.categories".to_owned());
        }
        for (index, category) in listed.into_iter().flatten().enumerate() {
            let path = || format!("$.categories[{index}].name");
            let Some(name) = clean(category.name, report, path) else {
                report.note(Oddity::Nameless, path);
                continue;
            };
            if categories.by_name.contains_key(&name) {
                report.note(Oddity::CategoryRepeats, path);
            } else {
                categories.add(name)?;
            }
        }
        Ok(categories)
    }

    fn add(&mut self, name: String) -> Result<u8, ChartError> {
        let index = self.names.len();
        if index >= CATEGORIES {
            return Err(ChartError::TooMany { what: "categories", limit: CATEGORIES });
        }
        self.names.push(name.clone());
        self.by_name.insert(name, index as u8);
        Ok(index as u8)
    }

    fn find(&mut self, name: Words, report: &mut Report, path: impl Fn() -> String) -> Result<u8, ChartError> {
        if let Words::Text(name) = &name
            && let Some(&known) = self.by_name.get(name.as_str())
        {
            return Ok(known);
        }
        let name = clean(name, report, &path).unwrap_or_else(|| "Other".to_owned());
        if let Some(&known) = self.by_name.get(&name) {
            return Ok(known);
        }
        report.note(Oddity::UnknownCategory, path);
        self.add(name)
    }
}

fn guids(zones: &[Zone], report: &mut Report) {
    let mut seen = HashSet::new();
    for seat in zones.iter().flat_map(|zone| &zone.rows).flat_map(|row| &row.seats) {
        if let Some(guid) = &seat.guid
            && !seen.insert(guid.as_str())
        {
            report.note(Oddity::GuidRepeats, || format!("{}.seat_guid", seat.path()));
        }
    }
}
