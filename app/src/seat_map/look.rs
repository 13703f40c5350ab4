//! What a seat looks like: one byte from state, zone and features, and the paint behind every byte.

use domain::seat::{Features, SeatState};
use raster::{Colour, Paint, Shape};

use super::theme::{Theme, ZONES};

/// The kinds of looks, three bits above the zone's three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Free.
    Disc,
    /// Free and accessible.
    Square,
    /// Free companion place.
    Notch,
    /// Free with a restricted view.
    Half,
    /// Held by somebody.
    Held,
    /// Sold.
    Sold,
    /// Not for sale.
    Blocked,
    /// Free, but filtered out.
    Faded,
}

impl Kind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 8] =
        [Self::Disc, Self::Square, Self::Notch, Self::Half, Self::Held, Self::Sold, Self::Blocked, Self::Faded];
}

/// The look of a seat.
#[must_use]
pub fn look(state: SeatState, category: u8, features: Features, passes: bool) -> u8 {
    let kind = match state {
        SeatState::Held => Kind::Held,
        SeatState::Sold => Kind::Sold,
        SeatState::Blocked => Kind::Blocked,
        SeatState::Free if !passes => Kind::Faded,
        SeatState::Free if features.has(Features::ACCESSIBLE) => Kind::Square,
        SeatState::Free if features.has(Features::COMPANION) => Kind::Notch,
        SeatState::Free if features.has(Features::RESTRICTED_VIEW) => Kind::Half,
        SeatState::Free => Kind::Disc,
    };
    ((kind as u8) << 3) | (category % ZONES as u8)
}

/// The kind and zone of a look.
#[must_use]
pub fn parts(look: u8) -> (Kind, usize) {
    (Kind::ALL[usize::from(look >> 3 & 7)], usize::from(look & 7))
}

/// What each look is drawn with.
#[must_use]
pub fn paints(theme: &Theme) -> [Paint; 256] {
    core::array::from_fn(|look| {
        let (kind, zone) = parts(look as u8);
        let zone = theme.zones[zone];
        let (shape, colour) = match kind {
            Kind::Disc => (Shape::Disc, zone),
            Kind::Square => (Shape::Square, zone),
            Kind::Notch => (Shape::Notch, zone),
            Kind::Half => (Shape::Half, zone),
            Kind::Held => (Shape::Ring, theme.field),
            Kind::Sold => (Shape::Dot, theme.field),
            Kind::Blocked => (Shape::Speck, theme.field),
            Kind::Faded => (Shape::Small, theme.surface.mix(zone, 70)),
        };
        Paint { shape, colour }
    })
}

/// Relative luminance by WCAG 2.2 (<https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>).
fn luminance(colour: Colour) -> f32 {
    let [r, g, b] = [0, 1, 2].map(|i| {
        let c = f32::from(colour.0[i]) / 255.0;
        // A cubic within a hundredth of the standard's curve: a power would cost the bundle two kilobytes.
        c * (c * (c * 0.305_306 + 0.682_171_1) + 0.012_522_88)
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// The contrast ratio of two colours, 1 to 21.
#[must_use]
pub fn contrast(a: Colour, b: Colour) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// White or black, whichever reads better on a ground: at least 4.58 to 1, the root of 21.
#[must_use]
pub fn readable_on(ground: Colour) -> Colour {
    let (white, black) = (Colour::hex(0x00FF_FFFF), Colour::hex(0));
    if contrast(white, ground) >= contrast(black, ground) { white } else { black }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raster::{Buffer, Masks, Place, paint_one};

    /// A seat of 6 pixels drawn in grey, alone on the surface: one paint over the other.
    fn grey_picture(paints: &[Paint], surface: Colour, phase: (f32, f32)) -> Vec<f32> {
        let mut buffer = Buffer::new(12, 12, surface);
        let mut masks = Masks::default();
        masks.set(3.0, 1.0);
        let place = Place { scale: 1.0, ..Place::default() };
        let at = (6.0 + phase.0, 6.0 + phase.1);
        let all = buffer.all();
        for paint in paints {
            paint_one(&mut buffer, all, &place, at, paint.shape, paint.colour, 256, &mut masks);
        }
        (0..144).map(|i| buffer.at(i % 12, i / 12).grey()).collect()
    }

    /// What a seat looks like in grey: each state's picture, and the two of what one holds oneself, which is for everybody
    /// else a seat that is held.
    fn pictures(theme: &Theme, zone: u8, phase: (f32, f32)) -> Vec<(&'static str, Vec<f32>)> {
        let paints = paints(theme);
        let paint = |state| paints[usize::from(look(state, zone, Features::default(), true))];
        let picture = |paints: &[Paint]| grey_picture(paints, theme.surface, phase);
        let mine = |shape| {
            let ticked = Paint { shape: Shape::Check, colour: theme.paper };
            picture(&[paint(SeatState::Held), Paint { shape, colour: theme.ink }, ticked])
        };
        vec![
            ("free", picture(&[paint(SeatState::Free)])),
            ("held", picture(&[paint(SeatState::Held)])),
            ("sold", picture(&[paint(SeatState::Sold)])),
            ("blocked", picture(&[paint(SeatState::Blocked)])),
            ("mine", mine(Shape::Mine)),
            ("mine, accessible", mine(Shape::MineSquare)),
        ]
    }

    /// The states must be told apart without colour, at 6 pixels, wherever they lie between the pixels: by the largest
    /// difference of any pixel (contrast of detail) and by the sum of all (weight). One's own seats from all others.
    #[test]
    fn the_states_differ_in_grey_at_six_pixels() {
        for theme in [Theme::light(), Theme::dark()] {
            for zone in 0..ZONES as u8 {
                for phase in [(0.0, 0.0), (0.25, 0.5), (0.75, 0.75)] {
                    let pictures = pictures(&theme, zone, phase);
                    let pairs = (0..4).flat_map(|a| (a + 1..6).map(move |b| (a, b)));
                    for ((one, p), (other, q)) in pairs.map(|(a, b)| (&pictures[a], &pictures[b])) {
                        let differences = p.iter().zip(q).map(|(p, q)| (p - q).abs());
                        let (most, all) = differences.fold((0.0_f32, 0.0), |(m, s), d| (m.max(d), s + d));
                        assert!(most >= 20.0 && all >= 70.0, "zone {zone}, {one} and {other}: {most} {all}");
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_are_readable_on_every_zone() {
        for theme in [Theme::light(), Theme::dark()] {
            for zone in theme.zones {
                assert!(contrast(readable_on(zone), zone) >= 4.5);
            }
        }
    }

    #[test]
    fn a_look_names_its_kind_and_zone() {
        assert_eq!(parts(look(SeatState::Free, 10, Features::COMPANION, true)), (Kind::Notch, 2));
        assert_eq!(parts(look(SeatState::Free, 1, Features::ACCESSIBLE, false)), (Kind::Faded, 1));
        assert_eq!(parts(look(SeatState::Sold, 1, Features::ACCESSIBLE, true)), (Kind::Sold, 1));
    }
}
