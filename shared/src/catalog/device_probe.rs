//! A small measurement of what a processor can do, for estimates of models that have not run on it yet.

use std::hint::black_box;

use super::DevicePeak;

/// Larger than what processors keep close by, small enough for a page.
const MEMORY_BYTES: usize = 16 << 20;
/// Products of 16-bit integers: some milliseconds of work.
const PRODUCTS: usize = 16 << 20;
/// The best of so many runs counts: whatever else runs only slows it down.
const RUNS: usize = 3;

impl DevicePeak {
    /// Reads memory and multiplies 16-bit integers, as the engine does with weights, on the calling thread for about 20
    /// milliseconds. `now_seconds` is a clock. `None` where it is too coarse to tell.
    pub fn probe(now_seconds: impl Fn() -> f64) -> Option<Self> {
        let memory: Vec<u64> = (0..(MEMORY_BYTES / 8) as u64).collect();
        let memory_seconds = best_seconds(&now_seconds, || {
            black_box(black_box(&memory).iter().fold(0_u64, |sum, &value| sum.wrapping_add(value)));
        });
        let arithmetic_seconds = best_seconds(&now_seconds, || {
            black_box(multiply_and_add(black_box(PRODUCTS)));
        });
        Some(Self {
            memory_bytes_per_second: MEMORY_BYTES as f64 / memory_seconds?,
            operations_per_second: (2 * PRODUCTS) as f64 / arithmetic_seconds?,
        })
    }
}

/// Adds `products` products of 16-bit integers, as many at once as there are lanes.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn multiply_and_add(products: usize) -> i32 {
    use core::arch::wasm32::{i16x8_add, i16x8_splat, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_splat};
    // Page bundles are compiled for size, without loops turned into lanes: written out, and as four sums that don't wait
    // for each other.
    let (factor, one) = (i16x8_splat(3), i16x8_splat(1));
    let mut values = [i16x8_splat(0), i16x8_splat(100), i16x8_splat(200), i16x8_splat(300)];
    let mut sums = [i32x4_splat(0); 4];
    for _ in 0..products / 32 {
        let [a, b, c, d] = values;
        let [sum_a, sum_b, sum_c, sum_d] = sums;
        sums = [
            i32x4_add(sum_a, i32x4_dot_i16x8(a, factor)),
            i32x4_add(sum_b, i32x4_dot_i16x8(b, factor)),
            i32x4_add(sum_c, i32x4_dot_i16x8(c, factor)),
            i32x4_add(sum_d, i32x4_dot_i16x8(d, factor)),
        ];
        values = [i16x8_add(a, one), i16x8_add(b, one), i16x8_add(c, one), i16x8_add(d, one)];
    }
    sums.into_iter().fold(0, |all, sum| all.wrapping_add(i32x4_extract_lane::<0>(sum)))
}

/// Adds `products` products of 16-bit integers; the compiler makes lanes of it.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn multiply_and_add(products: usize) -> i32 {
    let values: Vec<i16> = (0..4096).collect();
    (0..products / values.len()).fold(0, |all, _| {
        let values = black_box(values.as_slice());
        values.iter().fold(all, |sum: i32, &value| sum.wrapping_add(i32::from(value) * i32::from(value)))
    })
}

fn best_seconds(now_seconds: &impl Fn() -> f64, work: impl Fn()) -> Option<f64> {
    let runs = (0..RUNS).map(|_| {
        let started = now_seconds();
        work();
        now_seconds() - started
    });
    Some(runs.fold(f64::INFINITY, f64::min)).filter(|&seconds| seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_figures_are_those_of_a_processor() {
        let started = Instant::now();
        let peak = DevicePeak::probe(|| started.elapsed().as_secs_f64()).unwrap();
        // From a slow debug build to the fastest machine.
        assert!((1e8..1e13).contains(&peak.memory_bytes_per_second), "{peak:?}");
        assert!((1e7..1e13).contains(&peak.operations_per_second), "{peak:?}");
    }

    #[test]
    fn a_clock_that_stands_still_tells_nothing() {
        assert_eq!(DevicePeak::probe(|| 1.0), None);
        // The fastest run counts: 3, 2 and 1 seconds, first for memory, then for arithmetic.
        let (now, calls) = (Cell::new(0.0), Cell::new(0_u32));
        let clock = || {
            let call = calls.replace(calls.get() + 1);
            if call % 2 == 1 {
                now.set(now.get() + f64::from(3 - call / 2 % 3));
            }
            now.get()
        };
        let peak = DevicePeak::probe(clock).unwrap();
        assert_eq!(peak.memory_bytes_per_second, (16 << 20) as f64);
    }
}
