//! How rows are spread over classes: a model that sees one label ten times as often as another learns to guess it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::named_column::NamedColumn;
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
        match self {
            Self::Column(name) => Some(row.column_text(name)?.trim().to_owned()),
            Self::Answer => Some(last_answer(&row.sample)?.trim().to_owned()),
        }
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
    /// The values are too many to be classes, no row has the column, the storage fails, or somebody asked to stop.
    pub async fn count<F: StoredFile>(
        preparation: &Preparation<F>,
        by: &ClassOf,
        pulse: &impl Pulse,
    ) -> Result<Self, PreparationFault> {
        let mut counts = HashMap::<String, u64>::new();
        let mut without = 0;
        let mut column = match by {
            ClassOf::Answer => None,
            ClassOf::Column(name) => Some(NamedColumn::new(name)),
        };
        each_kept(preparation, "counting classes", pulse, |_, _, row| {
            column.iter_mut().for_each(|column| column.look_at(&row));
            match by.of(&row) {
                Some(class) => *counts.entry(class).or_default() += 1,
                None => without += 1,
            }
            if counts.len() > MOST_CLASSES { Err(too_many(by)) } else { Ok(()) }
        })
        .await?;
        column.map_or(Ok(()), NamedColumn::must_be_there)?;
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
