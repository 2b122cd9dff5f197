//! Runs of words, which n-gram metrics count.

use std::collections::HashMap;
use std::hash::Hash;

/// How often each run of `length` words occurs; nothing where there are fewer words.
pub(in crate::evaluation) fn run_counts<Word: Eq + Hash>(words: &[Word], length: usize) -> HashMap<&[Word], usize> {
    let mut counts = HashMap::new();
    if length > 0 {
        for run in words.windows(length) {
            *counts.entry(run).or_insert(0) += 1;
        }
    }
    counts
}
