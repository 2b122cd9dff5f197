//! What is often wrong with rows: each check, one per file, explains itself, finds it, and mends it where that can be done.

mod empty_answer;
mod encoding_damage;
mod harsh_words;
mod mixed_languages;
mod nothing_to_learn;
mod personal_data;
mod roles_out_of_order;
mod truncated_answer;

use serde::{Deserialize, Serialize};

use super::personal_data::{Kind, Placeholders};
use super::row::{Content, Message, Role, Row, Sample};

/// A check. Those that have no fields are written with braces because serde passes over unknown fields beside the name
/// without them, and a misspelled field of a recipe must be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "kebab-case", deny_unknown_fields, expecting = "`check:` and its name")]
pub enum Check {
    /// An answer that is to be learned says nothing.
    EmptyAnswer {},
    /// The last answer stops in the middle.
    TruncatedAnswer {},
    /// Turns do not follow one another as templates want them.
    RolesOutOfOrder {},
    /// No answer is learned.
    NothingToLearn {},
    /// A text was read in the wrong encoding.
    EncodingDamage {},
    /// Keys, tokens and passwords.
    Secrets {},
    /// What says who or where someone is.
    PersonalData {
        /// Which kinds of it.
        #[serde(default = "all_but_secrets")]
        kinds: Vec<Kind>,
    },
    /// Insults and slurs.
    HarshWords {
        /// Words and phrases that are looked for, in small letters or capitals; without any, a short list of usual ones.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        words: Vec<String>,
    },
    /// An answer is in another language than its question.
    MixedLanguages {},
}

fn all_but_secrets() -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| *kind != Kind::Secret).collect()
}

/// What people read of a check. It is apart from what the check does, so that a page that only shows it stays small.
#[derive(Clone, Copy, Debug)]
struct About {
    /// What people call it.
    title: &'static str,
    /// Why it matters, in a sentence or two.
    explanation: &'static str,
    /// What a repair does, if there is one.
    repair: Option<&'static str>,
}

/// What a check does.
trait Known: Sync {
    /// What is wrong with a row, if it is.
    fn find(&self, row: &Row) -> Option<&'static str>;
    /// The row as it should be, where that is clear.
    fn repair(&self, _row: &Row) -> Option<Row> {
        None
    }
}

impl Check {
    /// All of them that are quick, as people usually want them.
    pub fn quick() -> Vec<Self> {
        vec![
            Self::EmptyAnswer {},
            Self::TruncatedAnswer {},
            Self::RolesOutOfOrder {},
            Self::NothingToLearn {},
            Self::EncodingDamage {},
            Self::Secrets {},
            Self::PersonalData { kinds: all_but_secrets() },
            Self::HarshWords { words: Vec::new() },
        ]
    }

    /// All of them; telling languages takes as long as the others together.
    pub fn all() -> Vec<Self> {
        let mut all = Self::quick();
        all.push(Self::MixedLanguages {});
        all
    }

    /// The check by itself, where it is one that only looks at a row.
    fn known(&self) -> Option<&dyn Known> {
        Some(match self {
            Self::EmptyAnswer {} => &empty_answer::EmptyAnswer,
            Self::TruncatedAnswer {} => &truncated_answer::TruncatedAnswer,
            Self::RolesOutOfOrder {} => &roles_out_of_order::RolesOutOfOrder,
            Self::NothingToLearn {} => &nothing_to_learn::NothingToLearn,
            Self::EncodingDamage {} => &encoding_damage::EncodingDamage,
            Self::MixedLanguages {} => &mixed_languages::MixedLanguages,
            Self::Secrets {} | Self::PersonalData { .. } | Self::HarshWords { .. } => return None,
        })
    }

    fn about(&self) -> About {
        match self {
            Self::EmptyAnswer {} => empty_answer::ABOUT,
            Self::TruncatedAnswer {} => truncated_answer::ABOUT,
            Self::RolesOutOfOrder {} => roles_out_of_order::ABOUT,
            Self::NothingToLearn {} => nothing_to_learn::ABOUT,
            Self::EncodingDamage {} => encoding_damage::ABOUT,
            Self::MixedLanguages {} => mixed_languages::ABOUT,
            Self::Secrets {} => personal_data::ABOUT_SECRETS,
            Self::PersonalData { .. } => personal_data::ABOUT,
            Self::HarshWords { .. } => harsh_words::ABOUT,
        }
    }

    /// What people call it.
    pub fn title(&self) -> &'static str {
        self.about().title
    }

    /// Why it matters.
    pub fn explanation(&self) -> &'static str {
        self.about().explanation
    }

    /// What a repair does, if there is one.
    pub fn repair_title(&self) -> Option<&'static str> {
        self.about().repair
    }

    /// What is wrong with a row, if it is.
    pub fn find(&self, row: &Row) -> Option<&'static str> {
        match self {
            Self::Secrets {} => personal_data::find_kinds(row, &[Kind::Secret]),
            Self::PersonalData { kinds } => personal_data::find_kinds(row, kinds),
            Self::HarshWords { words } => harsh_words::find(row, words),
            other => other.known()?.find(row),
        }
    }

    /// The same about one row, as exactly as it is known: `there is a telephone number (Germany)`.
    pub fn describe(&self, row: &Row) -> Option<String> {
        match self {
            Self::Secrets {} => personal_data::describe_kinds(row, &[Kind::Secret]),
            Self::PersonalData { kinds } => personal_data::describe_kinds(row, kinds),
            other => other.find(row).map(str::to_owned),
        }
    }

    /// Begins to mend rows, one after the other.
    pub fn repairing(&self) -> Repairing<'_> {
        Repairing { check: self, placeholders: Placeholders::default() }
    }
}

/// Mends rows, one after the other.
pub struct Repairing<'a> {
    check: &'a Check,
    placeholders: Placeholders,
}

impl Repairing<'_> {
    /// The row as it should be, where something is wrong with it and that is clear.
    pub fn repair(&mut self, row: &Row) -> Option<Row> {
        let kinds: &[Kind] = match self.check {
            Check::Secrets {} => &[Kind::Secret],
            Check::PersonalData { kinds } => kinds,
            other => return other.known()?.repair(row),
        };
        let mut repaired = row.clone();
        let placeholders = &mut self.placeholders;
        let changed = repaired.change_texts(&mut |text| Some(placeholders.replace(text, kinds)?.text));
        (changed > 0).then_some(repaired)
    }

    /// What placeholders stand for, where some were put in.
    pub fn placeholders(self) -> Option<Placeholders> {
        Some(self.placeholders).filter(|placeholders| placeholders.iter().next().is_some())
    }
}

/// Whether an assistant's message is learned.
fn is_learned(message: &Message) -> bool {
    message.role == Role::Assistant && message.is_learned != Some(false)
}

/// The answers that are learned, messages or plain texts, in order; of a comparison those of both sides.
fn answers(sample: &Sample) -> Vec<Answer<'_>> {
    sides(sample).into_iter().flatten().collect()
}

/// The same, side by side where there are two.
fn sides(sample: &Sample) -> Vec<Vec<Answer<'_>>> {
    fn learned(messages: &[Message]) -> Vec<Answer<'_>> {
        messages.iter().filter(|message| is_learned(message)).map(Answer::Message).collect()
    }
    match sample {
        Sample::Conversation(messages) => vec![learned(messages)],
        Sample::Preference(comparison) => vec![learned(&comparison.chosen), learned(&comparison.rejected)],
        Sample::Feedback(judged) => vec![learned(&judged.completion)],
        Sample::Text(text) => vec![vec![Answer::Text(text)]],
        Sample::TextCompletion { completion, .. } => vec![vec![Answer::Text(completion)]],
        Sample::TextPreference(comparison) => {
            vec![vec![Answer::Text(&comparison.chosen)], vec![Answer::Text(&comparison.rejected)]]
        }
        Sample::TextFeedback(judged) => vec![vec![Answer::Text(&judged.completion)]],
    }
}

/// Lets `change` change the text of every answer that is learned and is a text only.
fn change_answers(sample: &mut Sample, change: &mut dyn FnMut(&mut String)) {
    let messages: Vec<&mut Message> = match sample {
        Sample::Conversation(messages) => messages.iter_mut().collect(),
        Sample::Preference(comparison) => comparison.chosen.iter_mut().chain(&mut comparison.rejected).collect(),
        Sample::Feedback(judged) => judged.completion.iter_mut().collect(),
        Sample::Text(text) => return change(text),
        Sample::TextCompletion { completion, .. } => return change(completion),
        Sample::TextPreference(comparison) => {
            change(&mut comparison.chosen);
            return change(&mut comparison.rejected);
        }
        Sample::TextFeedback(judged) => return change(&mut judged.completion),
    };
    for message in messages.into_iter().filter(|message| is_learned(message) && message.tool_calls.is_empty()) {
        if let Some(Content::Text(text)) = &mut message.content {
            change(text);
        }
    }
}

/// An answer that is learned.
enum Answer<'a> {
    Message(&'a Message),
    Text(&'a str),
}

impl Answer<'_> {
    /// Its text, if that is all there is to it.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Message(message) if message.tool_calls.is_empty() => message.plain_text(),
            Self::Message(_) => None,
            Self::Text(text) => Some(text),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Message(message) => message.is_blank(),
        }
    }
}

#[cfg(test)]
mod tests;
