//! What the person asks for, in another manner: as a command, as a question, in a few words.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::interview::Interview;
use super::paraphrase::{all, copies_in_words, one, usual_temperature};
use super::rewriting::{RULES, Wanted, answered, request};
use super::{Task, check_temperature};
use crate::dataset::preparation::{Origin, Part, PreparationFault};
use crate::dataset::row::Row;
use crate::model_pool::ModelReference;

/// Copies of rows in which the person asks for the same in another manner; answers stay as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PromptVariation {
    /// Who is asked.
    pub model: ModelReference,
    /// The manners that rows are shared out to.
    #[serde(default = "every_manner")]
    pub manners: Vec<Manner>,
    /// Copies of each row, each in a manner of its own as far as there are so many.
    #[serde(default = "one")]
    pub copies: u32,
    /// Which part of the rows get copies, from 0 to 1.
    #[serde(default = "all")]
    pub of_rows: f64,
    /// 0 takes the most probable words; higher is more varied.
    #[serde(default = "usual_temperature")]
    pub temperature: f32,
    /// Another seed, other rows, manners and words.
    #[serde(default)]
    pub seed: u64,
    /// Which rows get copies; without it all that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// A manner of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// "List three rivers."
    Command,
    /// "Which are three rivers?"
    Question,
    /// "three rivers"
    FewWords,
    /// "hey, got three rivers for me?"
    Casual,
    /// "Would you be so kind as to name three rivers?"
    Polite,
}

impl Manner {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Command, Self::Question, Self::FewWords, Self::Casual, Self::Polite];

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Command => "A short command",
            Self::Question => "A question",
            Self::FewWords => "A few words",
            Self::Casual => "Casually, as in a chat",
            Self::Polite => "Politely and formally",
        }
    }

    /// As a model is told.
    fn instruction(self) -> &'static str {
        match self {
            Self::Command => "as a short, clear command",
            Self::Question => "as a question",
            Self::FewWords => "in as few words as possible, as people type into a search box",
            Self::Casual => "casually, as one writes to a friend in a chat",
            Self::Polite => "politely and formally, as one writes to a stranger",
        }
    }
}

fn every_manner() -> Vec<Manner> {
    Manner::ALL.into()
}

impl PromptVariation {
    /// What it does, in words.
    pub fn title(&self) -> String {
        format!("Ask in another manner: {} ({})", copies_in_words(self.copies, self.of_rows, self.part), self.model)
    }

    fn wanted(&self) -> Wanted {
        Wanted { copies: self.copies, of_rows: self.of_rows, seed: self.seed }
    }

    /// By the text alone, so that the same text is asked the same wherever it is.
    fn manner(&self, text: &str, copy: u32) -> Manner {
        let first = xxh3_64_with_seed(text.as_bytes(), self.seed);
        self.manners[(first.wrapping_add(copy.into()) % self.manners.len() as u64) as usize]
    }
}

impl Task for PromptVariation {
    type Outcome = Vec<Row>;

    fn model(&self) -> &ModelReference {
        &self.model
    }

    fn part(&self) -> Option<Part> {
        self.part
    }

    fn check(&self) -> Result<(), String> {
        if self.manners.is_empty() {
            return Err("no manner is named in which prompts are to be varied; leave `manners` out for all".to_owned());
        }
        self.wanted().check()?;
        check_temperature(self.temperature)
    }

    fn of_row(
        &self,
        origin: Origin,
        row: &Row,
        interview: &mut Interview<'_>,
    ) -> Result<Option<Vec<Row>>, PreparationFault> {
        self.wanted().copies(origin, row, interview, |interview, text, copy| {
            let system = format!(
                "You write what a person writes to a language model in another manner: {}. What is wanted stays exactly \
                 the same, and so does the language. {RULES}",
                self.manner(text, copy).instruction()
            );
            let seed = self.seed.wrapping_add(copy.into());
            answered(interview, text, request(&self.model, &system, text, self.temperature, seed))
        })
    }
}
