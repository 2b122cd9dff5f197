//! What has become of every row, as far as the steps went: in memory, and made of the files at any time.

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use super::change::{Change, Effect};

/// The part of a dataset that a row is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Part {
    /// What is learned.
    Train = 1,
    /// What tells during the training how it goes.
    Validation = 2,
    /// What tells afterwards how good the model is.
    Test = 3,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Which part's rows are meant, as the end of some words; nothing where all are.
pub(in crate::dataset) fn of_part(part: Option<Part>) -> String {
    part.map(|part| format!(" of the part {}", part.name())).unwrap_or_default()
}

/// What has become of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowState {
    /// The entry of the text that it has now.
    pub(super) entry: u32,
    /// The step that dropped it, counted from 1; 0 while it is used.
    dropped_by: u16,
    /// Its part, if it is in one.
    pub part: Option<Part>,
    /// How good a person finds it, from 1 to 5.
    pub rating: Option<NonZeroU8>,
}

impl RowState {
    /// A row as it was read.
    pub(super) fn new(entry: u32) -> Self {
        Self { entry, dropped_by: 0, part: None, rating: None }
    }

    /// Whether it is used.
    pub fn is_kept(self) -> bool {
        self.dropped_by == 0
    }

    /// The step that dropped it, from 0.
    pub fn dropped_by(self) -> Option<usize> {
        usize::from(self.dropped_by).checked_sub(1)
    }
}

/// What a step does, to the rows that are there; false where that makes no sense.
#[must_use]
pub(super) fn apply(rows: &mut Vec<RowState>, step: u16, change: Change) -> bool {
    if let Effect::Add { entry } = change.effect {
        let is_next = change.row as usize == rows.len();
        if is_next {
            rows.push(RowState::new(entry));
        }
        return is_next;
    }
    let Some(row) = rows.get_mut(change.row as usize) else { return false };
    match change.effect {
        Effect::Drop { .. } => row.dropped_by = step + 1,
        Effect::Keep => row.dropped_by = 0,
        Effect::Replace { entry } => row.entry = entry,
        Effect::Assign(part) => row.part = Some(part),
        Effect::Rate(rating) => row.rating = Some(rating),
        Effect::Add { .. } | Effect::Use { .. } => {}
    }
    true
}
