//! `/v1/files`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::page::Identified;

/// A file that was uploaded, or that a job wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileObject {
    /// What requests call it: `file-…`.
    pub id: String,
    /// Always `file`.
    pub object: String,
    /// Its size.
    pub bytes: u64,
    /// When it came, in seconds since 1970.
    pub created_at: i64,
    /// When it goes by itself; `null` where it stays.
    pub expires_at: Option<i64>,
    /// What its owner calls it.
    pub filename: String,
    /// What it is for.
    pub purpose: FilePurpose,
    /// Always `processed`: OpenAI has deprecated it, and their packages wait for it.
    pub status: String,
    /// Always `null`, as deprecated.
    pub status_details: Option<String>,
}

impl Identified for FileObject {
    fn id(&self) -> &str {
        &self.id
    }
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilePurpose {
    /// For the Assistants API.
    Assistants,
    /// Requests to be answered later.
    Batch,
    /// Rows to train on, or to measure the loss on.
    #[serde(rename = "fine-tune")]
    FineTune,
    /// The metrics of a fine-tuning job; written by the server only.
    #[serde(rename = "fine-tune-results")]
    FineTuneResults,
    /// Images.
    Vision,
    /// Anything.
    UserData,
    /// Rows to evaluate on.
    Evals,
}

impl FilePurpose {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Assistants,
        Self::Batch,
        Self::FineTune,
        Self::FineTuneResults,
        Self::Vision,
        Self::UserData,
        Self::Evals,
    ];

    /// Its name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Assistants => "assistants",
            Self::Batch => "batch",
            Self::FineTune => "fine-tune",
            Self::FineTuneResults => "fine-tune-results",
            Self::Vision => "vision",
            Self::UserData => "user_data",
            Self::Evals => "evals",
        }
    }

    /// The purpose of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// Whether people may upload files for it.
    pub fn can_be_uploaded(self) -> bool {
        self != Self::FineTuneResults
    }
}

impl fmt::Display for FilePurpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// When a file goes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpiresAfter {
    /// From when the seconds count: always `created_at`.
    pub anchor: ExpiryAnchor,
    /// From an hour, 3600, to 30 days, 2592000.
    pub seconds: u32,
}

/// From when a file's time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryAnchor {
    /// When it came.
    CreatedAt,
}

impl ExpiresAfter {
    /// The seconds that a file can be given.
    pub const SECONDS: std::ops::RangeInclusive<u32> = 3600..=2_592_000;
}

/// That something was deleted: a file, or a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// What it was called.
    pub id: String,
    /// `file` or `model`.
    pub object: String,
    /// Always true.
    pub deleted: bool,
}

impl Deleted {
    /// Of the kind `object`.
    pub fn new(object: &str, id: impl Into<String>) -> Self {
        Self { id: id.into(), object: object.to_owned(), deleted: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_are_written_by_their_names() {
        for purpose in FilePurpose::ALL {
            assert_eq!(serde_json::to_value(purpose).unwrap(), purpose.name());
            assert_eq!(FilePurpose::from_name(purpose.name()), Some(purpose));
        }
        assert_eq!(FilePurpose::from_name("fine_tune"), None);
    }
}
