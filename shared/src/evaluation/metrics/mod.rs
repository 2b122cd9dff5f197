//! Scores of one text against others, as plain functions.
//!
//! Where a metric compares every word or character with every other, 64 of them are compared at a time: two texts of
//! 100 000 words take seconds, and memory grows with their length only.

pub mod bleu;
pub mod cosine;
pub mod levenshtein;
mod occurrences;
pub mod perplexity;
pub mod rouge;
mod runs;
mod treebank;

pub(super) use runs::run_counts;
pub(super) use treebank::treebank_words;
