//! Names are decided once for a step of scales: all of it has them, and they depend on nothing but scale and state.

use domain::chart::generate::{Arena, arena};

use super::super::naming::STEP;
use super::words::Tall;
use super::*;

/// How far below the middles of their sections' places words stand, by owner.
fn stands(scene: &Scene) -> Vec<(usize, i32, i32)> {
    let grounds = scene.model.grounds.len();
    let place = raster::Place { whole: (0, 0), ..scene.camera.place(scene.ratio()) };
    let names = scene.layout.words.iter().filter(|word| word.owner >= grounds);
    let stand = |word: &Placed| {
        let at = scene.model.plates[word.owner - grounds].label_at;
        let (x, y) = place.pixel(at.0, at.1);
        assert_eq!(word.at.0, x, "in the middle of its section's place");
        (word.owner, word.at.1 - y, word.mask.width)
    };
    names.map(stand).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn all_of_a_step_has_the_names_that_have_room_where_it_begins(
        which in 0..3_u8,
        steps in 0..14,
        part in 0.000_01..0.999_99_f64,
        ratio in prop::sample::select(vec![1.0, 1.25, 2.0]),
        view in prop::sample::select(vec![(390.0, 542.0), (720.0, 740.0), (1060.0, 840.0)]),
        at in (0.0..1.0_f64, 0.0..1.0_f64),
    ) {
        let chart = || match which {
            0 => bowl(&Bowl::with_seats(20_000)),
            1 => theatre(&Theatre::default()),
            _ => arena(&Arena::default()),
        };
        let (mut first, mut later) = (scene_of(chart(), ratio, view), scene_of(chart(), ratio, view));
        let scale = (0..steps).fold(first.camera.fit_scale(), |scale, _| scale * STEP);
        first.camera.scale = scale;
        later.camera.scale = scale * (1.0 + (STEP - 1.0) * part);
        // Wherever it lies between the pixels.
        (later.camera.x, later.camera.y) = (later.camera.x - at.0, later.camera.y - at.1);
        prop_assume!(later.in_overview());
        first.frame(&mut Tall);
        later.frame(&mut Tall);
        prop_assert_eq!(stands(&first), stands(&later));
        let grounds = later.model.grounds.len();
        let words: Vec<&Placed> = later.layout.words.iter().filter(|word| word.owner >= grounds).collect();
        prop_assert!(!words.is_empty());
        // All but the outermost pixel, which is faint.
        let soft = (3.0 * ratio).round() as i32 - 1;
        let letters = |word: &Placed| {
            let (left, high) = (word.at.0 - word.mask.width / 2, (11.0 * ratio / 2.0) as i32);
            Rect::new(left, word.at.1 - high, left + word.mask.width, word.at.1 + high)
        };
        for (one, i) in words.iter().zip(1..) {
            let own = later.layout.plates[one.owner - grounds];
            // A price that is told once may reach over, its name may not by more than it is wide.
            let is_name = words.get(i).is_none_or(|next| next.owner != one.owner);
            prop_assert!(!is_name || one.mask.width <= 2 * (own.x1 - own.x0), "{one:?} in {own:?}");
            for other in words.iter().skip(i).filter(|other| other.owner != one.owner) {
                prop_assert!(letters(one).grown(soft).and(letters(other)).is_empty(), "{one:?} and {other:?}");
            }
        }
    }
}

/// What covers the map decides at which scale the whole house is in view, and so where steps begin.
#[test]
fn names_follow_what_covers_the_map_while_the_picture_stays() {
    let view = (720.0, 740.0);
    let mut changed = 0;
    for bottom in (2..60).map(|n| f64::from(n) * 4.0) {
        let mut scene = scene_of(bowl(&Bowl::with_seats(20_000)), 1.0, view);
        scene.camera.zoom(1.35, view.0 / 2.0, view.1 / 2.0);
        scene.frame(&mut Tall);
        let before = (stands(&scene), scene.camera.place(1.0));
        scene.camera.resize(view, Insets { bottom, ..Insets::default() });
        scene.frame(&mut Tall);
        let mut new = scene_of(bowl(&Bowl::with_seats(20_000)), 1.0, view);
        new.camera = scene.camera;
        new.frame(&mut Tall);
        assert_eq!(stands(&scene), stands(&new), "{bottom} are covered");
        let after = scene.camera.place(1.0);
        let stays = (before.1.scale, before.1.fraction) == (after.scale, after.fraction);
        changed += usize::from(stays && before.0 != stands(&scene));
    }
    assert!(changed > 0);
}
