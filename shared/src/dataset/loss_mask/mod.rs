//! Which tokens of a row are learned, under a model's own tokenizer and chat template. The trainer and the page ask here,
//! so what a person sees in colours is what is trained.
//!
//! Learned are the assistant's messages, their calls of tools and the token that ends their turn; never what the system,
//! a person or a tool says, nor a message of weight 0. The text is rendered and made tokens once, as a whole, and a token
//! is learned as soon as one of its bytes is. See [`Place`] for how an answer is found in the text.

mod conversation;
mod error;
mod places;
mod totals;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use self::error::MaskError;
pub use self::places::Place;
pub use self::totals::{MaskProblem, MaskTotals};

use self::conversation::Conversation;
use super::row::{Comparison, Judged, Row, Sample};
use crate::chat_template::{ChatTemplate, RenderOptions};
use crate::tokenizer::{SpecialTokens, Tokenizer};

/// Says which tokens of rows are learned.
#[derive(Clone, Copy, Debug)]
pub struct LossMask<'a> {
    /// The model's own.
    pub tokenizer: &'a Tokenizer,
    /// The model's own; base models have none, and learn plain texts only.
    pub template: Option<&'a ChatTemplate>,
    /// How much of a turn's end is learned.
    pub turn_end: TurnEnd,
    /// For templates that print a date, as `YYYY-MM-DD`: fixed, so that the same rows always make the same tokens.
    pub today: &'a str,
}

/// How much of a turn's end is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurnEnd {
    /// The token that ends the turn and nothing behind it: generation stops there, so the line break that many templates
    /// write next is never asked for. A plain text gets the end of sequence that the model has.
    #[default]
    Terminator,
    /// All that the template writes behind the answer too, as TRL learns it.
    TerminatorAndWhatFollows,
    /// Nothing: the model does not learn to stop.
    Nothing,
}

/// What is learned of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskedRow {
    /// Of a conversation or a plain text.
    Text(MaskedTokens),
    /// Of two answers that are compared.
    Preference {
        /// The prompt and the better one.
        chosen: MaskedTokens,
        /// The prompt and the worse one.
        rejected: MaskedTokens,
    },
    /// Of an answer that is judged.
    Feedback {
        /// The prompt and the answer.
        answer: MaskedTokens,
        /// Whether it is a good one.
        is_good: bool,
    },
}

impl MaskedRow {
    /// Its sequences: one, or two of a preference.
    pub fn sequences(&self) -> impl Iterator<Item = &MaskedTokens> {
        let (first, second) = match self {
            Self::Text(tokens) | Self::Feedback { answer: tokens, .. } => (tokens, None),
            Self::Preference { chosen, rejected } => (chosen, Some(rejected)),
        };
        std::iter::once(first).chain(second)
    }
}

/// A text as tokens, and which of them are learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskedTokens {
    /// What the chat template made, or the plain text.
    pub text: String,
    /// All tokens in order, the beginning of sequence included where the model wants one.
    pub tokens: Vec<MaskedToken>,
    /// How the answers were found in the text.
    pub place: Place,
    /// Answers after which no token ends the turn: a model that learns them does not learn to stop.
    pub answers_without_end: usize,
}

/// A token and whether it is learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedToken {
    /// Its id.
    pub id: u32,
    /// Its bytes in the text, which need not be whole characters; none of a beginning of sequence that was added.
    pub bytes: Range<usize>,
    /// Whether it is learned.
    pub is_learned: bool,
}

impl MaskedTokens {
    /// How many tokens are learned.
    pub fn learned_tokens(&self) -> usize {
        self.tokens.iter().filter(|token| token.is_learned).count()
    }

    /// Keeps the first `context_length` tokens, as TRL's `max_length` does, and gives back how many it cut.
    pub fn cut_to(&mut self, context_length: usize) -> usize {
        let cut = self.tokens.len().saturating_sub(context_length);
        self.tokens.truncate(context_length);
        cut
    }
}

impl LossMask<'_> {
    /// Says which tokens of `row` are learned.
    ///
    /// # Errors
    /// The template refuses the row or says nothing certain about it, or nothing of it is learned.
    pub fn of(&self, row: &Row) -> Result<MaskedRow, MaskError> {
        let tools = row.tools.as_ref();
        let masked = match &row.sample {
            Sample::Conversation(messages) => {
                MaskedRow::Text(self.of_conversation(&Conversation::new(&[], messages, tools)?)?)
            }
            Sample::Preference(Comparison { prompt, chosen, rejected }) => MaskedRow::Preference {
                chosen: self.of_conversation(&Conversation::new(prompt, chosen, tools)?)?,
                rejected: self.of_conversation(&Conversation::new(prompt, rejected, tools)?)?,
            },
            Sample::Feedback(Judged { prompt, completion, is_good }) => MaskedRow::Feedback {
                answer: self.of_conversation(&Conversation::new(prompt, completion, tools)?)?,
                is_good: *is_good,
            },
            Sample::Text(text) => MaskedRow::Text(self.of_text("", text)?),
            Sample::TextCompletion { prompt, completion } => MaskedRow::Text(self.of_text(prompt, completion)?),
            Sample::TextPreference(Comparison { prompt, chosen, rejected }) => MaskedRow::Preference {
                chosen: self.of_text(prompt, chosen)?,
                rejected: self.of_text(prompt, rejected)?,
            },
            Sample::TextFeedback(Judged { prompt, completion, is_good }) => {
                MaskedRow::Feedback { answer: self.of_text(prompt, completion)?, is_good: *is_good }
            }
        };
        Ok(masked)
    }

    fn of_conversation(&self, conversation: &Conversation) -> Result<MaskedTokens, MaskError> {
        let template = self.template.ok_or(MaskError::NoTemplate)?;
        let options = RenderOptions { add_generation_prompt: false, today: self.today };
        let found = places::find(template, conversation, options)?;
        self.masked(found.text, found.answers, found.place)
    }

    /// A plain text after a prompt that is not learned. Special tokens that are spelled out in it are these tokens, as
    /// TRL reads them: many data sets of plain text were made with a chat template.
    fn of_text(&self, prompt: &str, completion: &str) -> Result<MaskedTokens, MaskError> {
        let mut text = format!("{prompt}{completion}");
        let end_of_sequence = self.tokenizer.end_of_sequence_text();
        if self.turn_end != TurnEnd::Nothing && !text.ends_with(end_of_sequence) {
            text.push_str(end_of_sequence);
        }
        let learned = prompt.len()..text.len();
        if completion.is_empty() {
            return Err(MaskError::NothingLearned);
        }
        self.masked(text, vec![learned], Place::PlainText)
    }

    fn masked(&self, text: String, answers: Vec<Range<usize>>, place: Place) -> Result<MaskedTokens, MaskError> {
        let tokens = self.tokenizer.encode_prompt_with_places(&text, SpecialTokens::Parse);
        let mut tokens: Vec<MaskedToken> = tokens
            .into_iter()
            .map(|token| MaskedToken { id: token.id, bytes: token.bytes, is_learned: false })
            .collect();
        let mut answers_without_end = 0;
        let mut from = 0;
        for answer in answers {
            // Both are in order, so no token is looked at for two answers, but for one that holds bytes of both. A space
            // that SentencePiece adds has no bytes and belongs to the text after it: a model has to write it too.
            let last_byte = |token: &MaskedToken| token.bytes.end.saturating_sub(1).max(token.bytes.start);
            let first = from + tokens[from..].partition_point(|token| last_byte(token) < answer.start);
            let end = first + tokens[first..].partition_point(|token| token.bytes.start < answer.end);
            let answer_tokens = &mut tokens[first..end];
            let terminator = self.terminator(&text[..answer.end], answer_tokens);
            answers_without_end += usize::from(terminator.is_none());
            let learned = match (self.turn_end, terminator) {
                (TurnEnd::TerminatorAndWhatFollows, _) | (_, None) => answer_tokens.len(),
                (TurnEnd::Terminator, Some(at)) => at + 1,
                (TurnEnd::Nothing, Some(at)) => at,
            };
            for token in &mut answer_tokens[..learned] {
                // Nothing comes before a beginning of sequence that was added.
                token.is_learned = !(token.bytes.is_empty() && self.tokenizer.is_control(token.id));
            }
            from = end.saturating_sub(1);
        }
        let masked = MaskedTokens { text, tokens, place, answers_without_end };
        if masked.learned_tokens() == 0 { Err(MaskError::NothingLearned) } else { Ok(masked) }
    }

    /// The token that ends an answer's turn: the last that ends generation, if only white space follows.
    fn terminator(&self, text: &str, answer: &[MaskedToken]) -> Option<usize> {
        let at = answer.iter().rposition(|token| self.tokenizer.is_end_of_generation(token.id))?;
        text.as_bytes().get(answer[at].bytes.end..)?.trim_ascii().is_empty().then_some(at)
    }
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
