//! Four pixels at a time, in lanes of sixteen bits: SIMD multiplies these fastest.

/// Four pixels' channels, or a coverage of 0 to 256 for each of them. A pixel takes two lanes.
pub(crate) type Lanes = [u16; 8];

/// The same for each of four pixels: a colour's word, or a coverage times 0x10001.
pub(crate) fn lanes(word: u32) -> Lanes {
    bytemuck::cast([word; 4])
}

/// Paints a run of pixels over, four at a time: the compiler would write them one by one.
#[inline(always)]
pub(crate) fn paint_over(run: &mut [u32], word: u32) {
    let four: [u32; 4] = bytemuck::cast(lanes(word));
    let (fours, rest) = run.as_chunks_mut::<4>();
    for at in fours {
        *at = four;
    }
    for at in rest {
        *at = word;
    }
}

/// Mixes a colour into four pixels by a coverage for each: the same to the last bit as `Colour::mix`.
///
/// `old * 256 + (new - old) * part` wraps on the way, but its true value fits into sixteen bits.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) fn four(old: [u32; 4], new: Lanes, part: &Lanes) -> [u32; 4] {
    let old: Lanes = bytemuck::cast(old);
    let mut out = [0; 8];
    for i in 0..8 {
        let even = (new[i] & 255).wrapping_sub(old[i] & 255).wrapping_mul(part[i]);
        let odd = (new[i] >> 8).wrapping_sub(old[i] >> 8).wrapping_mul(part[i]);
        let even = (old[i] << 8).wrapping_add(even).wrapping_add(128) >> 8;
        let odd = (old[i] & 0xFF00).wrapping_add(odd).wrapping_add(128) & 0xFF00;
        out[i] = even | odd;
    }
    bytemuck::cast(out)
}

/// The same, step by step, in the browser's vectors: no compiler is relied upon to find them.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
pub(crate) fn four(old: [u32; 4], new: Lanes, part: &Lanes) -> [u32; 4] {
    use core::arch::wasm32::{
        i16x8_add, i16x8_mul, i16x8_shl, i16x8_sub, u16x8_shr, u16x8_splat, v128, v128_and, v128_or,
    };
    let (old, new, part): (v128, v128, v128) = (bytemuck::cast(old), bytemuck::cast(new), bytemuck::cast(*part));
    let (low, high, half) = (u16x8_splat(0x00FF), u16x8_splat(0xFF00), u16x8_splat(128));
    let even = i16x8_mul(i16x8_sub(v128_and(new, low), v128_and(old, low)), part);
    let odd = i16x8_mul(i16x8_sub(u16x8_shr(new, 8), u16x8_shr(old, 8)), part);
    let even = u16x8_shr(i16x8_add(i16x8_add(i16x8_shl(old, 8), half), even), 8);
    let odd = v128_and(i16x8_add(i16x8_add(v128_and(old, high), half), odd), high);
    bytemuck::cast(v128_or(even, odd))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::Colour;

    /// Every old and new value of a channel with every coverage: natively and, by `./test size`, in the vectors that
    /// browsers get.
    #[test]
    fn four_pixels_are_mixed_as_one_is() {
        for step in 0..=256_u32 {
            let parts = [0, 1, 2, 3].map(|pixel| (step + pixel) % 257);
            let part: Lanes = bytemuck::cast(parts.map(|part| part * 0x1_0001));
            for new in 0..=255_u8 {
                let new = Colour::rgb(new, new.wrapping_add(85), 255 - new);
                for base in 0..64_u8 {
                    let old = [0, 64, 128, 192].map(|at| Colour::rgb(base + at, base + at, base + at));
                    let mixed = four(old.map(|old| bytemuck::cast(old.0)), lanes(bytemuck::cast(new.0)), &part);
                    for pixel in 0..4 {
                        let one = old[pixel].mix(new, parts[pixel]);
                        assert_eq!(bytemuck::cast::<u32, [u8; 4]>(mixed[pixel])[..3], one.0[..3]);
                    }
                }
            }
        }
    }
}
