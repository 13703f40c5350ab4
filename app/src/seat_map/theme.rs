//! The map's colours: the tokens of the style sheet, with its values as defaults.

use raster::Colour;

/// How many zone colours there are; a category takes its index modulo this.
pub const ZONES: usize = 8;

/// Colours of everything drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Around the sections.
    pub ground: Colour,
    /// Inside the sections.
    pub surface: Colour,
    /// Hairlines and the stage.
    pub line: Colour,
    /// Held, sold and blocked seats.
    pub field: Colour,
    /// One's own seats; words that matter.
    pub ink: Colour,
    /// Other words.
    pub ink_2: Colour,
    /// The check on one's own seat.
    pub paper: Colour,
    /// The focus ring.
    pub focus: Colour,
    /// The halo of a suggestion.
    pub brass: Colour,
    /// Price zones.
    pub zones: [Colour; ZONES],
}

impl Theme {
    /// The custom properties it is read from, in the order of [`Theme::slots`].
    pub const PROPERTIES: [&'static str; 9 + ZONES] = [
        "--sunk",
        "--surface",
        "--line",
        "--field",
        "--ink",
        "--ink-2",
        "--paper",
        "--focus",
        "--brass",
        "--z0",
        "--z1",
        "--z2",
        "--z3",
        "--z4",
        "--z5",
        "--z6",
        "--z7",
    ];

    /// Its colours in the order of [`Theme::PROPERTIES`], to be set.
    pub fn slots(&mut self) -> [&mut Colour; 9 + ZONES] {
        let [a, b, c, d, e, f, g, h] = &mut self.zones;
        [
            &mut self.ground,
            &mut self.surface,
            &mut self.line,
            &mut self.field,
            &mut self.ink,
            &mut self.ink_2,
            &mut self.paper,
            &mut self.focus,
            &mut self.brass,
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            h,
        ]
    }

    /// Paper and ink by day.
    #[must_use]
    pub const fn light() -> Self {
        Self {
            ground: Colour::hex(0x00F1_EBE2),
            surface: Colour::hex(0x00FF_FFFF),
            line: Colour::hex(0x00D9_CFC3),
            field: Colour::hex(0x008C_7F74),
            ink: Colour::hex(0x001C_1714),
            ink_2: Colour::hex(0x005E_534B),
            paper: Colour::hex(0x00FB_F8F3),
            focus: Colour::hex(0x001B_4FD8),
            brass: Colour::hex(0x0085_591A),
            zones: [
                Colour::hex(0x00C8_741D),
                Colour::hex(0x0036_8986),
                Colour::hex(0x009D_6FE3),
                Colour::hex(0x0043_017A),
                Colour::hex(0x005E_1400),
                Colour::hex(0x0098_7243),
                Colour::hex(0x004C_5484),
                Colour::hex(0x004F_1F3A),
            ],
        }
    }

    /// By night.
    #[must_use]
    pub const fn dark() -> Self {
        Self {
            ground: Colour::hex(0x000D_0A09),
            surface: Colour::hex(0x001F_1917),
            line: Colour::hex(0x003D_342F),
            field: Colour::hex(0x0085_786D),
            ink: Colour::hex(0x00F4_EEE7),
            ink_2: Colour::hex(0x00BD_B0A5),
            paper: Colour::hex(0x0014_100F),
            focus: Colour::hex(0x008F_B4FF),
            brass: Colour::hex(0x00E0_B265),
            zones: [
                Colour::hex(0x00FC_C959),
                Colour::hex(0x002E_EBFB),
                Colour::hex(0x00BF_3957),
                Colour::hex(0x0070_5BCD),
                Colour::hex(0x00D1_F0B9),
                Colour::hex(0x0090_6B0A),
                Colour::hex(0x0001_96B0),
                Colour::hex(0x00F5_886B),
            ],
        }
    }
}

/// Reads `#rgb` or `#rrggbb`, the form a canvas gives every opaque colour back in; `None` for anything else.
#[must_use]
pub fn parse(css: &str) -> Option<Colour> {
    let hex = css.trim_ascii().strip_prefix('#')?;
    let n = u32::from_str_radix(hex, 16).ok()?;
    match hex.len() {
        3 => Some(Colour::hex(((n & 0xF00) * 0x1100) | ((n & 0xF0) * 0x110) | ((n & 0xF) * 0x11))),
        6 => Some(Colour::hex(n)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_style_sheets_write_them() {
        assert_eq!(parse(" #C8741D "), Some(Colour::rgb(0xC8, 0x74, 0x1D)));
        assert_eq!(parse("#fa0"), Some(Colour::rgb(0xFF, 0xAA, 0)));
        for bad in ["", "#", "#12", "red", "rgb(1,2,3)", "#é"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    const SHEET: &str = include_str!("../../../public/parterre.css");

    /// What the style sheet gives the properties by day, and by night.
    fn sheet(dark: bool) -> Theme {
        let (day, night) = SHEET.split_once("@media(prefers-color-scheme:dark)").expect("both are there");
        let from = if dark { night } else { day };
        // Another theme, so that what is missing is noticed.
        let mut theme = if dark { Theme::light() } else { Theme::dark() };
        for (slot, name) in theme.slots().into_iter().zip(Theme::PROPERTIES) {
            let (_, value) = from.split_once(&format!("{name}:")).expect("every property is there");
            *slot = parse(value.split([';', '}']).next().unwrap()).expect("a colour");
        }
        theme
    }

    #[test]
    fn the_map_has_the_style_sheets_colours_by_day_and_by_night() {
        assert_eq!(Theme::light(), sheet(false));
        assert_eq!(Theme::dark(), sheet(true));
    }

    type Light = [f64; 3];

    fn light(Colour([r, g, b, _]): Colour) -> Light {
        [r, g, b].map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn seen(by: &[Light; 3], light: Light) -> Light {
        by.map(|row| row.iter().zip(light).map(|(part, channel)| part * channel).sum::<f64>())
    }

    fn luminance([r, g, b]: Light) -> f64 {
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    #[test]
    fn every_price_zone_stands_out_from_the_paper_and_the_seats_ground() {
        for theme in [Theme::light(), Theme::dark()] {
            for (zone, ground) in theme.zones.iter().flat_map(|zone| [(zone, theme.paper), (zone, theme.surface)]) {
                let (a, b) = (luminance(light(*zone)), luminance(light(ground)));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 3.0, "{zone:?} on {ground:?}: {contrast}");
            }
        }
    }

    /// How eyes see: all cones, and without those for red, green or blue (Machado, Oliveira and Fernandes, 2009).
    const SIGHTS: [[Light; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ];

    /// CIELAB under daylight (D65).
    fn lab(light: Light) -> Light {
        let to_xyz =
            [[0.412_456, 0.357_576, 0.180_438], [0.212_673, 0.715_152, 0.072_175], [0.019_334, 0.119_192, 0.950_304]];
        let white = [0.950_47, 1.0, 1.088_83];
        let mut xyz = seen(&to_xyz, light.map(|channel| channel.clamp(0.0, 1.0)));
        for (part, white) in xyz.iter_mut().zip(white) {
            let share = *part / white;
            *part = if share > 216.0 / 24_389.0 { share.cbrt() } else { (24_389.0 / 27.0 * share + 16.0) / 116.0 };
        }
        let [x, y, z] = xyz;
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn no_two_price_zones_look_alike_to_any_eye() {
        for theme in [Theme::light(), Theme::dark()] {
            for (sight, by) in SIGHTS.iter().enumerate() {
                let zones = theme.zones.map(|zone| lab(seen(by, light(zone))));
                for (nth, a) in zones.iter().enumerate() {
                    for (other, b) in zones.iter().enumerate().skip(nth + 1) {
                        let apart = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                        assert!(apart >= 23.8, "zones {nth} and {other} by sight {sight}: {apart}");
                    }
                }
            }
        }
    }
}
