//! Examples drawn at random.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// `count` of `available` examples in random order, or all where there are fewer.
pub fn at_random(available: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..available).collect();
    indices.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    indices.truncate(count);
    indices
}

/// `count` examples with about as many of each label, in random order; `labels` has one for each example. No label has
/// two more than another that has some left.
pub fn balanced(labels: &[&str], count: usize, seed: u64) -> Vec<usize> {
    let mut by_label: Vec<(&str, Vec<usize>)> = Vec::new();
    for index in at_random(labels.len(), labels.len(), seed) {
        match by_label.iter_mut().find(|(label, _)| *label == labels[index]) {
            Some((_, indices)) => indices.push(index),
            None => by_label.push((labels[index], vec![index])),
        }
    }
    let most = by_label.iter().map(|(_, indices)| indices.len()).max().unwrap_or(0);
    let rounds = (0..most).flat_map(|round| by_label.iter().filter_map(move |(_, indices)| indices.get(round)));
    let mut chosen: Vec<usize> = rounds.copied().take(count).collect();
    // Labels in turn would teach the model the turn.
    chosen.shuffle(&mut ChaCha8Rng::seed_from_u64(seed.wrapping_add(1)));
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_no_example_twice_and_labels_are_even() {
        let mut all = at_random(10, 20, 7);
        assert_ne!(all, at_random(10, 20, 8));
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        let labels = ["a", "a", "a", "a", "a", "a", "b", "b", "c"];
        for seed in 0..20 {
            let chosen = balanced(&labels, 6, seed);
            let of = |label| chosen.iter().filter(|&&index| labels[index] == label).count();
            assert_eq!((of("a"), of("b"), of("c")), (3, 2, 1));
            assert_eq!(chosen, balanced(&labels, 6, seed));
        }
        assert_eq!(balanced(&labels, 99, 1).len(), 9);
    }
}
