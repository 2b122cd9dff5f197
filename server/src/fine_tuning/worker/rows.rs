//! Rows as tokens, and which of them are learned: by the same code as the page shows it.

use std::fs::File;
use std::path::Path;

use engine::ModelText;
use engine::training::PackedBatch;
use shared::dataset::loss_mask::{LossMask, MaskError, MaskedRow, MaskedTokens, TurnEnd};
use shared::dataset::records::{Container, FaultPlace};
use shared::dataset::rows::{ReadAs, Rows};

use super::failure::Failure;

/// A row's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) tokens: Vec<u32>,
    /// Of each token whether it is learned.
    pub(super) is_learned: Vec<bool>,
}

impl Sequence {
    /// The first token follows nothing and is never learned.
    pub(super) fn learned_tokens(&self) -> usize {
        self.is_learned.iter().skip(1).filter(|is_learned| **is_learned).count()
    }
}

/// The rows of a file.
#[derive(Debug, Default)]
pub(super) struct TokenRows {
    /// In the file's order; of a row of which nothing is learned, an empty one.
    pub(super) sequences: Vec<Sequence>,
    /// How many were cut.
    pub(super) cut_rows: u64,
}

impl TokenRows {
    /// Reads the rows of a file, named `param` in the request, and cuts them at `sequence_tokens`. `today` is for templates that
    /// print a date.
    pub(super) fn read(
        path: &Path,
        param: &'static str,
        text: &ModelText,
        sequence_tokens: usize,
        today: &str,
    ) -> Result<Self, Failure> {
        let (tokenizer, template) = (text.tokenizer(), Some(text.chat_template()));
        let mask = LossMask { tokenizer, template, turn_end: TurnEnd::default(), today };
        let reading = |error| Failure::reading(path, &error);
        let invalid = |at: FaultPlace, reason: String| {
            Failure::at(param, "invalid_training_row", format!("{at} of the file can't be learned: {reason}"))
        };
        let file = File::open(path).map_err(reading)?;
        let mut rows = Rows::new(Container::JsonLines.read(file).map_err(reading)?, ReadAs::Detect);
        let mut read = Self::default();
        while let Some(row) = rows.next_row().map_err(reading)? {
            let at = FaultPlace::beginning_of(row.place);
            let (_, row) = row.content.map_err(|aside| invalid(aside.at, aside.reason))?;
            let masked = match mask.of(&row) {
                Ok(MaskedRow::Text(masked)) => masked,
                Ok(MaskedRow::Preference { .. } | MaskedRow::Feedback { .. }) => {
                    let kind = row.sample.kind();
                    return Err(invalid(at, format!("it is {kind}, and supervised training learns answers")));
                }
                Err(MaskError::NothingLearned) => {
                    read.sequences.push(Sequence::default());
                    continue;
                }
                Err(error) => return Err(invalid(at, error.to_string())),
            };
            read.push(masked, sequence_tokens);
        }
        Ok(read)
    }

    fn push(&mut self, mut masked: MaskedTokens, sequence_tokens: usize) {
        self.cut_rows += u64::from(masked.cut_to(sequence_tokens) > 0);
        let (tokens, is_learned) = masked.tokens.iter().map(|token| (token.id, token.is_learned)).unzip();
        let sequence = Sequence { tokens, is_learned };
        self.sequences.push(if sequence.learned_tokens() > 0 { sequence } else { Sequence::default() });
    }

    /// Tokens that are learned of all rows.
    pub(super) fn learned_tokens(&self) -> u64 {
        self.sequences.iter().map(|sequence| sequence.learned_tokens() as u64).sum()
    }

    /// Batches of at most `packed_tokens` of some of the rows. None is split: a longer one has a batch of its own.
    pub(super) fn packed(&self, rows: impl Iterator<Item = usize>, packed_tokens: usize) -> Vec<PackedBatch> {
        let mut batches: Vec<PackedBatch> = Vec::new();
        let sequences = rows.map(|row| &self.sequences[row]).filter(|sequence| !sequence.tokens.is_empty());
        for sequence in sequences {
            match batches.last_mut() {
                Some(batch) if batch.tokens().len() + sequence.tokens.len() <= packed_tokens => {
                    batch.push(&sequence.tokens, &sequence.is_learned);
                }
                _ => {
                    let mut batch = PackedBatch::default();
                    batch.push(&sequence.tokens, &sequence.is_learned);
                    batches.push(batch);
                }
            }
        }
        batches
    }
}
