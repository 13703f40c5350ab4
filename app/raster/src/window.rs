//! Which of many seats may be seen, and where they lie: four at a time.

use crate::buffer::Rect;
use crate::seats::Place;

/// Seats whose places are found together: one bit each.
pub(crate) const TOGETHER: usize = 64;

/// A part of the picture that seats are asked for.
pub(crate) struct Window<'a> {
    place: &'a Place,
    /// Quarters of a pixel of the whole-pixel translation.
    whole: (i32, i32),
    /// Quarters between which a seat may touch the part, to the right and downwards, the last ones exclusive.
    seen: [(i32, i32); 2],
    /// The same for seats that lie within it, wherever they reach, and a group of four pixels besides.
    within: [(i32, i32); 2],
}

impl<'a> Window<'a> {
    /// Of a clip, for seats that reach no farther than `reach` pixels from their own.
    pub(crate) fn new(place: &'a Place, clip: Rect, reach: i32) -> Self {
        let seen = |from: i32, to: i32| ((from - reach) * 4, (to + reach) * 4);
        let within = |from: i32, to: i32| ((from + reach) * 4, (to - reach - 8) * 4);
        Self {
            place,
            whole: place.whole_quarters(),
            seen: [seen(clip.x0, clip.x1), seen(clip.y0, clip.y1)],
            within: [within(clip.x0, clip.x1), within(clip.y0, clip.y1)],
        }
    }

    /// Finds the places of at most [`TOGETHER`] seats, in quarters of a pixel; gives a bit for each that may be seen, and
    /// one for each that lies within.
    #[inline(never)]
    pub(crate) fn look(&self, xs: &[f32], ys: &[f32], at: &mut [[i32; TOGETHER]; 2]) -> (u64, u64) {
        let [right, down] = at;
        let (fx, fy) = self.place.fraction;
        let (seen_x, within_x) = self.axis(xs, fx, self.whole.0, (self.seen[0], self.within[0]), right);
        let (seen_y, within_y) = self.axis(ys, fy, self.whole.1, (self.seen[1], self.within[1]), down);
        (seen_x & seen_y, within_x & within_y)
    }

    #[inline(never)]
    fn axis(
        &self,
        places: &[f32],
        fraction: f32,
        whole: i32,
        bounds: ((i32, i32), (i32, i32)),
        at: &mut [i32; TOGETHER],
    ) -> (u64, u64) {
        let (fours, rest) = places.as_chunks::<4>();
        let (mut seen, mut within, mut bit) = (0_u64, 0_u64, 0_u32);
        for (four, at) in fours.iter().zip(at.as_chunks_mut::<4>().0) {
            let (places, s, w) = self.four(*four, fraction, whole, bounds);
            *at = places;
            seen |= u64::from(s) << bit;
            within |= u64::from(w) << bit;
            bit += 4;
        }
        if !rest.is_empty()
            && let Some(at) = at.as_chunks_mut::<4>().0.get_mut(fours.len())
        {
            let mut four = [f32::INFINITY; 4];
            for (to, from) in four.iter_mut().zip(rest) {
                *to = *from;
            }
            let (places, s, w) = self.four(four, fraction, whole, bounds);
            *at = places;
            let there = (1 << rest.len()) - 1;
            seen |= u64::from(s & there) << bit;
            within |= u64::from(w & there) << bit;
        }
        (seen, within)
    }

    /// Four places, and a bit for each that lies within either pair of bounds.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    fn four(
        &self,
        places: [f32; 4],
        fraction: f32,
        whole: i32,
        (seen, within): ((i32, i32), (i32, i32)),
    ) -> ([i32; 4], u8, u8) {
        let at = places.map(|place| self.place.quarter(place, fraction) + whole);
        let bits = |(from, to): (i32, i32)| (0..4).map(|i| u8::from(from <= at[i] && at[i] < to) << i).sum();
        (at, bits(seen), bits(within))
    }

    /// The same in the browser's vectors.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    #[inline(always)]
    fn four(
        &self,
        places: [f32; 4],
        fraction: f32,
        whole: i32,
        (seen, within): ((i32, i32), (i32, i32)),
    ) -> ([i32; 4], u8, u8) {
        use crate::seats::FAR;
        use core::arch::wasm32::{
            f32x4_add, f32x4_floor, f32x4_mul, f32x4_splat, i32x4_add, i32x4_bitmask, i32x4_ge, i32x4_lt, i32x4_max,
            i32x4_min, i32x4_splat, i32x4_trunc_sat_f32x4, v128, v128_and,
        };
        let places: v128 = bytemuck::cast(places);
        let fine = f32x4_add(f32x4_mul(places, f32x4_splat(self.place.scale)), f32x4_splat(fraction));
        let fine = f32x4_floor(f32x4_add(f32x4_mul(fine, f32x4_splat(4.0)), f32x4_splat(0.5)));
        let near = i32x4_min(i32x4_max(i32x4_trunc_sat_f32x4(fine), i32x4_splat(-FAR)), i32x4_splat(FAR));
        let at = i32x4_add(near, i32x4_splat(whole));
        let bits = |(from, to): (i32, i32)| {
            i32x4_bitmask(v128_and(i32x4_ge(at, i32x4_splat(from)), i32x4_lt(at, i32x4_splat(to))))
        };
        (bytemuck::cast(at), bits(seen), bits(within))
    }
}
