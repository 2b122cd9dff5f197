//! A conversation: its turns, and how it is kept in this browser.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::model_call::{ChatMessage, FinishReason, GenerationUsage};
use shared::workspace::{DocumentHead, DocumentKind, StoredDocument};

use crate::browser::{clock, local_storage};

const INDEX_KEY: &str = "conversations";

fn key(id: &str) -> String {
    format!("conversation.{id}")
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One turn, as the page shows it.
#[derive(Clone, Copy)]
pub struct Turn {
    /// Unique on the page.
    pub key: u64,
    /// Who speaks.
    pub speaker: Speaker,
    /// What they say; grows while a model answers.
    pub text: RwSignal<String>,
    /// How an answer went.
    pub outcome: RwSignal<Outcome>,
}

/// How an answer went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The model is reading the prompt or writing.
    UnderWay {
        /// Prompt tokens read and in all.
        prefill: Option<(u32, u32)>,
    },
    /// It said all it had to say, or what the limits allowed.
    Finished {
        /// Why it ended.
        reason: FinishReason,
        /// Counts and times.
        figures: AnswerFigures,
    },
    /// The person stopped it, or the page was closed.
    Stopped,
    /// It failed.
    Failed {
        /// A sentence for the person.
        message: String,
    },
}

/// Counts and times of an answer, with who gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerFigures {
    /// Who answered: the model and where it ran.
    pub answered_by: String,
    /// What the model counted.
    pub usage: GenerationUsage,
    /// From Send to the first text in the page.
    pub first_token_seconds: f64,
    /// The seed it was drawn with.
    pub seed: u64,
}

/// A conversation as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredConversation {
    /// What the model is told before the first turn.
    pub system_prompt: String,
    /// The turns.
    pub turns: Vec<StoredTurn>,
}

/// A turn as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredTurn {
    /// Who speaks.
    pub speaker: Speaker,
    /// What they say.
    pub text: String,
    /// How an answer went.
    pub outcome: Outcome,
}

/// What the list of conversations shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationEntry {
    /// Its id.
    pub id: String,
    /// The beginning of the first message.
    pub title: String,
    /// When it last changed, in milliseconds since 1970.
    pub changed_unix_ms: f64,
}

impl Turn {
    /// A turn that was stored.
    pub fn restore(key: u64, stored: StoredTurn) -> Self {
        let outcome = match stored.outcome {
            // The page was closed while the model wrote.
            Outcome::UnderWay { .. } => Outcome::Stopped,
            other => other,
        };
        Self { key, speaker: stored.speaker, text: RwSignal::new(stored.text), outcome: RwSignal::new(outcome) }
    }

    /// The turn as it is stored.
    pub fn to_stored(self) -> StoredTurn {
        StoredTurn { speaker: self.speaker, text: self.text.get_untracked(), outcome: self.outcome.get_untracked() }
    }

    /// The turn as the model sees it.
    pub fn to_message(self) -> ChatMessage {
        let role = match self.speaker {
            Speaker::User => "user",
            Speaker::Assistant => "assistant",
        };
        ChatMessage { role: role.to_owned(), content: self.text.get_untracked() }
    }
}

/// Every stored conversation, the latest first.
pub fn entries() -> Vec<ConversationEntry> {
    let mut entries: Vec<ConversationEntry> = local_storage::load(INDEX_KEY).unwrap_or_default();
    entries.sort_by(|a, b| b.changed_unix_ms.total_cmp(&a.changed_unix_ms));
    entries
}

/// The conversation `id`.
pub fn load(id: &str) -> Option<StoredConversation> {
    local_storage::load(&key(id))
}

/// Keeps a conversation; one without turns is not worth keeping.
///
/// # Errors
/// What to tell the person.
pub fn save(id: &str, conversation: &StoredConversation) -> Result<(), String> {
    if conversation.turns.is_empty() {
        return Ok(());
    }
    local_storage::save(&key(id), conversation)?;
    let mut entries = entries();
    entries.retain(|entry| entry.id != id);
    entries.insert(
        0,
        ConversationEntry {
            id: id.to_owned(),
            title: title(&conversation.turns[0].text),
            changed_unix_ms: clock::unix_ms(),
        },
    );
    local_storage::save(INDEX_KEY, &entries)
}

/// The version of [`StoredConversation`]'s JSON in an export.
const FORMAT: u32 = 1;

/// Every conversation, for an export.
pub fn to_documents() -> Vec<StoredDocument> {
    let to_document = |entry: ConversationEntry| {
        let body = serde_json::to_string(&load(&entry.id)?).ok()?;
        let head = DocumentHead {
            id: entry.id,
            title: entry.title,
            revision: 1,
            format: FORMAT,
            belongs_to: None,
            modified_unix_ms: entry.changed_unix_ms,
        };
        Some(StoredDocument { kind: DocumentKind::Conversation, head, body })
    };
    entries().into_iter().filter_map(to_document).collect()
}

/// Adds a conversation of an import.
///
/// # Errors
/// It is none, or can't be kept; what to tell the person.
pub fn add_document(document: &StoredDocument) -> Result<(), String> {
    if document.head.format != FORMAT {
        return Err(format!("a conversation is of format {}, this version reads {FORMAT}", document.head.format));
    }
    let conversation = serde_json::from_str(&document.body);
    save(&document.head.id, &conversation.map_err(|error| format!("a conversation can't be read: {error}"))?)
}

/// Forgets a conversation.
///
/// # Errors
/// What to tell the person.
pub fn delete(id: &str) -> Result<(), String> {
    local_storage::remove(&key(id));
    let mut entries = entries();
    entries.retain(|entry| entry.id != id);
    local_storage::save(INDEX_KEY, &entries)
}

/// The beginning of a message, on one line.
fn title(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let cut: String = line.chars().take(LONGEST - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_short_line() {
        assert_eq!(title("  Hello\n there "), "Hello there");
        let long = title(&"wörd ".repeat(40));
        assert!(long.chars().count() <= 60 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn an_answer_under_way_is_restored_as_stopped() {
        let stored = StoredTurn {
            speaker: Speaker::Assistant,
            text: "Hal".to_owned(),
            outcome: Outcome::UnderWay { prefill: None },
        };
        let turn = Turn::restore(1, stored);
        assert_eq!(turn.outcome.get_untracked(), Outcome::Stopped);
    }
}
