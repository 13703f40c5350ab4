//! What a step nearer shows: seats, whatever the house has in its midst.

use domain::chart::generate::{Arena, arena};

use super::super::nearer::about;
use super::*;

/// Seats whose middle is in view.
fn in_view(scene: &Scene, view: (f64, f64)) -> usize {
    let inside = |(x, y): &(f64, f64)| *x >= 0.0 && *y >= 0.0 && *x <= view.0 && *y <= view.1;
    let seats = (0..scene.model.len() as u32).filter_map(|seat| scene.model.at(SeatId(seat)));
    seats.map(|(x, y)| scene.camera.view_at(f64::from(x), f64::from(y))).filter(inside).count()
}

#[test]
fn steps_nearer_lead_to_seats_in_every_house_and_view() {
    for chart in [bowl(&Bowl::with_seats(20_000)), arena(&Arena::default()), theatre(&Theatre::default())] {
        for view in [(390.0, 542.0), (360.0, 300.0), (1060.0, 840.0)] {
            let mut scene = scene_of(chart.clone(), 1.0, view);
            for step in 1..=8 {
                let (x, y) = about(&scene.model, &scene.camera, None, 1.8);
                scene.camera.zoom(1.8, x, y);
                assert!(in_view(&scene, view) > 0, "an empty picture of {view:?} after {step} steps");
            }
        }
    }
}

#[test]
fn a_step_goes_about_the_middle_where_seats_are_there_and_about_the_focus_where_that_is_in_view() {
    let view = (390.0, 542.0);
    let middle = (195.0, 271.0);
    let mut scene = scene_of(theatre(&Theatre::default()), 1.0, view);
    assert_eq!(about(&scene.model, &scene.camera, None, 1.8), middle);
    let at = |scene: &Scene, seat| {
        let (x, y) = scene.model.at(seat).expect("a seat");
        scene.camera.view_at(f64::from(x), f64::from(y))
    };
    let seat = SeatId(0);
    assert_eq!(about(&scene.model, &scene.camera, Some(seat), 1.8), at(&scene, seat));
    // Out of view it has no say.
    let other = SeatId(scene.model.len() as u32 - 1);
    let (x, y) = at(&scene, other);
    scene.camera.zoom(20.0, x, y);
    assert_ne!(about(&scene.model, &scene.camera, Some(seat), 1.8), at(&scene, seat));
}
