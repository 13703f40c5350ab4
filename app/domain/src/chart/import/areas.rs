//! What a plan draws besides seats: areas, words, the stage; and hulls around seats.

use super::gather::{clean, numbers};
use super::group::House;
use super::plan::{Area, At};
use super::{ChartError, Oddity, Report};
use crate::chart::{Point, Shape, ShapeKind};

/// Most points of one polygon.
const POINTS: usize = 4_096;
/// Corners of a drawn ellipse.
const CORNERS: usize = 48;

/// An area in plan coordinates.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) outline: Vec<Point>,
    pub(super) text: Option<(String, Point)>,
    pub(super) path: String,
}

impl Drawn {
    pub(super) fn points(&mut self) -> impl Iterator<Item = &mut Point> {
        self.outline.iter_mut().chain(self.text.iter_mut().map(|(_, at)| at))
    }
}

/// Draws one area; `None` where there is nothing to draw.
pub(super) fn draw(
    area: Area,
    origin: (f64, f64),
    path: &str,
    report: &mut Report,
) -> Result<Option<Drawn>, ChartError> {
    let at = |position: Option<At>, name: &str| match position {
        Some(position) => numbers(position, || format!("{path}.{name}")),
        None => Ok((0.0, 0.0)),
    };
    let length = |value: Option<f64>, name: &str| {
        numbers(At { x: value, y: Some(0.0) }, || format!("{path}.{name}")).map(|(length, _)| length.abs())
    };
    let (x, y) = at(area.position, "position")?;
    let (x, y) = (origin.0 + x, origin.1 + y);
    let kind = clean(area.shape, report, || format!("{path}.shape")).unwrap_or_default();
    let local: Vec<(f64, f64)> = match (kind.as_str(), area.polygon, area.rectangle, area.ellipse, area.circle) {
        ("polygon", Some(polygon), ..) => {
            if polygon.points.len() > POINTS {
                return Err(ChartError::TooMany { what: "points in one polygon", limit: POINTS });
            }
            let points = polygon.points.into_iter().enumerate();
            points
                .map(|(index, point)| at(Some(point), &format!("polygon.points[{index}]")))
                .collect::<Result<_, _>>()?
        }
        ("rectangle", _, Some(size), ..) => {
            let (w, h) = (length(size.width, "rectangle.width")?, length(size.height, "rectangle.height")?);
            vec![(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)]
        }
        ("ellipse", _, _, Some(ellipse), _) => {
            let (rx, ry) = at(Some(ellipse.radius), "ellipse.radius")?;
            around(rx.abs(), ry.abs())
        }
        ("circle", _, _, _, Some(circle)) => {
            let radius = length(circle.radius, "circle.radius")?;
            around(radius, radius)
        }
        _ => Vec::new(),
    };
    let turn = area.rotation.filter(|turn| turn.is_finite()).unwrap_or(0.0).to_radians();
    // Clockwise around the area's position, as y grows downwards.
    let place = |(px, py): (f64, f64)| Point {
        x: (x + px * turn.cos() - py * turn.sin()) as f32,
        y: (y + px * turn.sin() + py * turn.cos()) as f32,
    };
    let outline: Vec<Point> = if local.len() >= 3 { local.into_iter().map(place).collect() } else { Vec::new() };
    let text = match area.text {
        Some(text) => {
            let (tx, ty) = at(text.position, "text.position")?;
            clean(text.text, report, || format!("{path}.text.text")).map(|words| (words, place((tx, ty))))
        }
        None => None,
    };
    Ok((!outline.is_empty() || text.is_some()).then(|| Drawn { outline, text, path: path.to_owned() }))
}

fn around(rx: f64, ry: f64) -> Vec<(f64, f64)> {
    let angle = |corner: usize| core::f64::consts::TAU * corner as f64 / CORNERS as f64;
    (0..CORNERS).map(|corner| (rx * angle(corner).cos(), ry * angle(corner).sin())).collect()
}

/// The shapes of a plan and where its guests look.
pub(super) struct Stage {
    pub(super) shapes: Vec<Shape>,
    pub(super) focal: Point,
}

const STAGE: [&str; 24] = [
    "stage",
    "bühne",
    "buehne",
    "scène",
    "scene",
    "escenario",
    "palco",
    "podium",
    "podio",
    "sahne",
    "scena",
    "jeviště",
    "сцена",
    "舞台",
    "ステージ",
    "무대",
    "screen",
    "leinwand",
    "field",
    "pitch",
    "spielfeld",
    "court",
    "球场",
    "orchestra pit",
];
const STANDING: [&str; 10] = [
    "standing",
    "stehpl",
    "stehen",
    "general admission",
    "debout",
    "de pie",
    "in piedi",
    "mosh",
    "站票",
    "dance floor",
];

fn says(words: Option<&str>, list: &[&str]) -> bool {
    let words = words.unwrap_or_default().to_lowercase();
    list.iter().any(|word| words.contains(word))
}

/// Tells stage, standing areas and the rest apart, by their words; without words the largest area that has no seats on
/// it is the stage.
pub(super) fn shapes(house: &House, report: &mut Report) -> Stage {
    let mut kinds: Vec<ShapeKind> = Vec::with_capacity(house.areas.len());
    for (_, area) in &house.areas {
        let words = area.text.as_ref().map(|(words, _)| words.as_str());
        kinds.push(match () {
            () if says(words, &STANDING) => ShapeKind::Standing,
            () if says(words, &STAGE) => ShapeKind::Stage,
            () => ShapeKind::Other,
        });
    }
    let outlined = |index: usize| !house.areas[index].1.outline.is_empty();
    let mut stage = (0..kinds.len()).find(|&index| kinds[index] == ShapeKind::Stage && outlined(index));
    stage = stage.or_else(|| kinds.iter().position(|kind| *kind == ShapeKind::Stage));
    if stage.is_none() {
        stage = guess(house, &kinds);
        if let Some(index) = stage {
            kinds[index] = ShapeKind::Stage;
            report.note(Oddity::StageGuessed, || house.areas[index].1.path.clone());
        }
    }
    let focal = match stage.map(|index| &house.areas[index].1) {
        Some(Drawn { outline, text: Some((_, at)), .. }) if outline.is_empty() => *at,
        Some(area) => centre(&area.outline),
        None => {
            report.note(Oddity::NoStage, || "$.zones".to_owned());
            upper_edge(house)
        }
    };
    let areas = house.areas.iter().zip(kinds);
    let shapes = areas.map(|((floor, area), kind)| Shape {
        // From every floor one looks at the stage.
        floor: floor.filter(|_| kind != ShapeKind::Stage),
        kind,
        outline: area.outline.clone(),
        text: area.text.clone(),
    });
    Stage { shapes: shapes.collect(), focal }
}

/// The largest area without words and without seats; at most so many are looked at.
fn guess(house: &House, kinds: &[ShapeKind]) -> Option<usize> {
    let mut candidates: Vec<(f64, usize)> = house
        .areas
        .iter()
        .enumerate()
        .filter(|(index, (_, area))| kinds[*index] == ShapeKind::Other && area.text.is_none())
        .map(|(index, (_, area))| (surface(&area.outline), index))
        .filter(|(surface, _)| *surface > 100.0 * f64::from(house.radius * house.radius))
        .collect();
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
    let empty = |index: usize| {
        let outline = &house.areas[index].1.outline;
        !house.places().any(|at| inside(outline, at))
    };
    candidates.into_iter().take(8).map(|(_, index)| index).find(|&index| empty(index))
}

fn upper_edge(house: &House) -> Point {
    let far = f32::INFINITY;
    let (left, right, top) = house
        .places()
        .fold((far, -far, far), |(left, right, top), at| (left.min(at.x), right.max(at.x), top.min(at.y)));
    if left > right { Point::default() } else { Point { x: f32::midpoint(left, right), y: top } }
}

/// What an outline encloses: the shoelace formula.
pub(super) fn surface(outline: &[Point]) -> f64 {
    let next = outline.iter().cycle().skip(1);
    let sum: f64 =
        outline.iter().zip(next).map(|(a, b)| f64::from(a.x) * f64::from(b.y) - f64::from(b.x) * f64::from(a.y)).sum();
    sum.abs() / 2.0
}

/// Whether a point is inside of an outline: the even-odd rule.
pub(in crate::chart) fn inside(outline: &[Point], at: Point) -> bool {
    let next = outline.iter().cycle().skip(1);
    outline
        .iter()
        .zip(next)
        .filter(|(a, b)| (a.y > at.y) != (b.y > at.y) && at.x < (b.x - a.x) * (at.y - a.y) / (b.y - a.y) + a.x)
        .count()
        % 2
        == 1
}

/// The middle of the box around some points.
pub(super) fn centre(points: &[Point]) -> Point {
    let Some(&first) = points.first() else { return Point::default() };
    let (min, max) = points.iter().fold((first, first), |(min, max), at| {
        (Point { x: min.x.min(at.x), y: min.y.min(at.y) }, Point { x: max.x.max(at.x), y: max.y.max(at.y) })
    });
    Point { x: f32::midpoint(min.x, max.x), y: f32::midpoint(min.y, max.y) }
}

/// The convex hull of some places, `margin` outside of them (Andrew's monotone chain over eight corners a place).
pub(super) fn hull(places: &[Point], margin: f32) -> Vec<Point> {
    let corners = (0..8).map(|corner| {
        let angle = core::f32::consts::TAU * (corner as f32 + 0.5) / 8.0;
        (margin * angle.cos(), margin * angle.sin())
    });
    let corners: Vec<(f32, f32)> = corners.collect();
    // Only the hull of the places themselves needs corners.
    let mut all: Vec<Point> = chain(places.to_vec())
        .into_iter()
        .flat_map(|at| corners.iter().map(move |(dx, dy)| Point { x: at.x + dx, y: at.y + dy }))
        .collect();
    all = chain(all);
    all
}

fn chain(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_unstable_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let cross = |o: Point, a: Point, b: Point| {
        f64::from(a.x - o.x) * f64::from(b.y - o.y) - f64::from(a.y - o.y) * f64::from(b.x - o.x)
    };
    let half = |points: &mut dyn Iterator<Item = Point>| {
        let mut hull: Vec<Point> = Vec::new();
        for at in points {
            while hull.len() >= 2 && cross(hull[hull.len() - 2], hull[hull.len() - 1], at) <= 0.0 {
                hull.pop();
            }
            hull.push(at);
        }
        hull.pop();
        hull
    };
    let mut hull = half(&mut points.iter().copied());
    hull.extend(half(&mut points.iter().rev().copied()));
    hull
}
