//! The map's model: a chart's planes moved to the origin, one look a seat, and its sections ready to draw.

use core::ops::Range;
use std::cell::OnceCell;
use std::rc::Rc;

use domain::availability::Packed;
use domain::chart::{Chart, ShapeKind};
use domain::seat::{Features, SeatId, SeatState};
use raster::{Edge, Grid, Planes, prepare};

use super::events::Filter;
use super::look::look;
use super::outline::{At, area, back, bounds, hull_around};

/// A section as drawn.
#[derive(Clone, Debug)]
pub struct Plate {
    /// Its seats.
    pub seats: Range<usize>,
    /// Its floor.
    pub floor: u8,
    /// Left, top, right, bottom of outline and seats.
    pub bounds: [f32; 4],
    /// The outline.
    pub outline: Vec<At>,
    /// The outline's edges.
    pub edges: Vec<Edge>,
    /// Square units inside the outline.
    pub area: f32,
    /// Where its name stands in the overview.
    pub label_at: At,
    /// The middle of its back, and the direction away from the stage.
    pub back: (At, At),
    /// Free seats by category.
    pub free: Vec<u32>,
}

/// Something beneath the seats as drawn.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Its floor; `None`: every floor.
    pub floor: Option<u8>,
    /// What it is.
    pub kind: ShapeKind,
    /// Left, top, right, bottom.
    pub bounds: [f32; 4],
    /// The outline.
    pub outline: Vec<At>,
    /// The outline's edges.
    pub edges: Vec<Edge>,
    /// Where its words stand.
    pub label_at: At,
    /// Small enough to lie upon a section: drawn over it.
    pub over: bool,
}

/// Everything the painter and the keyboard need to know.
#[derive(Debug)]
pub struct Model {
    /// The chart.
    pub chart: Rc<Chart>,
    /// Plan units to the right, from the plan's left.
    pub x: Vec<f32>,
    /// Plan units downwards, from the plan's top.
    pub y: Vec<f32>,
    /// One byte a seat: see [`super::look`].
    pub looks: Vec<u8>,
    /// Sections in the chart's order.
    pub plates: Vec<Plate>,
    /// Shapes in the chart's order.
    pub grounds: Vec<Ground>,
    /// The plan's size.
    pub size: (f32, f32),
    /// A seat's radius.
    pub radius: f32,
    /// A section gained its first free seat of a category or lost its last: its words may differ.
    pub words_changed: bool,
    /// The section of each seat: to go by its row is to read far apart.
    pub(super) sections: Vec<u16>,
    states: Packed,
    pub(super) filter: Filter,
    floor: Option<u8>,
    grid: OnceCell<Grid>,
}

impl Model {
    /// Of a chart, all seats free.
    #[must_use]
    pub fn new(chart: Rc<Chart>) -> Self {
        let (min, max) = (chart.min, chart.max);
        let x: Vec<f32> = chart.seats.x.iter().map(|x| x - min.x).collect();
        let y: Vec<f32> = chart.seats.y.iter().map(|y| y - min.y).collect();
        let radius = if chart.seat_radius.is_finite() { chart.seat_radius.max(1e-3) } else { 1.0 };
        let local = |points: &[domain::chart::Point]| -> Vec<At> {
            points.iter().map(|p| (p.x - min.x, p.y - min.y)).collect()
        };
        let focal = (chart.focal.x - min.x, chart.focal.y - min.y);
        let plates = chart.sections.iter().map(|section| {
            let rows = chart.rows.get(section.rows.start as usize..section.rows.end as usize).unwrap_or_default();
            let seats = rows.first().map_or(0..0, |first| {
                first.seats.start as usize..rows.last().map_or(first.seats.end, |last| last.seats.end) as usize
            });
            let places: Vec<At> = seats.clone().map(|i| (x[i], y[i])).collect();
            let mut outline = local(&section.outline);
            if outline.len() < 3 {
                outline = hull_around(&places, radius * 1.9);
            }
            let reach = bounds(outline.iter().chain(&places)).unwrap_or_default();
            let [x0, y0, x1, y1] = reach;
            let middle = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
            let label = (section.label_at.x - min.x, section.label_at.y - min.y);
            let inside = label.0 > x0 && label.0 < x1 && label.1 > y0 && label.1 < y1;
            Plate {
                seats,
                floor: section.floor,
                bounds: [x0 - radius * 1.3, y0 - radius * 1.3, x1 + radius * 1.3, y1 + radius * 1.3],
                edges: prepare(&outline),
                area: area(&outline).max(1e-3),
                label_at: if inside { label } else { middle },
                back: back(&outline, if inside { label } else { middle }, focal),
                outline,
                free: Vec::new(),
            }
        });
        let plates: Vec<Plate> = plates.collect();
        let mean = plates.iter().map(|p| p.area).sum::<f32>() / plates.len().max(1) as f32;
        let grounds = chart.shapes.iter().map(|shape| {
            let outline = local(&shape.outline);
            let reach = bounds(outline.iter()).unwrap_or_default();
            let middle = ((reach[0] + reach[2]) / 2.0, (reach[1] + reach[3]) / 2.0);
            let label_at = shape.text.as_ref().map_or(middle, |(_, p)| (p.x - min.x, p.y - min.y));
            let edges = prepare(&outline);
            let over = shape.kind == ShapeKind::Other && area(&outline) < mean * 0.5;
            Ground { floor: shape.floor, kind: shape.kind, bounds: reach, outline, edges, label_at, over }
        });
        let grounds = grounds.collect();
        let section = |row: &u32| chart.rows.get(*row as usize).map_or(u16::MAX, |row| row.section);
        let sections = chart.seats.row.iter().map(section).collect();
        let states = Packed::free(x.len() as u32);
        let looks = vec![0; x.len()];
        let size = ((max.x - min.x).max(radius), (max.y - min.y).max(radius));
        let (filter, floor, grid) = (Filter::default(), None, OnceCell::new());
        let words_changed = false;
        let mut model = Self {
            words_changed,
            sections,
            chart,
            x,
            y,
            looks,
            plates,
            grounds,
            size,
            radius,
            states,
            filter,
            floor,
            grid,
        };
        model.look_again();
        model
    }

    /// How many seats.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// No seat at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// Whether a seat of this category and these features stands out.
    pub(super) fn passes(&self, category: u8, features: Features) -> bool {
        let by_price = self.filter.categories.checked_shr(u32::from(category)).is_none_or(|bits| bits & 1 == 1);
        by_price && (!self.filter.accessible || features.has(Features::ACCESSIBLE) || features.has(Features::COMPANION))
    }

    /// A seat's category and features; nothing special where the chart's planes are short.
    fn kind(&self, seat: usize) -> (u8, Features) {
        let planes = &self.chart.seats;
        (planes.category.get(seat).copied().unwrap_or(0), planes.features.get(seat).copied().unwrap_or_default())
    }

    /// Every look and every count anew.
    fn look_again(&mut self) {
        let mut plates = core::mem::take(&mut self.plates);
        for plate in &mut plates {
            plate.free.clear();
            plate.free.resize(self.chart.categories.len().max(1), 0);
            for seat in plate.seats.clone() {
                let (category, features) = self.kind(seat);
                let state = self.states.get(SeatId(seat as u32));
                self.looks[seat] = look(state, category, features, self.passes(category, features));
                if let Some(free) = plate.free.get_mut(usize::from(category)).filter(|_| state == SeatState::Free) {
                    *free += 1;
                }
            }
        }
        self.plates = plates;
    }

    /// Takes a snapshot over; a shorter one leaves the rest blocked.
    pub fn set_states(&mut self, states: &Packed) {
        self.states = states.clone();
        self.look_again();
    }

    /// Takes another filter over; says whether it differs.
    pub fn set_filter(&mut self, filter: Filter) -> bool {
        let differs = self.filter != filter;
        if differs {
            self.filter = filter;
            self.look_again();
        }
        differs
    }

    /// Shows one floor, or all; says whether that differs.
    pub fn set_floor(&mut self, floor: Option<u8>) -> bool {
        let differs = self.floor != floor;
        self.floor = floor;
        differs
    }

    /// A seat's state.
    #[must_use]
    pub fn state(&self, seat: SeatId) -> SeatState {
        self.states.get(seat)
    }

    /// Changes one seat; says whether it looks different.
    pub fn set_state(&mut self, seat: SeatId, state: SeatState) -> bool {
        let old = self.states.get(seat);
        if seat.index() >= self.len() || old == state {
            return false;
        }
        self.states.set(seat, state);
        let (category, features) = self.kind(seat.index());
        self.looks[seat.index()] = look(state, category, features, self.passes(category, features));
        let section = self.section_of(seat);
        if let Some(free) = section.and_then(|s| self.plates.get_mut(s)?.free.get_mut(usize::from(category))) {
            match (old, state) {
                (SeatState::Free, _) => {
                    *free -= 1;
                    self.words_changed |= *free == 0;
                }
                (_, SeatState::Free) => {
                    *free += 1;
                    self.words_changed |= *free == 1;
                }
                _ => {}
            }
        }
        true
    }

    /// The section of a seat.
    #[must_use]
    pub fn section_of(&self, seat: SeatId) -> Option<usize> {
        self.sections.get(seat.index()).filter(|section| **section < u16::MAX).map(|section| usize::from(*section))
    }

    /// Whether every floor is shown.
    #[must_use]
    pub fn shows_all(&self) -> bool {
        self.floor.is_none()
    }

    /// Whether a floor is shown.
    #[must_use]
    pub fn shows(&self, floor: u8) -> bool {
        self.floor.is_none_or(|f| f == floor)
    }

    /// Whether a seat is on a floor that is shown.
    #[must_use]
    pub fn is_shown(&self, seat: SeatId) -> bool {
        self.floor.is_none() || self.section_of(seat).is_some_and(|s| self.shows(self.plates[s].floor))
    }

    /// Where a seat is.
    #[must_use]
    pub fn at(&self, seat: SeatId) -> Option<At> {
        Some((*self.x.get(seat.index())?, *self.y.get(seat.index())?))
    }

    /// The grid over all seats, made when first needed.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        self.grid.get_or_init(|| Grid::new(&self.x, &self.y, self.size, self.radius))
    }

    /// The shown seat nearest to a point, within `reach` plan units.
    #[must_use]
    pub fn hit(&self, at: At, reach: f32) -> Option<SeatId> {
        self.grid().nearest(at, reach, |seat| self.is_shown(SeatId(seat))).map(SeatId)
    }

    /// The planes of some seats.
    #[must_use]
    pub fn planes(&self, seats: Range<usize>) -> Planes<'_> {
        Planes { first: seats.start, x: &self.x[seats.clone()], y: &self.y[seats.clone()], look: &self.looks[seats] }
    }
}
