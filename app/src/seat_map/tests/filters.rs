//! What the chips do: who stands out, and which floor is there at all.

use domain::seat::Features;

use super::super::look::{Kind, parts};
use super::*;

fn kinds(scene: &Scene) -> Vec<Kind> {
    scene.model.looks.iter().map(|look| parts(*look).0).collect()
}

#[test]
fn the_accessible_filter_leaves_accessible_places_and_their_companions() {
    let mut scene = scene(theatre(&Theatre::default()), 1.0);
    scene.set_state(SeatId(0), SeatState::Held);
    scene.set_state(SeatId(1), SeatState::Sold);
    let before = kinds(&scene);
    let all: Vec<Features> = scene.model.chart.seats.features.clone();
    assert!(scene.model.set_filter(Filter { accessible: true, ..Filter::default() }));
    let mut stays = 0;
    for ((features, was), is) in all.iter().zip(&before).zip(kinds(&scene)) {
        let passes = features.has(Features::ACCESSIBLE) || features.has(Features::COMPANION);
        let free = !matches!(was, Kind::Held | Kind::Sold);
        stays += usize::from(passes && free);
        assert_eq!(is, if passes || !free { *was } else { Kind::Faded }, "{features:?} looked like {was:?}");
    }
    assert!(stays > 4 && stays * 4 < all.len(), "some stay and most fade: {stays}");
    assert!(before.contains(&Kind::Square) && before.contains(&Kind::Notch) && before.contains(&Kind::Half));
    assert!(scene.model.set_filter(Filter::default()));
    assert_eq!(kinds(&scene), before, "everything is back");
}

#[test]
fn a_price_filter_leaves_its_category() {
    let mut scene = scene(theatre(&Theatre::default()), 1.0);
    let categories = scene.model.chart.seats.category.clone();
    scene.model.set_filter(Filter::only(1));
    for (category, kind) in categories.iter().zip(kinds(&scene)) {
        assert_eq!(kind == Kind::Faded, *category != 1, "category {category} looks like {kind:?}");
    }
}

#[test]
fn a_floor_hides_the_others_from_eye_and_hand() {
    let mut scene = scene(theatre(&Theatre::default()), 1.0);
    let floor = |model: &Model, seat: SeatId| model.section_of(seat).map(|section| model.plates[section].floor);
    let seats: Vec<SeatId> = (0..scene.model.len() as u32).map(SeatId).collect();
    let all = whole(&mut scene);
    for chosen in [0, 1] {
        assert!(scene.model.set_floor(Some(chosen)));
        let now = whole(&mut scene);
        assert!(differences(&all, &now) > 1000, "floor {chosen} is another picture");
        let mut hidden = 0;
        for seat in &seats {
            let there = floor(&scene.model, *seat) == Some(chosen);
            hidden += usize::from(!there);
            let at = scene.model.at(*seat).unwrap();
            let reach = scene.model.radius;
            assert_eq!(scene.model.hit(at, reach) == Some(*seat), there, "{seat:?} on floor {chosen}");
            // Nothing of it is drawn where it lies: neither itself nor what would be about it.
            let place = scene.camera.place(scene.ratio());
            assert_eq!(scene.seat_rect(*seat, &place).is_empty(), !there);
        }
        assert!(hidden > 100 && hidden < seats.len(), "{hidden} are hidden");
    }
    assert!(scene.model.set_floor(None) && !scene.model.set_floor(None));
    assert_eq!(differences(&all, &whole(&mut scene)), 0, "the whole house is back");
}

#[test]
fn from_afar_sections_with_accessible_places_are_marked_while_one_is_free() {
    for (ratio, chart) in [(1.0, bowl(&Bowl::with_seats(20_000))), (2.0, theatre(&Theatre::default()))] {
        let mut scene = scene(chart, ratio);
        let before = whole(&mut scene);
        assert!(scene.in_overview());
        scene.model.set_filter(Filter { accessible: true, ..Filter::default() });
        let inked = |picture: &raster::Buffer| {
            let ink = Theme::light().ink;
            let (width, height) = (picture.width(), picture.height());
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).filter(|(x, y)| picture.at(*x, *y) == ink).count()
        };
        let marked = whole(&mut scene);
        assert!(inked(&marked) > inked(&before) + 100, "a mark is a dark line");
        let all: Vec<Features> = scene.model.chart.seats.features.clone();
        let easy = |seat: &usize| all[*seat].has(Features::ACCESSIBLE) || all[*seat].has(Features::COMPANION);
        let seats: Vec<_> = scene.model.plates.iter().map(|plate| plate.seats.clone()).collect();
        let marks = |scene: &Scene| scene.layout.colours.iter().map(|(_, mark)| *mark).collect::<Vec<_>>();
        let has: Vec<bool> = seats.iter().map(|seats| seats.clone().any(|seat| easy(&seat))).collect();
        assert_eq!(marks(&scene), has);
        let section = has.iter().position(|has| *has).unwrap();
        let places: Vec<usize> = seats[section].clone().filter(easy).collect();
        for (nth, place) in places.iter().enumerate() {
            scene.set_state(SeatId(*place as u32), SeatState::Sold);
            scene.frame(&mut Boxes);
            assert_eq!(marks(&scene)[section], nth + 1 < places.len(), "until the last of them goes");
        }
        let parts = scene.buffer().clone();
        assert_eq!(differences(&parts, &whole(&mut scene)), 0, "the mark went with it");
    }
}
