//! Random numbers that are a function of where they are used: Philox 4x32-10 (Salmon et al. 2011). Nothing has to be kept to go
//! on with a run, and nothing drifts.

const ROUNDS: usize = 10;
const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Four random words for a key and a counter.
pub(super) fn philox(key: u64, counter: [u32; 4]) -> [u32; 4] {
    let mut key = [key as u32, (key >> 32) as u32];
    let mut words = counter;
    for _ in 0..ROUNDS {
        let products = [0, 1].map(|place| u64::from(MULTIPLIERS[place]) * u64::from(words[2 * place]));
        words = [
            (products[1] >> 32) as u32 ^ words[1] ^ key[0],
            products[1] as u32,
            (products[0] >> 32) as u32 ^ words[3] ^ key[1],
            products[0] as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    words
}

/// Numbers from -`bound` to `bound`, evenly spread: those of the operation `operation` of a run.
pub(super) fn fill_evenly(seed: u64, operation: u32, bound: f32, values: &mut [f32]) {
    for (block, values) in values.chunks_mut(4).enumerate() {
        let counter = [block as u32, (block as u64 >> 32) as u32, operation, 0];
        for (value, word) in values.iter_mut().zip(philox(seed, counter)) {
            // 24 bits, as many as a float holds.
            let share = (word >> 8) as f32 / (1 << 24) as f32;
            *value = (2.0 * share - 1.0) * bound;
        }
    }
}

/// The numbers below `count` in an order that `seed` and `epoch` determine (Fisher & Yates 1938, from the end, with Lemire's
/// multiplication, 2019, in place of a remainder).
pub fn permutation(seed: u64, epoch: u32, count: usize) -> Vec<usize> {
    // What adapters begin with has a 0 here.
    const ORDER: u32 = 1;
    let mut order: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        let words = philox(seed, [place as u32, (place as u64 >> 32) as u32, epoch, ORDER]);
        let number = u128::from(words[0]) | u128::from(words[1]) << 32;
        order.swap(place, ((number * (place as u128 + 1)) >> 64) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_hold_each_number_once_and_all_of_them_come() {
        let order = permutation(7, 3, 1000);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_eq!(order, permutation(7, 3, 1000));
        assert!(order != permutation(7, 4, 1000) && order != permutation(8, 3, 1000));
        // Each of the six orders of three, about as often as the others.
        let mut counts = std::collections::BTreeMap::new();
        (0..6000).for_each(|epoch| *counts.entry(permutation(1, epoch, 3)).or_insert(0) += 1);
        assert!(counts.len() == 6 && counts.values().all(|count| (900..1100).contains(count)), "{counts:?}");
        assert!(permutation(1, 0, 0).is_empty());
    }

    /// The known answers of Random123, the authors' own library.
    #[test]
    fn words_are_those_of_the_paper() {
        assert_eq!(philox(0, [0; 4]), [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]);
        assert_eq!(philox(u64::MAX, [u32::MAX; 4]), [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]);
        let pi = philox(0x299F_31D0_A409_3822, [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344]);
        assert_eq!(pi, [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]);
    }

    #[test]
    fn numbers_are_spread_evenly_and_depend_on_their_operation() {
        let numbers = |operation| {
            let mut values = vec![0.0; 10_001];
            fill_evenly(7, operation, 2.0, &mut values);
            values
        };
        let values = numbers(3);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let square = values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.05 && (square - 4.0 / 3.0).abs() < 0.05, "{mean} {square}");
        assert!(values.iter().all(|value| value.abs() <= 2.0));
        assert_eq!(values, numbers(3));
        assert_ne!(values, numbers(4));
    }
}
