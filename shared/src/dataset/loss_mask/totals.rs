//! What is learned of many rows.

use serde::{Deserialize, Serialize};

use super::{MaskError, MaskedRow};

/// What is learned of many rows, each cut to the model's context length: its first tokens are kept, as TRL's `max_length`
/// does. Of a preference, both sequences count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskTotals {
    /// The most tokens of a sequence; any number where it is not said.
    pub context_length: Option<usize>,
    /// Rows that were looked at.
    pub rows: usize,
    /// Tokens that are kept.
    pub tokens: usize,
    /// Those of them that are learned.
    pub learned_tokens: usize,
    /// Rows of which nothing is learned, from the beginning or because it was cut.
    pub rows_with_nothing_learned: usize,
    /// Rows that the template refuses, or of which it can't be said what is learned.
    pub rows_with_errors: usize,
    /// Rows with a sequence longer than the context.
    pub rows_over_context_length: usize,
    /// Tokens that are cut off.
    pub cut_tokens: usize,
    /// Rows with an answer after which no token ends the turn.
    pub rows_without_end: usize,
}

/// Why a row should not be trained on as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MaskProblem {
    /// Nothing of it is learned.
    NothingLearned,
    /// The model's template refuses it, or it can't be said what is learned.
    Refused,
    /// It is longer than the context.
    TooLong,
}

impl MaskProblem {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::NothingLearned, Self::Refused, Self::TooLong];
}

impl MaskTotals {
    /// Of no rows yet.
    pub fn new(context_length: Option<usize>) -> Self {
        Self { context_length, ..Self::default() }
    }

    /// What training on them costs by a price for a million tokens. Providers count all tokens that are kept, those that
    /// are only read too.
    pub fn training_cost(&self, epochs: u32, price_per_million_tokens: f64) -> f64 {
        self.tokens as f64 * f64::from(epochs) * price_per_million_tokens / 1e6
    }

    /// Rows without a token that is learned.
    pub fn rows_that_teach_nothing(&self) -> usize {
        self.rows_with_nothing_learned + self.rows_with_errors
    }

    /// Adds a row, and says what is the worst about it.
    pub fn add(&mut self, row: &Result<MaskedRow, MaskError>) -> Option<MaskProblem> {
        self.rows += 1;
        let row = match row {
            Ok(row) => row,
            Err(MaskError::NothingLearned) => {
                self.rows_with_nothing_learned += 1;
                return Some(MaskProblem::NothingLearned);
            }
            Err(_) => {
                self.rows_with_errors += 1;
                return Some(MaskProblem::Refused);
            }
        };
        let (mut is_cut, mut learns_nothing, mut has_no_end) = (false, false, false);
        for sequence in row.sequences() {
            let kept = self.context_length.unwrap_or(usize::MAX).min(sequence.tokens.len());
            let learned = sequence.tokens[..kept].iter().filter(|token| token.is_learned).count();
            self.tokens += kept;
            self.learned_tokens += learned;
            self.cut_tokens += sequence.tokens.len() - kept;
            is_cut |= kept < sequence.tokens.len();
            learns_nothing |= learned == 0;
            has_no_end |= sequence.answers_without_end > 0;
        }
        self.rows_over_context_length += usize::from(is_cut);
        self.rows_with_nothing_learned += usize::from(learns_nothing);
        self.rows_without_end += usize::from(has_no_end);
        match (learns_nothing, is_cut) {
            // A row that is cut down to nothing is one of those that are too long.
            (_, true) => Some(MaskProblem::TooLong),
            (true, false) => Some(MaskProblem::NothingLearned),
            (false, false) => None,
        }
    }
}
