//! Thirty-two 16-bit lanes on each instruction set: the only code of the engine that is written per processor.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(test, not(any(target_arch = "aarch64", all(target_arch = "wasm32", target_feature = "simd128")))))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;
#[cfg(any(test, not(any(target_arch = "aarch64", all(target_arch = "wasm32", target_feature = "simd128")))))]
pub(crate) use portable::Portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use simd128::Simd128;

/// What the block decoders need of an instruction set. `Words` are 32 integers of 16 bits in the order of
/// [`super::activation`]: even values of the low half, even of the high half, odd of the low half, odd of the high.
///
/// The slices are at least as long as each function says; they are `debug_assert`ed.
pub(crate) trait Lanes {
    /// 32 integers of 16 bits.
    type Words: Copy;
    /// Partial sums of one integer dot product.
    type Dots: Copy;
    /// Four running sums of 32-bit floats (possibly in several copies, added up at the end).
    type Fours: Copy;

    /// No sums yet.
    fn zero() -> Self::Fours;
    /// The nibbles of 16 bytes: low nibbles are values 0 to 15, high nibbles 16 to 31.
    fn nibbles(bytes: &[u8]) -> Self::Words;
    /// 32 signed bytes.
    fn signed_bytes(bytes: &[u8]) -> Self::Words;
    /// `(byte >> shift) & mask` of 32 bytes; `shift` is below 8.
    fn fields(bytes: &[u8], shift: u32, mask: u16) -> Self::Words;
    /// Adds 16 to value `i` where bit `i` is set.
    fn add_fifth_bits(words: Self::Words, bits: u32) -> Self::Words;
    /// `low + (high << 4)`
    fn join(low: Self::Words, high: Self::Words) -> Self::Words;
    /// Subtracts `amount` from every value.
    fn subtract(words: Self::Words, amount: i16) -> Self::Words;
    /// Multiplies values 0 to 15 by `first` and 16 to 31 by `second`.
    fn scale_halves(words: Self::Words, first: i16, second: i16) -> Self::Words;
    /// `words . activation` for 32 activation values.
    fn dots(words: Self::Words, activation: &[i16]) -> Self::Dots;
    /// `fours[i] + scales[i] * dots[i]`
    fn add_scaled(fours: Self::Fours, dots: [Self::Dots; 4], scales: [f32; 4]) -> Self::Fours;
    /// The four sums.
    fn totals(fours: Self::Fours) -> [f32; 4];
}

/// What the CPU backend computes with, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstructionSet {
    /// AVX-512 with BW and VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Plain loops, and what a target has unconditionally: NEON, WASM SIMD.
    Baseline,
}

impl InstructionSet {
    /// The best this machine has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx512f")
                && has!("avx512bw")
                && has!("avx512vl")
                && has!("avx512vnni")
                && has!("avx512dq")
                && has!("bmi2")
                && has!("fma")
            {
                return Self::Avx512;
            }
            if has!("avx2") && has!("fma") {
                return Self::Avx2;
            }
        }
        Self::Baseline
    }
}

/// The lanes that a baseline build of this target uses.
#[cfg(target_arch = "aarch64")]
pub(crate) type Baseline = Neon;
/// The lanes that a baseline build of this target uses.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) type Baseline = Simd128;
/// The lanes that a baseline build of this target uses.
#[cfg(not(any(target_arch = "aarch64", all(target_arch = "wasm32", target_feature = "simd128"))))]
pub(crate) type Baseline = Portable;

/// What the CPU backend computes with, in the names people know.
pub fn instruction_set() -> &'static str {
    match InstructionSet::detect() {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => "AVX-512",
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => "AVX2",
        InstructionSet::Baseline if cfg!(target_arch = "aarch64") => "NEON",
        InstructionSet::Baseline if cfg!(all(target_arch = "wasm32", target_feature = "simd128")) => "WASM SIMD",
        InstructionSet::Baseline => "plain loops",
    }
}

/// Defines `fn name(arguments)` that runs `body(arguments)`, an `#[inline(always)]` function generic over nothing,
/// compiled once for each instruction set of the target.
macro_rules! for_each_instruction_set {
    ($(#[$meta:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) = $body:ident) => {
        $(#[$meta])*
        pub(super) fn $name(instruction_set: $crate::cpu::lanes::InstructionSet, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                use $crate::cpu::lanes::InstructionSet;
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,bmi2,fma,avx2")]
                fn avx512($($argument: $type),*) {
                    $body::<$crate::cpu::lanes::Avx512>($($argument),*);
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($argument: $type),*) {
                    $body::<$crate::cpu::lanes::Avx2>($($argument),*);
                }
                match instruction_set {
                    #[expect(unsafe_code, reason = "calls code for a processor that was detected")]
                    // SAFETY: `InstructionSet::detect` found these features.
                    InstructionSet::Avx512 => return unsafe { avx512($($argument),*) },
                    #[expect(unsafe_code, reason = "calls code for a processor that was detected")]
                    // SAFETY: `InstructionSet::detect` found these features.
                    InstructionSet::Avx2 => return unsafe { avx2($($argument),*) },
                    InstructionSet::Baseline => {}
                }
            }
            let _ = instruction_set;
            $body::<$crate::cpu::lanes::Baseline>($($argument),*);
        }
    };
}
pub(crate) use for_each_instruction_set;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::activation::quantize_unit;

    /// Values 0 to 31 of `words`, read by multiplying with unit vectors.
    fn values<L: Lanes>(words: L::Words) -> Vec<f32> {
        (0..32)
            .map(|index| {
                let mut unit = [0.0; 32];
                unit[index] = 1.0;
                let mut activation = [0; 32];
                let (scale, _) = quantize_unit(&unit, &mut activation);
                let dots = L::dots(words, &activation);
                let sums = L::totals(L::add_scaled(L::zero(), [dots; 4], [scale, 2.0 * scale, -scale, 0.0]));
                assert_eq!([2.0 * sums[0], -sums[0], 0.0], sums[1..], "the four sums stay apart");
                sums[0]
            })
            .collect()
    }

    fn agree<L: Lanes>() {
        let bytes: Vec<u8> = (0..32_u32).map(|i| (i * 89 + 7) as u8).collect();
        let same = |what: &str, ours: L::Words, reference: <Portable as Lanes>::Words| {
            let (ours, reference) = (values::<L>(ours), values::<Portable>(reference));
            for (index, (a, b)) in ours.iter().zip(&reference).enumerate() {
                assert!((a - b).abs() <= b.abs() * 1e-5 + 1e-4, "{what}, value {index}: {a}, not {b}");
            }
        };
        let (ours, reference) = (L::nibbles(&bytes), Portable::nibbles(&bytes));
        same("nibbles", ours, reference);
        let bits = 0x9A5C_31F7;
        same("fifth bits", L::add_fifth_bits(ours, bits), Portable::add_fifth_bits(reference, bits));
        same("subtract", L::subtract(ours, 8), Portable::subtract(reference, 8));
        same("scale", L::scale_halves(ours, -3, 100), Portable::scale_halves(reference, -3, 100));
        same("signed bytes", L::signed_bytes(&bytes), Portable::signed_bytes(&bytes));
        for shift in [0, 2, 4, 6] {
            let (ours, reference) = (L::fields(&bytes, shift, 3), Portable::fields(&bytes, shift, 3));
            same("fields", ours, reference);
            same("join", L::join(ours, ours), Portable::join(reference, reference));
        }
    }

    #[test]
    fn plain_loops_mean_what_they_say() {
        let bytes: Vec<u8> = (0..32_u32).map(|i| (i * 89 + 7) as u8).collect();
        let close = |ours: Vec<f32>, expected: &dyn Fn(usize) -> f32| {
            for (index, value) in ours.iter().enumerate() {
                assert!((value - expected(index)).abs() < 1e-2, "value {index}: {value}, not {}", expected(index));
            }
        };
        close(values::<Portable>(Portable::nibbles(&bytes)), &|i| {
            f32::from(if i < 16 { bytes[i] & 15 } else { bytes[i - 16] >> 4 })
        });
        close(values::<Portable>(Portable::signed_bytes(&bytes)), &|i| f32::from(bytes[i] as i8));
        close(values::<Portable>(Portable::fields(&bytes, 3, 7)), &|i| f32::from(bytes[i] >> 3 & 7));
        let fifth = Portable::add_fifth_bits(Portable::fields(&bytes, 0, 0), 0x8000_0005);
        close(values::<Portable>(fifth), &|i| if [0, 2, 31].contains(&i) { 16.0 } else { 0.0 });
        let halves = Portable::scale_halves(Portable::fields(&bytes, 0, 1), 2, 5);
        close(values::<Portable>(halves), &|i| f32::from(bytes[i] & 1) * if i < 16 { 2.0 } else { 5.0 });
    }

    #[test]
    fn every_instruction_set_of_this_machine_agrees_with_plain_loops() {
        agree::<Baseline>();
        #[cfg(target_arch = "x86_64")]
        {
            let best = InstructionSet::detect();
            if best == InstructionSet::Avx512 {
                agree::<Avx512>();
            }
            if best != InstructionSet::Baseline {
                agree::<Avx2>();
            }
        }
    }
}
