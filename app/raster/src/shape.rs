//! The seat shapes as signed distances: what a state looks like, apart from its colour.

/// How many shapes there are.
pub const SHAPES: usize = 16;

/// A shape drawn around a seat's centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Shape {
    /// A filled disc: free.
    Disc,
    /// A rounded square: accessible.
    Square,
    /// A disc with a notch: companion.
    Notch,
    /// A half disc under a thin rim: restricted view.
    Half,
    /// A thin faded ring: held by somebody.
    Ring,
    /// A small faint dot: sold.
    Dot,
    /// A hairline dot: blocked.
    Speck,
    /// A larger disc: mine.
    Mine,
    /// A larger rounded square: mine and accessible.
    MineSquare,
    /// The check on one's own seat.
    Check,
    /// The soft halo about one's own seat.
    Halo,
    /// A ring with a gap: keyboard focus.
    Focus,
    /// A thin ring: under the pointer.
    Hover,
    /// The sign of an accessible place.
    Sign,
    /// The suggestion's halo, at its widest.
    Pulse,
    /// A disc a little smaller than the seat: filtered out.
    Small,
}

impl Shape {
    /// Every shape, in the order of its number.
    pub const ALL: [Self; SHAPES] = [
        Self::Disc,
        Self::Square,
        Self::Notch,
        Self::Half,
        Self::Ring,
        Self::Dot,
        Self::Speck,
        Self::Mine,
        Self::MineSquare,
        Self::Check,
        Self::Halo,
        Self::Focus,
        Self::Hover,
        Self::Sign,
        Self::Pulse,
        Self::Small,
    ];

    /// How far it reaches from the centre, in pixels, for a seat of radius `r` pixels at `ratio` pixels a CSS pixel.
    #[must_use]
    pub fn reach(self, r: f32, ratio: f32) -> f32 {
        match self {
            Self::Disc | Self::Notch | Self::Half | Self::Ring | Self::Sign | Self::Small => r,
            Self::Square => r * 1.3,
            Self::Dot => dot(r, ratio),
            Self::Speck => speck(r, ratio),
            Self::Mine | Self::Check => mine(r, ratio),
            Self::MineSquare => mine(r, ratio) * 1.3,
            Self::Halo => mine(r, ratio) * 1.62,
            Self::Pulse => mine(r, ratio) * 2.0,
            Self::Focus => focus(r, ratio).1,
            Self::Hover => hover(r, ratio).1,
        }
    }

    /// The highest coverage it gets anywhere, 0 to 1: what makes it faint.
    #[must_use]
    pub fn strength(self) -> f32 {
        match self {
            Self::Ring => 0.85,
            Self::Dot => 0.6,
            Self::Speck => 0.42,
            Self::Halo => 0.17,
            Self::Pulse => 0.3,
            _ => 1.0,
        }
    }

    /// Signed distance from (`x`, `y`), pixels from the centre, to its outline; negative inside.
    #[must_use]
    pub fn distance(self, x: f32, y: f32, r: f32, ratio: f32) -> f32 {
        let from_centre = length(x, y);
        match self {
            Self::Disc => from_centre - r,
            Self::Small => from_centre - r * 0.72,
            Self::Square => rounded_square(x, y, r * 0.96, r * 0.36),
            Self::Notch => (from_centre - r).more(-segment(x, y, (0.0, -r * 1.2), (0.0, -r * 0.6), r * 0.26)),
            Self::Half => {
                let rim = ring(from_centre, r - thin(r, ratio), r);
                (from_centre - r).more(-y).less(rim)
            }
            Self::Ring => ring(from_centre, r - thin(r, ratio), r),
            Self::Dot => from_centre - dot(r, ratio),
            Self::Speck => from_centre - speck(r, ratio),
            Self::Mine => from_centre - mine(r, ratio),
            Self::MineSquare => rounded_square(x, y, mine(r, ratio) * 0.96, r * 0.4),
            Self::Check => {
                let m = mine(r, ratio);
                let half = m * 0.125;
                segment(x, y, (-0.42 * m, 0.03 * m), (-0.09 * m, 0.35 * m), half).less(segment(
                    x,
                    y,
                    (-0.09 * m, 0.35 * m),
                    (0.45 * m, -0.33 * m),
                    half,
                ))
            }
            Self::Halo => from_centre - mine(r, ratio) * 1.62,
            Self::Pulse => from_centre - mine(r, ratio) * 2.0,
            Self::Focus => {
                let (inner, outer) = focus(r, ratio);
                ring(from_centre, inner, outer)
            }
            Self::Hover => {
                let (inner, outer) = hover(r, ratio);
                ring(from_centre, inner, outer)
            }
            Self::Sign => sign(x / r, y / r) * r,
        }
    }
}

/// The lesser and the greater of two numbers. The standard's are calls in the browser, for the sake of NaN.
trait Choose {
    fn less(self, other: Self) -> Self;
    fn more(self, other: Self) -> Self;
}

impl Choose for f32 {
    fn less(self, other: Self) -> Self {
        if self < other { self } else { other }
    }

    fn more(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
}

/// How far a point is from the origin; the standard's `hypot` is a call, for the sake of numbers beyond any picture.
pub(crate) fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// `value` between two bounds. Unlike `clamp` it cannot panic, and brings no code that writes floats into a message.
fn within(value: f32, low: f32, high: f32) -> f32 {
    value.less(high).more(low)
}

/// Width of a thin rim.
fn thin(r: f32, ratio: f32) -> f32 {
    within(r * 0.2, 0.85_f32.less(r), 2.0 * ratio)
}

/// Radius of the sold dot.
fn dot(r: f32, ratio: f32) -> f32 {
    within(r * 0.34, 0.5, 3.0 * ratio)
}

/// Radius of the blocked speck.
fn speck(r: f32, ratio: f32) -> f32 {
    within(r * 0.15, 0.4, 1.4 * ratio)
}

/// Radius of one's own seat: larger, and never too small to see.
fn mine(r: f32, ratio: f32) -> f32 {
    (r * 1.38).less(r + 5.0 * ratio).more(3.2 * ratio)
}

/// Inner and outer radius of the focus ring: 3 CSS pixels wide behind a gap of 2.
fn focus(r: f32, ratio: f32) -> (f32, f32) {
    let inner = r.more(3.0 * ratio) + 2.0 * ratio;
    (inner, inner + 3.0 * ratio)
}

/// Inner and outer radius of the ring under the pointer.
fn hover(r: f32, ratio: f32) -> (f32, f32) {
    let inner = r.more(3.0 * ratio) + 1.5 * ratio;
    (inner, inner + 1.75 * ratio)
}

fn ring(from_centre: f32, inner: f32, outer: f32) -> f32 {
    (from_centre - outer).more(inner - from_centre)
}

/// A square of half side `half` with corners of radius `corner`.
fn rounded_square(x: f32, y: f32, half: f32, corner: f32) -> f32 {
    let (qx, qy) = (x.abs() - (half - corner), y.abs() - (half - corner));
    length(qx.more(0.0), qy.more(0.0)) + qx.more(qy).less(0.0) - corner
}

/// A line from `a` to `b` with round ends, `half` thick on each side.
fn segment(x: f32, y: f32, a: (f32, f32), b: (f32, f32), half: f32) -> f32 {
    let (px, py, bx, by) = (x - a.0, y - a.1, b.0 - a.0, b.1 - a.1);
    let along = ((px * bx + py * by) / (bx * bx + by * by)).clamp(0.0, 1.0);
    length(px - bx * along, py - by * along) - half
}

/// A person in a wheelchair in the unit circle: head, back, seat, leg, and the wheel's open ring.
fn sign(x: f32, y: f32) -> f32 {
    let head = length(x + 0.1, y + 0.56) - 0.13;
    let back = segment(x, y, (-0.1, -0.34), (-0.06, 0.08), 0.075);
    let lap = segment(x, y, (-0.06, 0.08), (0.26, 0.08), 0.075);
    let leg = segment(x, y, (0.26, 0.08), (0.4, 0.46), 0.075);
    let wheel = ring(length(x + 0.05, y - 0.22), 0.29, 0.41).more(-(segment(x, y, (0.0, -0.3), (0.5, 0.02), 0.16)));
    head.less(back).less(lap).less(leg).less(wheel)
}
