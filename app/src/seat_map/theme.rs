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
}
