//! Plain loops: the meaning of every lane operation, and the fallback.

use super::Lanes;

/// Arrays and loops.
pub(crate) struct Portable;

/// Where value `index` of a unit lies.
const fn place(index: usize) -> usize {
    index % 2 * 16 + index / 16 * 8 + index % 16 / 2
}

#[inline(always)]
fn from_values(value: impl Fn(usize) -> i16) -> [i16; 32] {
    let mut words = [0; 32];
    for index in 0..32 {
        words[place(index)] = value(index);
    }
    words
}

impl Lanes for Portable {
    type Words = [i16; 32];
    type Dots = i32;
    type Fours = [f32; 4];

    #[inline(always)]
    fn zero() -> [f32; 4] {
        [0.0; 4]
    }

    #[inline(always)]
    fn nibbles(bytes: &[u8]) -> [i16; 32] {
        from_values(|index| i16::from(bytes[index % 16] >> (index / 16 * 4) & 15))
    }

    #[inline(always)]
    fn signed_bytes(bytes: &[u8]) -> [i16; 32] {
        from_values(|index| i16::from(bytes[index] as i8))
    }

    #[inline(always)]
    fn fields(bytes: &[u8], shift: u32, mask: u16) -> [i16; 32] {
        from_values(|index| (u16::from(bytes[index] >> shift) & mask) as i16)
    }

    #[inline(always)]
    fn add_fifth_bits(mut words: [i16; 32], bits: u32) -> [i16; 32] {
        for index in 0..32 {
            words[place(index)] += (bits >> index & 1) as i16 * 16;
        }
        words
    }

    #[inline(always)]
    fn join(low: [i16; 32], high: [i16; 32]) -> [i16; 32] {
        std::array::from_fn(|lane| low[lane] + (high[lane] << 4))
    }

    #[inline(always)]
    fn subtract(words: [i16; 32], amount: i16) -> [i16; 32] {
        words.map(|word| word - amount)
    }

    #[inline(always)]
    fn scale_halves(words: [i16; 32], first: i16, second: i16) -> [i16; 32] {
        std::array::from_fn(|lane| words[lane] * if lane / 8 % 2 == 0 { first } else { second })
    }

    #[inline(always)]
    fn dots(words: [i16; 32], activation: &[i16]) -> i32 {
        words.iter().zip(activation).map(|(&word, &value)| i32::from(word) * i32::from(value)).sum()
    }

    #[inline(always)]
    fn add_scaled(fours: [f32; 4], dots: [i32; 4], scales: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|index| fours[index] + scales[index] * dots[index] as f32)
    }

    #[inline(always)]
    fn totals(fours: [f32; 4]) -> [f32; 4] {
        fours
    }
}
