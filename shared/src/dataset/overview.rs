//! A preparation in a few figures.

use serde::{Deserialize, Serialize};

use super::preparation::{DoneStep, Part, Preparation, Source, StoredFile};

/// A preparation in a few figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The files that rows come from.
    pub sources: Vec<Source>,
    /// The steps that were done.
    pub steps: Vec<DoneStep>,
    /// All rows, dropped ones as well.
    pub rows: u64,
    /// Rows that are used.
    pub kept: u64,
    /// Those of each part.
    pub parts: Vec<(Part, u64)>,
}

impl Overview {
    /// Of a preparation as it is now.
    pub fn of<F: StoredFile>(preparation: &Preparation<F>) -> Self {
        let kept = preparation.rows().iter().filter(|row| row.is_kept());
        let count = |part| (part, kept.clone().filter(|row| row.part == Some(part)).count() as u64);
        Self {
            sources: preparation.sources().to_vec(),
            steps: preparation.steps().cloned().collect(),
            rows: preparation.rows().len() as u64,
            kept: kept.clone().count() as u64,
            parts: Part::ALL.map(count).into_iter().filter(|(_, rows)| *rows > 0).collect(),
        }
    }

    /// Rows of files that are none.
    pub fn set_aside(&self) -> u64 {
        self.sources.iter().map(|source| u64::from(source.progressed.set_aside())).sum()
    }

    /// The file that is not read to its end, if there is one.
    pub fn unfinished(&self) -> Option<&Source> {
        self.sources.last().filter(|source| !source.is_whole)
    }
}
