//! What is written on the map, from afar and nearby, and what lies on it besides seats.

use super::super::look::{Kind, parts};
use super::*;

/// Writes those words as boxes that pass, and remembers everything it was asked for.
struct Chosen {
    pass: fn(&str) -> bool,
    asked: Vec<String>,
}

impl Chosen {
    fn of(pass: fn(&str) -> bool) -> Self {
        Self { pass, asked: Vec::new() }
    }
}

impl Letters for Chosen {
    fn draw(&mut self, words: &[&str], style: Style) -> Vec<TextMask> {
        self.asked.extend(words.iter().map(|word| (*word).to_owned()));
        let mut all = Boxes.draw(words, style);
        for (mask, word) in all.iter_mut().zip(words) {
            if !(self.pass)(word) {
                *mask = TextMask::new(mask.width, mask.height, &vec![0; (mask.width * mask.height) as usize], 0);
            }
        }
        all
    }
}

/// The theatre, its seats so large about the middle of the view.
fn theatre_at(radius: f64, letters: &mut dyn Letters) -> Scene {
    let view = (560.0, 420.0);
    let mut scene = scene_of(theatre(&Theatre::default()), 1.0, view);
    scene.camera.zoom(radius / scene.camera.radius(), view.0 / 2.0, view.1 / 2.0);
    assert_eq!(scene.frame(letters), Painted::All);
    scene
}

/// The whole theatre in the largest view in which sections speak.
fn theatre_afar(letters: &mut dyn Letters) -> Scene {
    let views = (0..40).map(|n| 1.0 - f64::from(n) * 0.02);
    let mut scenes = views.map(|n| scene_of(theatre(&Theatre::default()), 1.0, (800.0 * n, 600.0 * n)));
    let mut scene = scenes.find(Scene::in_overview).unwrap();
    assert_eq!(scene.frame(letters), Painted::All);
    scene
}

/// Where a point of the plan is in the picture, if it is in it.
fn pixel(scene: &Scene, at: (f32, f32)) -> Option<(usize, usize)> {
    let (x, y) = scene.camera.place(scene.ratio()).pixel(at.0, at.1);
    let inside = |x: i32, most: usize| usize::try_from(x).ok().filter(|x| x + 30 < most && *x > 30);
    Some((inside(x, scene.buffer().width())?, inside(y, scene.buffer().height())?))
}

/// Whether the two pictures differ at a point of the plan.
fn differ(a: &Scene, b: &Scene, at: (f32, f32)) -> Option<bool> {
    let (x, y) = pixel(a, at)?;
    Some(a.buffer().at(x, y) != b.buffer().at(x, y))
}

const NOTHING: fn(&str) -> bool = |_| false;

#[test]
fn from_afar_every_section_says_its_name_and_from_which_price() {
    let (mut all, mut none) = (Chosen::of(|_| true), Chosen::of(NOTHING));
    let mut written = theatre_afar(&mut all);
    let bare = theatre_afar(&mut none);
    let grounds = written.model.grounds.len();
    let chart = written.model.chart.clone();
    let mut large = 0;
    for (index, section) in chart.sections.iter().enumerate() {
        let words: Vec<_> = written.layout.words.iter().filter(|w| w.owner == grounds + index).cloned().collect();
        let name = written.words.get(&section.name, style_of(&written, 12.5, true), &mut all);
        assert!(words.iter().any(|w| Rc::ptr_eq(&w.mask, &name)), "{} is named", section.name);
        // The boxes are too small for a price.
        if section.name.starts_with("Box") {
            continue;
        }
        large += 1;
        // The cheapest category has the shortest word of this scene; more than one are told by "from".
        let free = &written.model.plates[index].free;
        let prices: Vec<&str> =
            free.iter().zip(&written.prices).filter(|(n, _)| **n > 0).map(|(_, p)| p.words.as_str()).collect();
        let least = prices.iter().min_by_key(|words| words.len()).unwrap();
        let price = if prices.len() > 1 { format!("from {least}") } else { (*least).to_owned() };
        let mask = written.words.get(&price, style_of(&written, 11.0, false), &mut all);
        assert!(words.iter().any(|w| Rc::ptr_eq(&w.mask, &mask)), "{}: {price}", section.name);
        // Between the name and the price neither is; the price's own middle is below.
        let (x, y) = words.iter().find(|w| Rc::ptr_eq(&w.mask, &mask)).map(|w| w.at).unwrap();
        let (dx, dy) = written.camera.place(written.ratio()).whole;
        let at = ((x + dx) as usize, (y + dy) as usize);
        assert_ne!(written.buffer().at(at.0, at.1), bare.buffer().at(at.0, at.1), "{} is seen", section.name);
    }
    assert_eq!(large, 6);
    assert!(all.asked.iter().any(|word| word.starts_with("from ")), "{:?}", all.asked);
    assert!(!all.asked.iter().any(|word| word.parse::<u32>().is_ok()), "no number of a seat");
}

/// The style of names and prices over seats.
fn style_of(scene: &Scene, css: f64, bold: bool) -> Style {
    Style { size: (css * scene.ratio()).round() as u16, bold, edge: 3 }
}

#[test]
fn nearer_rows_have_their_letters_and_nearest_seats_their_numbers() {
    let is_row: fn(&str) -> bool = |word| word.len() == 1 && word.chars().all(char::is_alphabetic);
    let is_number: fn(&str) -> bool = |word| word.parse::<u32>().is_ok();
    // Rows: a little beyond both ends, from this scale on and not before.
    for (radius, wanted) in [(4.5, false), (6.0, true)] {
        let (mut rows, mut none) = (Chosen::of(is_row), Chosen::of(NOTHING));
        let (with, without) = (theatre_at(radius, &mut rows), theatre_at(radius, &mut none));
        let model = &with.model;
        let mut seen = 0;
        for row in &model.chart.rows {
            let (first, last) = (row.seats.start as usize, row.seats.end as usize);
            for (end, next) in [(first, first + 1), (last - 1, last - 2)] {
                let (dx, dy) = (model.x[end] - model.x[next], model.y[end] - model.y[next]);
                let far = model.radius * 2.0 / dx.hypot(dy);
                if let Some(differs) = differ(&with, &without, (model.x[end] + dx * far, model.y[end] + dy * far)) {
                    assert_eq!(differs, wanted, "row {} at {radius}", row.name);
                    seen += 1;
                }
            }
        }
        assert!(seen > 10, "{seen} ends of rows were in view");
        assert!(!rows.asked.iter().any(|word| word.contains('€')), "no prices at {radius}");
    }
    for (radius, wanted) in [(7.0, false), (11.0, true)] {
        let (mut numbers, mut none) = (Chosen::of(is_number), Chosen::of(NOTHING));
        let (with, without) = (theatre_at(radius, &mut numbers), theatre_at(radius, &mut none));
        let mut seen = 0;
        for seat in 0..with.model.len() {
            // Half of a seat with a restricted view is no ground for a number, and an accessible one bears its sign.
            let plain = with.model.chart.seats.features[seat] == Default::default();
            if let Some(differs) = differ(&with, &without, (with.model.x[seat], with.model.y[seat])).filter(|_| plain) {
                assert_eq!(differs, wanted, "seat {seat} at {radius}");
                seen += 1;
            }
        }
        assert!(seen > 20, "{seen} seats were in view");
    }
}

#[test]
fn the_stage_is_drawn_and_called_by_its_name() {
    let (mut all, mut none) = (Chosen::of(|_| true), Chosen::of(NOTHING));
    let (written, bare) = (theatre_afar(&mut all), theatre_afar(&mut none));
    let stage = &written.model.grounds[0];
    assert!(all.asked.contains(&"Stage".to_owned()));
    assert_eq!(differ(&written, &bare, stage.label_at), Some(true), "its name is seen");
    let middle = pixel(&bare, stage.label_at).unwrap();
    let theme = Theme::light();
    assert_eq!(bare.buffer().at(middle.0, middle.1), theme.line, "it has a colour of its own");
    assert_eq!(bare.buffer().at(2, 2), theme.ground, "beside it is the ground");
    assert_ne!(theme.line, theme.ground);
}

#[test]
fn a_companions_notch_leaves_room_for_the_number() {
    let view = (560.0, 420.0);
    let mut seen = 0;
    let companions = theatre_afar(&mut Chosen::of(NOTHING)).model.looks;
    for seat in (0..companions.len()).filter(|seat| parts(companions[*seat]).0 == Kind::Notch) {
        let mut bare = scene_of(theatre(&Theatre::default()), 1.0, view);
        let at = (bare.model.x[seat], bare.model.y[seat]);
        let (left, top) = bare.camera.view_at(f64::from(at.0), f64::from(at.1));
        bare.camera.zoom(12.0 / bare.camera.radius(), left, top);
        bare.frame(&mut Chosen::of(NOTHING));
        let r = bare.camera.radius();
        let Some((x, y)) = pixel(&bare, at) else { continue };
        // Digits are some seven tenths of the radius high and stand in the middle.
        let (wide, high) = ((r * 0.4) as i32, (r * 0.33) as i32);
        for (dx, dy) in (-high..=high).flat_map(|dy| (-wide..=wide).map(move |dx| (dx, dy))) {
            let at = bare.buffer().at((x as i32 + dx) as usize, (y as i32 + dy) as usize);
            assert_eq!(at, bare.buffer().at(x, y), "{dx}, {dy} from the middle of seat {seat}");
        }
        seen += 1;
    }
    assert!(seen > 2, "{seen} companions' places were in view");
}

/// Letters as a browser draws them: masks half as high again as the font, with nothing in them but its middle.
pub(super) struct Tall;

impl Letters for Tall {
    fn draw(&mut self, words: &[&str], style: Style) -> Vec<TextMask> {
        let (size, edge) = (i32::from(style.size), i32::from(style.edge));
        let one = |text: &&str| {
            let (width, height) = (text.len() as i32 * size * 7 / 10, size * 3 / 2);
            let inked = |i: i32| 2 * (i / width - height / 2).abs() <= size * 18 / 25;
            let coverage: Vec<u8> = (0..width * height).map(|i| if inked(i) { 255 } else { 0 }).collect();
            TextMask::new(width, height, &coverage, edge)
        };
        words.iter().map(one).collect()
    }
}

/// At a desk and on a wide screen the largest house leaves no section without its name.
#[test]
fn the_sections_of_a_bowl_are_named_where_there_is_room() {
    for view in [(800.0, 700.0), (1060.0, 760.0), (1500.0, 960.0)] {
        let mut scene = scene_of(bowl(&Bowl::with_seats(80_000)), 1.0, view);
        scene.frame(&mut Tall);
        let grounds = scene.model.grounds.len();
        let named = |index: &usize| scene.layout.words.iter().any(|word| word.owner == grounds + index);
        let missing: Vec<_> = (0..scene.model.plates.len())
            .filter(|index| !named(index))
            .map(|index| scene.model.chart.sections[index].name.as_str())
            .collect();
        assert_eq!(missing, [""; 0], "{view:?}");
    }
}
