//! Laws of the picture: what is drawn in parts equals what is drawn whole.

mod filters;
mod names;
mod nearer;
mod steps;
mod words;

use std::rc::Rc;

use domain::chart::Chart;
use domain::chart::generate::{Bowl, Theatre, bowl, theatre};
use domain::seat::{SeatId, SeatState};
use proptest::prelude::*;
use raster::{Rect, TextMask};

use super::camera::{Camera, Insets};
use super::events::{CategoryWords, Filter, MapWords};
use super::keyboard::{Arrow, step};
use super::layout::Placed;
use super::letters::{Letters, Style};
use super::model::Model;
use super::scene::{Painted, Scene};
use super::theme::Theme;

/// Letters as boxes.
struct Boxes;

impl Letters for Boxes {
    fn draw(&mut self, words: &[&str], style: Style) -> Vec<TextMask> {
        let one = |text: &&str| {
            let (width, height) = (text.len() as i32 * i32::from(style.size) / 2, i32::from(style.size));
            TextMask::new(width, height, &vec![180; (width * height) as usize], i32::from(style.edge))
        };
        words.iter().map(one).collect()
    }
}

const VIEW: (f64, f64) = (420.0, 300.0);

fn scene(chart: Chart, ratio: f64) -> Scene {
    scene_of(chart, ratio, VIEW)
}

fn scene_of(chart: Chart, ratio: f64, view: (f64, f64)) -> Scene {
    let model = Model::new(Rc::new(chart));
    let plan = (f64::from(model.size.0), f64::from(model.size.1));
    let camera = Camera::new(plan, f64::from(model.radius), view, Insets::default());
    let (w, h) = ((view.0 * ratio) as usize, (view.1 * ratio) as usize);
    let mut scene = Scene::new(model, camera, Theme::light(), w, h, ratio);
    let prices = (1..5).map(|n| CategoryWords { total: n, words: format!("€{n}45.00") }).collect();
    scene.set_words(prices, MapWords::default());
    scene
}

/// A theatre whose circle hangs over its stalls: seats of two floors lie upon each other.
fn stacked() -> Chart {
    let mut chart = theatre(&Theatre::default());
    let down = -290.0;
    let upper = |section: &domain::chart::Section| section.floor == 1;
    let rows = chart.sections.iter().filter(|section| upper(section)).flat_map(|section| section.rows.clone());
    let seats: Vec<_> = rows.flat_map(|row| chart.rows[row as usize].seats.clone()).collect();
    for seat in seats {
        chart.seats.y[seat as usize] += down;
    }
    for section in chart.sections.iter_mut().filter(|section| section.floor == 1) {
        section.label_at.y += down;
        section.outline.iter_mut().for_each(|point| point.y += down);
    }
    chart
}

/// The same scene drawn whole.
fn whole(scene: &mut Scene) -> raster::Buffer {
    scene.redraw();
    assert_eq!(scene.frame(&mut Boxes), Painted::All);
    scene.buffer().clone()
}

fn differences(a: &raster::Buffer, b: &raster::Buffer) -> usize {
    a.bytes().iter().zip(b.bytes()).filter(|(a, b)| a != b).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_flip_equals_a_whole_picture(
        zoom in 1.0..60.0_f64,
        at in (0.2..0.8_f64, 0.2..0.8_f64),
        flips in prop::collection::vec((0..900_u32, 0..4_u8), 1..60),
        ratio in prop::sample::select(vec![1.0, 2.0]),
    ) {
        let mut scene = scene(theatre(&Theatre::default()), ratio);
        scene.camera.zoom(zoom, VIEW.0 * at.0, VIEW.1 * at.1);
        scene.frame(&mut Boxes);
        scene.set_mine(&[SeatId(flips[0].0), SeatId(flips[0].0 + 1)]);
        scene.set_hover(Some(SeatId(flips[0].0 / 2)));
        scene.set_focus(Some(SeatId(flips[0].0 / 3)));
        for (seat, state) in flips {
            scene.set_state(SeatId(seat), SeatState::from_bits(state));
        }
        scene.frame(&mut Boxes);
        let parts = scene.buffer().clone();
        let all = whole(&mut scene);
        prop_assert_eq!(differences(&parts, &all), 0);
    }

    #[test]
    fn a_moved_picture_equals_a_fresh_one(
        zoom in 1.2..50.0_f64,
        pans in prop::collection::vec((-70..70_i32, -50..50_i32), 1..6),
        ratio in prop::sample::select(vec![1.0, 2.0]),
    ) {
        let mut scene = scene(theatre(&Theatre::default()), ratio);
        scene.set_mine(&[SeatId(40), SeatId(41)]);
        scene.camera.zoom(zoom, 200.0, 120.0);
        scene.frame(&mut Boxes);
        for (dx, dy) in pans {
            scene.camera.pan(f64::from(dx) / ratio, f64::from(dy) / ratio);
            scene.frame(&mut Boxes);
        }
        let moved = scene.buffer().clone();
        let fresh = whole(&mut scene);
        prop_assert_eq!(differences(&moved, &fresh), 0);
    }

    #[test]
    fn the_words_of_sections_do_not_lie_over_each_other(
        zoom in 1.0..4.0_f64,
        ratio in prop::sample::select(vec![1.0, 1.5, 2.0]),
        bowl_or_theatre: bool,
    ) {
        let chart = if bowl_or_theatre { bowl(&Bowl::with_seats(20_000)) } else { theatre(&Theatre::default()) };
        let grounds = chart.shapes.len();
        let mut scene = scene(chart, ratio);
        scene.camera.zoom(zoom, VIEW.0 / 2.0, VIEW.1 / 2.0);
        prop_assume!(scene.in_overview());
        scene.frame(&mut Boxes);
        let words: Vec<_> = scene.layout.words.iter().filter(|word| word.owner >= grounds).collect();
        // Soft edges may meet; none lies on letters with more than its outermost pixel, which is faint.
        let soft = (3.0 * ratio).round() as i32;
        let letters = |word: &Placed| {
            let (left, wide) = (word.at.0 - word.mask.width / 2, word.mask.width);
            Rect::new(left, word.reach.y0 + soft, left + wide, word.reach.y1 - soft)
        };
        for one in &words {
            for other in words.iter().filter(|other| other.owner != one.owner) {
                let (one, other) = (letters(one), letters(other));
                prop_assert!(one.and(other.grown(soft - 1)).is_empty(), "{one:?} and {other:?}");
            }
        }
    }

    /// Whatever happens in whatever order: what was drawn in parts, moved and mended equals the picture that a scene without
    /// a past draws.
    #[test]
    fn any_history_equals_a_fresh_picture(
        which in 0..3_u8,
        ratio in prop::sample::select(vec![1.0, 1.25, 2.0]),
        steps in prop::collection::vec((0..10_u8, 0..20_000_u32, 0.0..1.0_f64, 0.0..1.0_f64), 4..24),
    ) {
        let chart = match which {
            0 => bowl(&Bowl::with_seats(20_000)),
            1 => theatre(&Theatre::default()),
            _ => stacked(),
        };
        let mut scene = scene(chart, ratio);
        let seats = scene.model.len() as u32;
        let mut floor = None;
        for (what, n, a, b) in steps {
            let seat = SeatId(n % seats);
            match what {
                0 => scene.camera.zoom(0.4 + a * 4.0, VIEW.0 * b, VIEW.1 * a),
                1 => scene.camera.pan(((a - 0.5) * 300.0).round() / ratio, ((b - 0.5) * 200.0).round() / ratio),
                2 => scene.camera.pan(a * 9.0, b * 9.0),
                3 => scene.set_mine(&[seat, SeatId((n + 1) % seats)]),
                4 => scene.set_hover(Some(seat)),
                // One floor, or all of them.
                5 => {
                    floor = (n % 3 > 0).then_some((n % 2) as u8);
                    if scene.model.set_floor(floor) {
                        scene.redraw();
                    }
                }
                // Something else covers the map: the whole house is at another scale.
                6 => scene.camera.resize(VIEW, Insets { bottom: a * 90.0, ..Insets::default() }),
                // A section sells out, or comes back.
                7 => {
                    let state = if b < 0.5 { SeatState::Sold } else { SeatState::Free };
                    for seat in scene.model.plates[n as usize % scene.model.plates.len()].seats.clone() {
                        scene.set_state(SeatId(seat as u32), state);
                    }
                }
                _ => {
                    for i in 0..n % 700 {
                        let seat = SeatId((n + i * 7919) % seats);
                        scene.set_state(seat, SeatState::from_bits(((n + i) % 4) as u8));
                    }
                }
            }
            scene.frame(&mut Boxes);
        }
        let mut new = self::scene(Chart::clone(&scene.model.chart), ratio);
        new.camera = scene.camera;
        for seat in (0..seats).map(SeatId) {
            new.set_state(seat, scene.model.state(seat));
        }
        new.model.set_floor(floor);
        new.set_mine(&scene.mine);
        new.set_hover(scene.hover);
        prop_assert_eq!(differences(scene.buffer(), &whole(&mut new)), 0);
    }
}

/// What a whole picture says it changed is all that a canvas must be shown, and all that had to change: after every step the
/// picture is the one that a scene without a past draws. About the seats at the house's border lies what reaches beyond it.
#[test]
fn a_zoom_changes_nothing_beyond_what_it_tells() {
    let chart = Rc::new(bowl(&Bowl::with_seats(8_000)));
    let outermost = |seats: &mut dyn Iterator<Item = f32>| {
        let seats: Vec<f32> = seats.collect();
        let by = |a: &usize, b: &usize| seats[*a].total_cmp(&seats[*b]);
        let ends = [(0..seats.len()).min_by(by), (0..seats.len()).max_by(by)];
        ends.map(|seat| SeatId(seat.expect("seats") as u32))
    };
    let [left, right] = outermost(&mut chart.seats.x.iter().copied());
    let [top, bottom] = outermost(&mut chart.seats.y.iter().copied());
    for view in [(640.0, 300.0), (300.0, 640.0)] {
        let about = |scene: &mut Scene| {
            scene.set_mine(&[left, top]);
            scene.set_suggestion(&[right, bottom], 200);
            scene.set_focus(Some(bottom));
            scene.set_hover(Some(right));
        };
        let mut scene = scene_of(Chart::clone(&chart), 1.0, view);
        about(&mut scene);
        assert_eq!(scene.frame(&mut Boxes), Painted::All);
        assert_eq!(scene.fresh(), scene.buffer().all());
        let mut shown = scene.buffer().clone();
        let mut least = i64::MAX;
        for step in 0..40 {
            let factor = if step < 20 { 1.0 + 0.01 * f64::from(step) } else { 1.0 - 0.01 * f64::from(step - 20) };
            scene.camera.zoom(factor, view.0 * 0.5, view.1 * 0.5);
            if scene.frame(&mut Boxes) != Painted::All {
                continue;
            }
            let fresh = scene.fresh();
            least = least.min(fresh.area());
            // As the canvas takes it over.
            shown.take(scene.buffer(), fresh, (fresh.x0, fresh.y0));
            let mut new = scene_of(Chart::clone(&chart), 1.0, view);
            new.camera = scene.camera;
            about(&mut new);
            assert_eq!(new.frame(&mut Boxes), Painted::All);
            assert_eq!(differences(scene.buffer(), new.buffer()), 0, "step {step} of {view:?}");
            assert_eq!(differences(&shown, new.buffer()), 0, "the canvas, step {step} of {view:?}");
        }
        assert!(least * 3 < scene.buffer().all().area() * 2, "a margin stays as it is: {least}");
    }
}

/// A large picture is drawn band by band: as it were at once.
#[test]
fn bands_make_a_picture_whole() {
    for zoom in [1.0, 2.2, 9.0] {
        let mut scene = scene_of(bowl(&Bowl::with_seats(20_000)), 2.0, (1000.0, 700.0));
        scene.camera.zoom(zoom, 400.0, 300.0);
        scene.set_mine(&[SeatId(9_000)]);
        let bands = whole(&mut scene);
        let (all, place) = (scene.buffer().all(), scene.camera.place(2.0));
        scene.paint(all, &place, None, &mut Boxes);
        assert_eq!(differences(&bands, scene.buffer()), 0, "zoom {zoom}");
    }
}

#[test]
fn nothing_changed_draws_nothing() {
    let mut scene = scene(theatre(&Theatre::default()), 1.0);
    assert_eq!(scene.frame(&mut Boxes), Painted::All);
    assert_eq!(scene.frame(&mut Boxes), Painted::Nothing);
    scene.set_state(SeatId(5), SeatState::Free);
    assert_eq!(scene.frame(&mut Boxes), Painted::Nothing, "it was free before");
    scene.set_state(SeatId(u32::MAX), SeatState::Sold);
    assert_eq!(scene.frame(&mut Boxes), Painted::Nothing, "there is no such seat");
    scene.set_state(SeatId(5), SeatState::Sold);
    assert!(matches!(scene.frame(&mut Boxes), Painted::Parts(parts) if parts.len() == 1));
}

#[test]
fn the_last_seat_of_a_section_changes_its_words() {
    let mut scene = scene(bowl(&Bowl::with_seats(20_000)), 1.0);
    scene.frame(&mut Boxes);
    for seat in scene.model.plates[1].seats.clone() {
        scene.set_state(SeatId(seat as u32), SeatState::Sold);
        scene.frame(&mut Boxes);
    }
    let parts = scene.buffer().clone();
    assert_eq!(differences(&parts, &whole(&mut scene)), 0);
}

#[test]
fn a_million_changes_are_one_picture() {
    let mut scene = scene(bowl(&Bowl::with_seats(20_000)), 1.0);
    scene.frame(&mut Boxes);
    for seat in 0..20_000 {
        scene.set_state(SeatId(seat), SeatState::Sold);
    }
    assert_eq!(scene.frame(&mut Boxes), Painted::All);
}

#[test]
fn a_filter_fades_what_does_not_pass() {
    let mut scene = scene(theatre(&Theatre::default()), 1.0);
    let before = whole(&mut scene);
    assert!(scene.model.set_filter(Filter::only(0)));
    assert!(!scene.model.set_filter(Filter::only(0)));
    let after = whole(&mut scene);
    assert!(differences(&before, &after) > 1000);
}

#[test]
fn a_chart_without_anything_is_drawn() {
    let mut scene = scene(Chart::default(), 1.0);
    assert_eq!(scene.frame(&mut Boxes), Painted::All);
    scene.camera.zoom(9.0, 3.0, 3.0);
    scene.frame(&mut Boxes);
    assert_eq!(scene.model.hit((0.0, 0.0), 10.0), None);
}

#[test]
fn sections_count_what_is_free() {
    let mut scene = scene(theatre(&Theatre::default()), 1.0);
    let free = |scene: &Scene| -> u32 { scene.model.plates.iter().flat_map(|p| &p.free).sum() };
    let all = scene.model.len() as u32;
    assert_eq!(free(&scene), all);
    scene.set_state(SeatId(3), SeatState::Held);
    scene.set_state(SeatId(3), SeatState::Sold);
    scene.set_state(SeatId(9), SeatState::Blocked);
    assert_eq!(free(&scene), all - 2);
    scene.set_state(SeatId(3), SeatState::Free);
    assert_eq!(free(&scene), all - 1);
}

/// From any seat the arrows reach every other one: nobody is cut off.
#[test]
fn the_keyboard_reaches_every_seat() {
    let model = Model::new(Rc::new(theatre(&Theatre::default())));
    let mut seen = vec![false; model.len()];
    let mut open = vec![SeatId(0)];
    seen[0] = true;
    while let Some(seat) = open.pop() {
        for arrow in [Arrow::Left, Arrow::Right, Arrow::Up, Arrow::Down] {
            if let Some(next) = step(&model, seat, arrow).filter(|n| !seen[n.index()]) {
                seen[next.index()] = true;
                open.push(next);
            }
        }
    }
    let missed = seen.iter().filter(|s| !**s).count();
    assert_eq!(missed, 0, "of {}", model.len());
}

/// More changes at once than are drawn one by one would ever be asked for by a ticker: every one in its place, beneath
/// words, beside outlines, next to one's own seats, all over the house and one beside the other.
#[test]
fn thousands_of_flips_equal_a_whole_picture() {
    let views = [(1.0, 1.0), (1.0, 2.0), (1.7, 1.0), (2.3, 3.0), (4.0, 1.0), (9.0, 2.0)];
    for ((zoom, ratio), apart) in views.into_iter().flat_map(|view| [(view, 7919), (view, 1)]) {
        let mut scene = scene(bowl(&Bowl::with_seats(60_000)), ratio);
        scene.camera.zoom(zoom, VIEW.0 * 0.3, VIEW.1 * 0.4);
        scene.set_mine(&[SeatId(30_000), SeatId(9_000)]);
        scene.frame(&mut Boxes);
        for round in 0..3_u32 {
            for i in 0..1500_u32 {
                let seat = SeatId((i * apart + round * 13) % 60_000);
                scene.set_state(seat, SeatState::from_bits((i % 4) as u8));
            }
            scene.camera.pan(f64::from(round * 3) / ratio, 0.0);
            scene.frame(&mut Boxes);
        }
        let parts = scene.buffer().clone();
        assert_eq!(differences(&parts, &whole(&mut scene)), 0, "zoom {zoom}, ratio {ratio}, {apart} apart");
    }
}
