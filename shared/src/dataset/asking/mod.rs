//! What models are asked of rows, one task per file: questions and answers out of a text, other words for what a person
//! says, how good a row is, what it means.
//!
//! A task asks nobody. It makes of a row its [`Request`]s, and of the answers that were recorded what comes of the row;
//! both follow from nothing else. So what was asked once is known for ever, and a recipe with its answers needs no model.
//! Only [`ask`] asks, for whoever has a model.

mod answer;
mod answering;
mod answers;
mod back_translation;
mod histogram;
mod interview;
mod meaning;
mod open_requests;
mod paraphrase;
mod prompt_variation;
pub(super) mod protected;
mod questions;
mod request;
mod rewriting;
mod score;
mod transcript;

#[cfg(test)]
pub(super) mod tests;

use super::preparation::{Origin, Part, PreparationFault};
use super::row::Row;
use crate::model_pool::ModelReference;

pub use self::answer::{Answer, Direction, Said};
pub use self::answering::ask;
pub use self::answers::Answers;
pub use self::back_translation::BackTranslation;
pub use self::histogram::{Scores, score_histogram};
pub use self::interview::Interview;
pub use self::meaning::Meaning;
pub use self::open_requests::{OpenRequests, open_requests};
pub use self::paraphrase::Paraphrase;
pub use self::prompt_variation::{Manner, PromptVariation};
pub use self::questions::{Pair, Questions};
pub use self::request::{Request, RequestKey, TextRequest};
pub use self::score::Score;

pub(super) use self::interview::{Interviewed, interview_rows};

/// Something that a model is asked of every row.
pub trait Task {
    /// What comes of a row once all is answered.
    type Outcome;

    /// Who is asked.
    fn model(&self) -> &ModelReference;

    /// The part that it is done with; all rows, where it is none.
    fn part(&self) -> Option<Part> {
        None
    }

    /// Why its settings make no sense, if they don't.
    ///
    /// # Errors
    /// In words for the person.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Asks what there is to ask of a row. `None` where answers are missing or can't be used, which `interview` notes, and
    /// where there is nothing to ask.
    ///
    /// # Errors
    /// The storage fails.
    fn of_row(
        &self,
        origin: Origin,
        row: &Row,
        interview: &mut Interview<'_>,
    ) -> Result<Option<Self::Outcome>, PreparationFault>;
}

/// A part of a prompt, between tags that name it: what is in it is no instruction.
fn section(name: &str, text: &str) -> String {
    format!("<{name}>\n{text}\n</{name}>")
}

/// What a temperature may be.
fn check_temperature(temperature: f32) -> Result<(), String> {
    if (0.0..=2.0).contains(&temperature) {
        return Ok(());
    }
    Err(format!("a temperature of {temperature} makes no sense: it goes from 0, the same each time, to 2"))
}

/// The JSON in an answer. Models that are not held to a schema put it into a block of code.
fn answer_json(answer: &str) -> Option<serde_json::Value> {
    let answer = answer.trim();
    let inner = answer.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    serde_json::from_str(inner.map_or(answer, |inner| inner.trim_start_matches("json"))).ok()
}
