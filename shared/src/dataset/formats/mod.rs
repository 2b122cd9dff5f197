//! The formats in which datasets are published: how each writes a row as one JSON object, one format per file. What file
//! the objects are in (JSON Lines, a table, Parquet) is [`records`](super::records)' business.

mod alpaca;
mod chatml;
mod detection;
mod fields;
mod guess;
mod mapping;
mod messages;
mod openai_chat;
mod openai_preference;
mod sharegpt;
mod trl_feedback;
mod trl_preference;
mod trl_prompt_completion;
mod trl_text;

pub use self::detection::{Detected, detect};
pub use self::fields::RowFault;
pub use self::guess::Guess;
pub use self::mapping::{MappedMessages, MappedSample, Mapping, MappingFault};

use serde::{Deserialize, Serialize};

use super::json::Value;
use super::row::{Row, Sample};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "&str", try_from = "String")]
pub enum Format {
    /// OpenAI's chat fine-tuning, which TRL and most others read too.
    OpenAiChat,
    /// OpenAI's preference fine-tuning.
    OpenAiPreference,
    /// ShareGPT, as LLaMA-Factory extends it.
    ShareGpt,
    /// Stanford Alpaca, as LLaMA-Factory extends it.
    Alpaca,
    /// TRL: a prompt, a better and a worse completion.
    TrlPreference,
    /// TRL: a prompt, a completion, and whether it is a good one.
    TrlFeedback,
    /// TRL: a prompt and its completion.
    TrlPromptCompletion,
    /// ChatML's text.
    ChatMl,
    /// TRL: plain text.
    TrlText,
}

/// What each format says of itself.
trait Known: Sync {
    /// What people call it.
    fn title(&self) -> &'static str;
    /// Its columns, without those that it leaves as they are.
    fn columns(&self) -> &'static [&'static str];
    /// A column that every row of it has.
    fn key(&self) -> &'static str;
    /// Whether a row looks like it, by its columns.
    fn suits(&self, row: Value<'_>) -> bool;
    /// Whether it writes a column that it does not know itself, elsewhere than beside its own.
    fn places(&self, _column: &str) -> bool {
        false
    }
    /// Reads a row, without the columns that are not its own.
    fn read(&self, row: Value<'_>) -> Result<Row, RowFault>;
    /// What of a row can't be written in it.
    fn lacks(&self, row: &Row) -> Option<&'static str>;
    /// Writes a row that it can hold.
    fn write(&self, row: &Row, out: &mut fields::Writer<'_>);
}

impl Format {
    /// All of them. Where a row suits several, the first is meant.
    pub const ALL: [Self; 9] = [
        Self::OpenAiPreference,
        Self::ShareGpt,
        Self::OpenAiChat,
        Self::Alpaca,
        Self::TrlPreference,
        Self::TrlFeedback,
        Self::TrlPromptCompletion,
        Self::ChatMl,
        Self::TrlText,
    ];

    fn known(self) -> &'static dyn Known {
        match self {
            Self::OpenAiChat => &openai_chat::OpenAiChat,
            Self::OpenAiPreference => &openai_preference::OpenAiPreference,
            Self::ShareGpt => &sharegpt::ShareGpt,
            Self::Alpaca => &alpaca::Alpaca,
            Self::TrlPreference => &trl_preference::TrlPreference,
            Self::TrlFeedback => &trl_feedback::TrlFeedback,
            Self::TrlPromptCompletion => &trl_prompt_completion::TrlPromptCompletion,
            Self::ChatMl => &chatml::ChatMl,
            Self::TrlText => &trl_text::TrlText,
        }
    }

    /// Its name in recipes and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiPreference => "openai-preference",
            Self::ShareGpt => "sharegpt",
            Self::Alpaca => "alpaca",
            Self::TrlPreference => "trl-preference",
            Self::TrlFeedback => "trl-feedback",
            Self::TrlPromptCompletion => "trl-prompt-completion",
            Self::ChatMl => "chatml",
            Self::TrlText => "trl-text",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        self.known().title()
    }

    /// A column that every row of it has.
    pub(super) fn key(self) -> &'static str {
        self.known().key()
    }

    /// Whether a row looks like it, by its columns.
    pub fn suits(self, row: Value<'_>) -> bool {
        self.known().suits(row)
    }

    /// Reads a row.
    ///
    /// # Errors
    /// It is no row of this format.
    pub fn read(self, row: Value<'_>) -> Result<Row, RowFault> {
        let mut read = self.known().read(row)?;
        let own = self.known().columns();
        let others = row.entries().filter(|(name, _)| !own.contains(name));
        read.columns.extend(others.map(|(name, value)| (name.to_owned(), value.into())));
        Ok(read)
    }

    /// What of a row can't be written in it; `None` where it can hold all.
    pub fn lacks(self, row: &Row) -> Option<&'static str> {
        let own = self.known().columns();
        if row.columns.iter().any(|(name, _)| own.contains(&&**name)) {
            return Some("a column that has the name of one of its own");
        }
        self.known().lacks(row)
    }

    /// Writes a row as a JSON object.
    ///
    /// # Errors
    /// What of the row it can't hold.
    pub fn write(self, row: &Row, out: &mut String) -> Result<(), &'static str> {
        self.write_apart(row, out).map(|_| ())
    }

    /// Writes a row as a JSON object, and says how many bytes of it are what is learned: the columns of its own that no
    /// format knows are behind them.
    ///
    /// # Errors
    /// What of the row it can't hold.
    pub fn write_apart(self, row: &Row, out: &mut String) -> Result<usize, &'static str> {
        if let Some(lacks) = self.lacks(row) {
            return Err(lacks);
        }
        let start = out.len();
        let mut writer = fields::Writer::new(out);
        self.known().write(row, &mut writer);
        let sample_bytes = writer.length() - start;
        for (name, value) in row.columns.iter().filter(|(name, _)| !self.known().places(name)) {
            writer.json(name, value.as_str());
        }
        writer.end();
        Ok(sample_bytes)
    }
}

impl Sample {
    /// The format that holds every sample of its kind.
    pub fn own_format(&self) -> Format {
        match self {
            Self::Conversation(_) => Format::OpenAiChat,
            Self::Preference(_) | Self::TextPreference(_) => Format::TrlPreference,
            Self::Feedback(_) | Self::TextFeedback(_) => Format::TrlFeedback,
            Self::Text(_) => Format::TrlText,
            Self::TextCompletion { .. } => Format::TrlPromptCompletion,
        }
    }
}

impl From<Format> for &str {
    fn from(format: Format) -> Self {
        format.name()
    }
}

/// There is no format of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is no format; the formats are {}", Format::ALL.map(Format::name).join(", "))]
pub struct UnknownFormat {
    /// The name.
    pub name: String,
}

impl TryFrom<String> for Format {
    type Error = UnknownFormat;

    fn try_from(name: String) -> Result<Self, UnknownFormat> {
        Self::from_name(&name).ok_or(UnknownFormat { name })
    }
}

#[cfg(test)]
mod tests;
