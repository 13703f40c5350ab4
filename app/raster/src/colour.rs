//! Opaque colours as the canvas stores them.

/// An opaque colour: red, green, blue, 255 in memory order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colour(pub [u8; 4]);

impl Colour {
    /// Of its three channels.
    #[must_use]
    pub const fn rgb(r: u8, g: u8, b: u8) -> Self {
        Self([r, g, b, 255])
    }

    /// Of `0xRRGGBB`.
    #[must_use]
    pub const fn hex(rgb: u32) -> Self {
        Self::rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
    }

    /// The pixel as the buffer stores it.
    #[must_use]
    pub const fn word(self) -> u32 {
        u32::from_ne_bytes(self.0)
    }

    /// This colour with `part` of 256 of another mixed in.
    #[must_use]
    pub fn mix(self, other: Self, part: u32) -> Self {
        let one =
            |a: u8, b: u8| ((u32::from(a) * (256 - part.min(256)) + u32::from(b) * part.min(256) + 128) >> 8) as u8;
        let ([r, g, b, _], [s, h, c, _]) = (self.0, other.0);
        Self::rgb(one(r, s), one(g, h), one(b, c))
    }

    /// Lightness as a grey screen would show it, 0 to 255 (Rec. 709 weights on the encoded channels).
    #[must_use]
    pub fn grey(self) -> f32 {
        0.2126 * f32::from(self.0[0]) + 0.7152 * f32::from(self.0[1]) + 0.0722 * f32::from(self.0[2])
    }
}
