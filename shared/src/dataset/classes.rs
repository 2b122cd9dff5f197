//! How rows are spread over classes: a model that sees one label ten times as often as another learns to guess it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::preparation::{Preparation, PreparationFault, Pulse, StoredFile};
use super::row::{Judged, Role, Row, Sample};
use super::steps::each_kept;

/// What a row's class is read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassOf {
    /// The last answer, word for word.
    Answer,
    /// The value of a column.
    Column(String),
}

/// Whoever has more different values than these has no classes.
const MOST_CLASSES: usize = 10_000;

impl ClassOf {
    /// A row's class, without space around it; some have none.
    pub fn of(&self, row: &Row) -> Option<String> {
        let text = match self {
            Self::Column(name) => row.column_text(name)?,
            Self::Answer => last_answer(&row.sample)?.to_owned(),
        };
        Some(text.trim().to_owned())
    }

    /// What it is, in words.
    pub fn title(&self) -> String {
        match self {
            Self::Answer => "their answer".to_owned(),
            Self::Column(name) => name.clone(),
        }
    }
}

/// Of preferences both answers are learned, so neither is a class.
fn last_answer(sample: &Sample) -> Option<&str> {
    match sample {
        Sample::Conversation(messages) | Sample::Feedback(Judged { completion: messages, .. }) => {
            messages.iter().rfind(|message| message.role == Role::Assistant)?.plain_text()
        }
        Sample::TextCompletion { completion, .. } | Sample::TextFeedback(Judged { completion, .. }) => Some(completion),
        Sample::Text(_) | Sample::Preference(_) | Sample::TextPreference(_) => None,
    }
}

/// How many rows each class has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classes {
    /// Classes and their rows: the largest first, of equally large ones the first by name.
    pub rows: Vec<(String, u64)>,
    /// Rows without a class.
    pub without: u64,
}

impl Classes {
    /// Counts the rows that are kept.
    ///
    /// # Errors
    /// The values are too many to be classes, the storage fails, or somebody asked to stop.
    pub async fn count<F: StoredFile>(
        preparation: &Preparation<F>,
        by: &ClassOf,
        pulse: &impl Pulse,
    ) -> Result<Self, PreparationFault> {
        let mut counts = HashMap::<String, u64>::new();
        let mut without = 0;
        each_kept(preparation, "counting classes", pulse, |_, _, row| {
            match by.of(&row) {
                Some(class) => *counts.entry(class).or_default() += 1,
                None => without += 1,
            }
            if counts.len() > MOST_CLASSES { Err(too_many(by)) } else { Ok(()) }
        })
        .await?;
        let mut rows: Vec<_> = counts.into_iter().collect();
        rows.sort_unstable_by(|(name, count), (other, other_count)| other_count.cmp(count).then(name.cmp(other)));
        Ok(Self { rows, without })
    }
}

fn too_many(by: &ClassOf) -> PreparationFault {
    PreparationFault::Refused(format!(
        "rows by {} are more than {MOST_CLASSES} different classes; choose a column with few different values",
        by.title()
    ))
}
