//! One thing that a person keeps.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a document is. The names are part of what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A prompt with its versions.
    Prompt,
    /// A chain of prompts.
    Chain,
    /// An evaluation's prompts, models and cases.
    Suite,
    /// What a run of an evaluation left.
    Run,
    /// A search for a better prompt, and what it found.
    Optimization,
    /// A conversation.
    Conversation,
    /// A dataset: its name and what is exported of it. Its rows are elsewhere.
    Dataset,
}

impl DocumentKind {
    /// Its name in storage.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Chain => "chain",
            Self::Suite => "suite",
            Self::Run => "run",
            Self::Optimization => "optimization",
            Self::Conversation => "conversation",
            Self::Dataset => "dataset",
        }
    }
}

/// Something that is kept as a document.
pub trait Document: Serialize + DeserializeOwned {
    /// What it is.
    const KIND: DocumentKind;
    /// The version of its JSON that this program writes.
    const FORMAT: u32;

    /// What it is listed as.
    fn title(&self) -> String;

    /// The document that it belongs to, by id: a run belongs to its evaluation.
    fn belongs_to(&self) -> Option<&str> {
        None
    }

    /// Its JSON of the format one before, as the next has it: called once for each step up to [`Self::FORMAT`].
    ///
    /// # Errors
    /// What is in the way, in words for a person.
    fn upgrade(from_format: u32, body: Value) -> Result<Value, String> {
        let _ = body;
        Err(format!("format {from_format} is not known"))
    }
}

/// What lists show of a document, without its body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentHead {
    /// Unique among its kind.
    pub id: String,
    /// What it is listed as.
    pub title: String,
    /// Counts changes, from 1. Who saves must name the revision that the change began with.
    pub revision: u64,
    /// The version of the body's JSON.
    pub format: u32,
    /// The document that it belongs to, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belongs_to: Option<String>,
    /// When it was last changed, in milliseconds since 1970.
    pub modified_unix_ms: f64,
}

/// Why a stored document can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableDocument {
    /// A newer program wrote it.
    #[error(
        "it was saved by a newer version of Quern (format {found}, this one reads {known}); reload the page to update"
    )]
    Newer {
        /// Its format.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// It is damaged, or of an older format that can't be brought up to date.
    #[error("it can't be read: {0}")]
    Shape(String),
}

/// The document of a stored body, brought up to date from older formats.
///
/// # Errors
/// A newer program wrote it, or it is damaged.
pub fn read_body<T: Document>(format: u32, body: &str) -> Result<T, UnreadableDocument> {
    if format > T::FORMAT {
        return Err(UnreadableDocument::Newer { found: format, known: T::FORMAT });
    }
    let shape = |error: serde_json::Error| UnreadableDocument::Shape(error.to_string());
    if format == T::FORMAT {
        return serde_json::from_str(body).map_err(shape);
    }
    let mut value: Value = serde_json::from_str(body).map_err(shape)?;
    for from_format in format..T::FORMAT {
        value = T::upgrade(from_format, value).map_err(UnreadableDocument::Shape)?;
    }
    serde_json::from_value(value).map_err(shape)
}

/// The body to store.
///
/// # Errors
/// The document holds what JSON can't.
pub fn write_body<T: Document>(document: &T) -> Result<String, UnreadableDocument> {
    serde_json::to_string(document).map_err(|error| UnreadableDocument::Shape(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    impl Document for Note {
        const KIND: DocumentKind = DocumentKind::Prompt;
        const FORMAT: u32 = 3;

        fn title(&self) -> String {
            self.text.clone()
        }

        fn upgrade(from_format: u32, body: Value) -> Result<Value, String> {
            match from_format {
                1 => Ok(json!({"words": body["word"].as_str().map(|word| vec![word])})),
                2 => Ok(json!({"text": body["words"][0]})),
                other => Err(format!("format {other} is not known")),
            }
        }
    }

    #[test]
    fn older_documents_are_brought_up_to_date_step_by_step() {
        let note = Note { text: "hello".into() };
        assert_eq!(read_body(3, &write_body(&note).unwrap()), Ok(note));
        for (format, body) in [(1, r#"{"word": "hello"}"#), (2, r#"{"words": ["hello"]}"#)] {
            assert_eq!(read_body(format, body), Ok(Note { text: "hello".into() }));
        }
    }

    #[test]
    fn newer_and_damaged_documents_are_refused_in_words() {
        assert_eq!(read_body::<Note>(4, "{}"), Err(UnreadableDocument::Newer { found: 4, known: 3 }));
        for (format, body) in [(3, "{"), (3, "{}"), (2, "[]"), (0, "{}")] {
            assert!(matches!(read_body::<Note>(format, body), Err(UnreadableDocument::Shape(_))), "{body}");
        }
    }
}
