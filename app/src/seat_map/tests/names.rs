//! Who has a name in the overview, on a phone and at a desk.

use domain::chart::generate::{Arena, arena};
use raster::Place;

use super::words::Tall;
use super::*;

/// A window's width, device pixels, the canvas, what covers it, names that may be missing.
type View = (u32, f64, (f64, f64), (f64, f64), usize);

/// The map on the seat page: the window's width, device pixels a CSS pixel, the canvas, what chips and legend cover of it
/// at top and bottom, and of how many in a hundred sections a bowl may leave the names out.
const VIEWS: [View; 7] = [
    (360, 3.0, (360.0, 480.0), (118.0, 24.0), 60),
    (390, 3.0, (390.0, 542.0), (118.0, 24.0), 55),
    (768, 2.0, (456.0, 964.0), (70.0, 114.0), 42),
    (1100, 1.0, (720.0, 740.0), (108.0, 90.0), 5),
    (1100, 2.0, (720.0, 740.0), (108.0, 90.0), 5),
    (1440, 1.0, (1060.0, 840.0), (108.0, 70.0), 0),
    (1440, 2.0, (1060.0, 840.0), (108.0, 70.0), 0),
];

/// Where the letters of a word of so many pixels are, its middle at a pixel.
fn letters((x, y): (i32, i32), wide: i32, ratio: f64) -> Rect {
    let high = (11.0 * ratio / 2.0).ceil() as i32;
    Rect::new(x - wide / 2, y - high, x - wide / 2 + wide, y + high)
}

/// Each price at which a section begins is written with one of the sections that begin at it, but for so many.
fn prices_are_told(scene: &mut Scene, width: u32, but_for: usize) {
    let chart = scene.model.chart.clone();
    let (grounds, style) = (scene.model.grounds.len(), scene.edged(11.0, false));
    let mut least = std::collections::BTreeMap::new();
    for (plate, index) in scene.model.plates.iter().zip(0..) {
        let free: Vec<_> =
            plate.free.iter().zip(&scene.prices).filter(|(free, _)| **free > 0).map(|(_, p)| p.clone()).collect();
        let Some(first) = free.iter().min_by_key(|price| price.total).cloned() else { continue };
        let from = if free.iter().any(|price| price.total != first.total) { "from " } else { "" };
        least.entry(first.total).or_insert_with(Vec::new).push((index, format!("{from}{}", first.words)));
    }
    assert!(least.len() > 1, "{}: {least:?}", chart.name);
    let is_told = |sections: &Vec<(usize, String)>| {
        let mut told = sections.iter().filter(|(index, words)| {
            let mask = scene.words.get(words, style, &mut Tall);
            scene.layout.words.iter().any(|word| word.owner == grounds + index && Rc::ptr_eq(&word.mask, &mask))
        });
        told.next().is_some()
    };
    let told: Vec<bool> = least.values().map(is_told).collect();
    assert!(told.iter().filter(|told| !**told).count() <= but_for, "{} at {width}: {told:?} of {least:?}", chart.name);
}

/// None is left out but where other words cover its place, and none but in a bowl, or one on the smallest phone.
#[test]
fn every_section_has_its_name_on_a_phone_and_at_a_desk() {
    let venues: [fn() -> Chart; 3] =
        [|| bowl(&Bowl::with_seats(80_000)), || arena(&Arena::default()), || theatre(&Theatre::default())];
    let views = |n: usize| VIEWS.map(|view| (n, view));
    for (venue, (width, ratio, view, (top, bottom), most)) in (0..venues.len()).flat_map(views) {
        let mut scene = scene_of(venues[venue](), ratio, view);
        let plan = (f64::from(scene.model.size.0), f64::from(scene.model.size.1));
        let insets = Insets { top, right: 16.0, bottom, left: 16.0 };
        scene.camera = Camera::new(plan, f64::from(scene.model.radius), view, insets);
        scene.frame(&mut Tall);
        if scene.in_overview() {
            // On a phone each name of the theatre is as wide as its section: none makes room for a price.
            prices_are_told(&mut scene, width, usize::from(venue == 2));
        }
        let (grounds, chart) = (scene.model.grounds.len(), scene.model.chart.clone());
        let all: Vec<&Placed> = scene.layout.words.iter().filter(|word| word.owner >= grounds).collect();
        // Nothing is written smaller than 11 pixels, or it cannot be read: the masks are half as high again.
        let least = (11.0 * ratio * 1.5) as i32;
        assert!(all.iter().all(|word| word.mask.height >= least), "{} at {width}", chart.name);
        let is_missing = |i: &usize| all.iter().all(|word| word.owner != grounds + i);
        let missing: Vec<usize> = (0..chart.sections.len()).filter(is_missing).collect();
        let names: Vec<&str> = missing.iter().map(|i| chart.sections[*i].name.as_str()).collect();
        let most = if venue == 0 { chart.sections.len() * most / 100 } else { usize::from(width < 390) };
        assert!(missing.len() <= most, "{} at {width}: {names:?}", chart.name);
        let place = Place { whole: (0, 0), ..scene.camera.place(ratio) };
        for i in missing {
            let at = scene.model.plates[i].label_at;
            let wide = chart.sections[i].name.len() as i32 * (11.0 * ratio) as i32 * 7 / 10;
            let own = letters(place.pixel(at.0, at.1), wide, ratio).grown((3.0 * ratio) as i32 + 2);
            let covers = |word: &&Placed| !letters(word.at, word.mask.width, ratio).and(own).is_empty();
            assert!(all.iter().any(covers), "{} at {width}: nothing covers {}", chart.name, chart.sections[i].name);
        }
    }
}

/// Where rows have letters a name stands behind its section: the picture of the whole house shows it to its last letter, shorter
/// where there is no room for all of it.
#[test]
fn no_name_behind_a_section_leaves_the_picture_of_the_whole_house() {
    let mut chart = arena(&Arena::default());
    for (section, n) in chart.sections.iter_mut().zip(1..) {
        section.name = format!("Ground floor {n}");
    }
    let style_of = |scene: &Scene| scene.edged(12.0, true);
    for view in [(2_400.0, 2_400.0), (3_000.0, 2_000.0), (2_000.0, 3_400.0)] {
        let mut scene = scene_of(chart.clone(), 1.0, view);
        assert!(!scene.in_overview(), "rows have letters");
        scene.frame(&mut Tall);
        let (dx, dy) = scene.camera.place(1.0).whole;
        let (grounds, style) = (chart.shapes.len(), style_of(&scene));
        let (mut whole, mut brief) = (0, 0);
        for word in scene.layout.words.clone().iter().filter(|word| word.owner >= grounds) {
            let name = &chart.sections[word.owner - grounds].name;
            let at = letters((word.at.0 + dx, word.at.1 + dy), word.mask.width, 1.0);
            assert!(at.x0 >= 0 && at.x1 <= view.0 as i32, "{name} at {at:?} of {view:?}");
            let is_whole = Rc::ptr_eq(&word.mask, &scene.words.get(name, style, &mut Tall));
            *(if is_whole { &mut whole } else { &mut brief }) += 1;
        }
        assert!(whole > brief && whole + brief == chart.sections.len(), "{whole} and {brief} of {view:?}");
    }
}
