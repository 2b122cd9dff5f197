//! Sequences, packed one behind the other.

use std::ops::Range;

use crate::error::EngineError;

/// Some sequences that are computed together. None of them sees another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PackedBatch {
    tokens: Vec<u32>,
    sequences: Vec<Range<usize>>,
    targets: Vec<Target>,
}

/// A token that is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    /// The row after which it comes.
    pub(super) row: usize,
    /// The token.
    pub(super) token: u32,
    /// The number of its sequence.
    pub(super) sequence: usize,
}

impl PackedBatch {
    /// Adds a sequence; `is_learned` says of each of its tokens whether the model is to say it. The first token is never
    /// learned, for nothing comes before it.
    ///
    /// # Panics
    /// The two are not equally long.
    pub fn push(&mut self, tokens: &[u32], is_learned: &[bool]) {
        assert_eq!(tokens.len(), is_learned.len(), "each token is learned or not");
        let first = self.tokens.len();
        self.tokens.extend_from_slice(tokens);
        let sequence = self.sequences.len();
        self.sequences.push(first..self.tokens.len());
        let learned = (1..tokens.len()).filter(|&place| is_learned[place]);
        let target = |place: usize| Target { row: first + place - 1, token: tokens[place], sequence };
        self.targets.extend(learned.map(target));
    }

    /// All tokens of all sequences.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Where each sequence lies in them.
    pub fn sequences(&self) -> &[Range<usize>] {
        &self.sequences
    }

    /// How many tokens are learned.
    pub fn learned_tokens(&self) -> usize {
        self.targets.len()
    }

    /// Of something for each target, the sum for each sequence.
    pub(super) fn sums(&self, of_targets: &[f32]) -> Vec<f64> {
        let mut sums = vec![0.0; self.sequences.len()];
        for (target, value) in self.targets.iter().zip(of_targets) {
            sums[target.sequence] += f64::from(*value);
        }
        sums
    }

    /// # Errors
    /// A token is not in the vocabulary.
    pub(super) fn check(&self, vocabulary: usize) -> Result<(), EngineError> {
        let stranger = self.tokens.iter().find(|token| **token as usize >= vocabulary);
        stranger.map_or(Ok(()), |token| {
            Err(EngineError::Malformed(format!("token {token} is not among the model's {vocabulary}")))
        })
    }

    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Each token's position in its sequence.
    pub(super) fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.sequences.iter().flat_map(|sequence| 0..sequence.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learned_is_said_after_the_token_before_it() {
        let mut batch = PackedBatch::default();
        batch.push(&[5, 6, 7], &[true, false, true]);
        batch.push(&[8, 9], &[false, true]);
        assert_eq!(batch.sequences(), [0..3, 3..5]);
        let targets = [Target { row: 1, token: 7, sequence: 0 }, Target { row: 3, token: 9, sequence: 1 }];
        assert_eq!(batch.targets(), targets);
        assert_eq!(batch.sums(&[2.0, 3.0]), [2.0, 3.0]);
        assert_eq!(batch.positions().collect::<Vec<_>>(), [0, 1, 2, 0, 1]);
    }
}
