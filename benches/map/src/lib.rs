//! The seat map alone on a page: the very code the seat page ships, without the page, for measurements and pictures.
#![cfg(target_arch = "wasm32")]

use std::cell::Cell;
use std::rc::Rc;

use app::seat_map::model::Model;
use app::seat_map::{CategoryWords, Filter, MapEvent, MapOptions, SeatMapView};
use domain::availability::{Packed, delta};
use domain::chart::Chart;
use domain::chart::generate::{Arena, Bowl, Theatre, arena, bowl, theatre};
use domain::chart::pack::{pack, unpack};
use domain::seat::{SeatId, SeatState};
use wasm_bindgen::prelude::*;
use web_sys::HtmlCanvasElement;

/// A chart and its map.
#[wasm_bindgen]
pub struct Bench {
    chart: Rc<Chart>,
    states: Packed,
    view: Option<SeatMapView>,
    ready: Rc<Cell<bool>>,
    last: Rc<Cell<Option<MapEvent>>>,
}

/// A repeatable row of numbers (Lehmer's generator).
fn next(seed: &mut u64) -> u64 {
    *seed = *seed * 48_271 % 2_147_483_647;
    *seed
}

#[wasm_bindgen]
impl Bench {
    /// A chart by name: `theatre`, `arena` or `bowl`.
    #[wasm_bindgen(constructor)]
    pub fn new(kind: &str, seats: u32) -> Self {
        let chart = match kind {
            "theatre" => theatre(&Theatre::default()),
            "arena" => arena(&Arena::default()),
            _ => bowl(&Bowl::with_seats(seats)),
        };
        Self::of(chart)
    }

    /// A packed chart.
    pub fn unpack(bytes: &[u8]) -> Option<Bench> {
        unpack(bytes).ok().map(Self::of)
    }

    fn of(chart: Chart) -> Self {
        let states = Packed::free(chart.seats.len() as u32);
        Self { chart: Rc::new(chart), states, view: None, ready: Rc::default(), last: Rc::default() }
    }

    /// The chart packed.
    pub fn pack(&self) -> Vec<u8> {
        pack(&self.chart).unwrap_or_default()
    }

    /// Some seats sold, held and blocked, unevenly from section to section.
    pub fn sell(&mut self, seed: u32) {
        let mut seed = u64::from(seed.max(1));
        for section in &self.chart.sections {
            let share = next(&mut seed) % 60 + 10;
            for row in section.rows.clone() {
                for seat in self.chart.rows[row as usize].seats.clone() {
                    let dice = next(&mut seed) % 100;
                    let state = match dice {
                        d if d < share => SeatState::Sold,
                        d if d < share + 7 => SeatState::Held,
                        d if d < share + 8 => SeatState::Blocked,
                        _ => SeatState::Free,
                    };
                    self.states.set(SeatId(seat), state);
                }
            }
        }
    }

    /// Puts the map on a canvas; `sharp`: in the screen's resolution, however slow.
    pub fn mount(&mut self, canvas: HtmlCanvasElement, sharp: bool) -> bool {
        let words = ["€48.50", "€69.00", "€92.00", "€120.00", "€35.00", "€150.00", "€80.00", "€25.00"];
        let prices = words.iter().zip(1..).map(|(w, i)| CategoryWords { total: i, words: (*w).to_owned() }).collect();
        let options = MapOptions { prices, sharp, ..MapOptions::default() };
        let (ready, last) = (self.ready.clone(), self.last.clone());
        self.view = SeatMapView::mount(canvas, self.chart.clone(), options, move |event| match event {
            MapEvent::Ready => ready.set(true),
            event => last.set(Some(event)),
        });
        if let Some(view) = &self.view {
            view.set_states(&self.states);
        }
        self.view.is_some()
    }

    /// Whether the first whole picture is on the canvas.
    pub fn ready(&self) -> bool {
        self.ready.get()
    }

    /// The last thing the map told.
    pub fn last(&self) -> String {
        self.last.take().map_or(String::new(), |e| format!("{e:?}"))
    }

    /// Width, height and seat radius of the plan.
    pub fn plan(&self) -> Vec<f32> {
        let (min, max) = (self.chart.min, self.chart.max);
        vec![max.x - min.x, max.y - min.y, self.chart.seat_radius]
    }

    /// Seats to the right.
    pub fn x(&self) -> Vec<f32> {
        self.chart.seats.x.iter().map(|x| x - self.chart.min.x).collect()
    }

    /// Seats downwards.
    pub fn y(&self) -> Vec<f32> {
        self.chart.seats.y.iter().map(|y| y - self.chart.min.y).collect()
    }

    /// Price zones.
    pub fn zones(&self) -> Vec<u8> {
        self.chart.seats.category.clone()
    }

    /// States.
    pub fn states(&self) -> Vec<u8> {
        (0..self.chart.seats.len() as u32).map(|i| self.states.get(SeatId(i)) as u8).collect()
    }

    /// Looks at a point of the plan.
    pub fn look(&self, scale: f64, x: f64, y: f64) {
        if let Some(view) = &self.view {
            view.look(scale, x, y);
        }
    }

    /// Own seats.
    pub fn mine(&self, seats: &[u32]) {
        let seats: Vec<SeatId> = seats.iter().copied().map(SeatId).collect();
        if let Some(view) = &self.view {
            view.set_mine(&seats);
        }
    }

    /// Suggested seats.
    pub fn suggest(&self, seats: &[u32]) {
        let seats: Vec<SeatId> = seats.iter().copied().map(SeatId).collect();
        if let Some(view) = &self.view {
            view.set_suggestion(&seats);
        }
    }

    /// One price zone alone; none: all.
    pub fn only(&self, zone: Option<u8>) {
        if let Some(view) = &self.view {
            view.set_filter(zone.map_or_else(Filter::default, Filter::only));
        }
    }

    /// Accessible places alone.
    pub fn accessible(&self, only: bool) {
        if let Some(view) = &self.view {
            view.set_filter(Filter { accessible: only, ..Filter::default() });
        }
    }

    /// One floor alone.
    pub fn floor(&self, floor: Option<u8>) {
        if let Some(view) = &self.view {
            view.set_floor(floor);
        }
    }

    /// The focus ring.
    pub fn focus(&self, seat: u32) {
        if let Some(view) = &self.view {
            view.focus_seat(SeatId(seat));
        }
    }

    /// Seats brought into view.
    pub fn show(&self, seats: &[u32]) {
        let seats: Vec<SeatId> = seats.iter().copied().map(SeatId).collect();
        if let Some(view) = &self.view {
            view.show(&seats);
        }
    }

    /// What a stream would tell were `n` seats changed, spread over the house: text, as it comes.
    pub fn told(&self, n: u32, seed: u32) -> Option<String> {
        let (all, mut seed) = (self.chart.seats.len() as u64, u64::from(seed.max(1)));
        let (mut after, mut left) = (self.states.clone(), n.min(self.chart.seats.len() as u32));
        while left > 0 {
            let seat = SeatId((next(&mut seed) % all) as u32);
            let old = self.states.get(seat);
            if after.get(seat) == old {
                after.set(seat, if old == SeatState::Sold { SeatState::Free } else { SeatState::Sold });
                left -= 1;
            }
        }
        let letters: String = delta::encode(&self.states, &after).into_iter().map(char::from).collect();
        web_sys::window()?.btoa(&letters).ok()
    }

    /// Hears it as the seats page does, down to the map; how many seats changed.
    pub fn hear(&mut self, told: &str) -> usize {
        let letters = web_sys::window().and_then(|w| w.atob(told).ok()).unwrap_or_default();
        let bytes: Vec<u8> = letters.chars().map(|letter| letter as u8).collect();
        let changes = delta::apply(&mut self.states, &bytes).unwrap_or_default();
        if let Some(view) = &self.view {
            view.apply(&changes);
        }
        changes.len()
    }

    /// Microseconds of one hit test, mean of `n` at places all over the plan.
    pub fn hits(&self, n: u32) -> f64 {
        let model = Model::new(self.chart.clone());
        let performance = web_sys::window().and_then(|w| w.performance());
        let now = || performance.as_ref().map_or(0.0, web_sys::Performance::now);
        let mut seed = 7;
        let (w, h) = model.size;
        let points: Vec<(f32, f32)> = (0..n)
            .map(|_| ((next(&mut seed) % 10_000) as f32 / 1e4 * w, (next(&mut seed) % 10_000) as f32 / 1e4 * h))
            .collect();
        let _ = model.hit(points[0], 1.0);
        let start = now();
        let found = points.iter().filter(|p| model.hit(**p, model.radius * 1.25).is_some()).count();
        let took = (now() - start) * 1000.0 / f64::from(n);
        if found == usize::MAX { 0.0 } else { took }
    }
}
