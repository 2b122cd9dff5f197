//! A small measurement of what a processor can do, for estimates of models that have not run on it yet.

use std::hint::black_box;

use super::DevicePeak;

/// Larger than what processors keep close by, small enough for a page.
const MEMORY_BYTES: usize = 16 << 20;
/// Values that fit the first cache, so that arithmetic waits for nothing.
const VALUES: usize = 4096;
/// Passes over them: some milliseconds of work.
const PASSES: usize = 2000;
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
        let values: Vec<i16> = (0..VALUES as i16).collect();
        let arithmetic_seconds = best_seconds(&now_seconds, || {
            for _ in 0..PASSES {
                black_box(dot(black_box(&values), black_box(&values)));
            }
        });
        Some(Self {
            memory_bytes_per_second: MEMORY_BYTES as f64 / memory_seconds?,
            operations_per_second: (2 * VALUES * PASSES) as f64 / arithmetic_seconds?,
        })
    }
}

fn dot(left: &[i16], right: &[i16]) -> i32 {
    left.iter().zip(right).fold(0, |sum, (&left, &right)| sum.wrapping_add(i32::from(left) * i32::from(right)))
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
