//! What the person says, in other words.

use serde::{Deserialize, Serialize};

use super::interview::Interview;
use super::rewriting::{RULES, Wanted, answered, request};
use super::{Task, check_temperature};
use crate::dataset::preparation::{Origin, Part, PreparationFault, of_part};
use crate::dataset::row::Row;
use crate::model_pool::ModelReference;

/// Copies of rows in which the person says the same in other words; answers stay as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Paraphrase {
    /// Who is asked.
    pub model: ModelReference,
    /// Copies of each row.
    #[serde(default = "one")]
    pub copies: u32,
    /// Which part of the rows get copies, from 0 to 1.
    #[serde(default = "all")]
    pub of_rows: f64,
    /// 0 takes the most probable words; higher is more varied.
    #[serde(default = "usual_temperature")]
    pub temperature: f32,
    /// Another seed, other rows and other words.
    #[serde(default)]
    pub seed: u64,
    /// Which rows get copies; without it all that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

pub(super) fn one() -> u32 {
    1
}

pub(super) fn all() -> f64 {
    1.0
}

pub(super) fn usual_temperature() -> f32 {
    0.9
}

/// In words, how many copies of which part of the rows.
pub(super) fn copies_in_words(copies: u32, of_rows: f64, part: Option<Part>) -> String {
    let copies = if copies == 1 { "one copy".to_owned() } else { format!("{copies} copies") };
    let percent = (of_rows * 100.0).round();
    let of_part = of_part(part);
    if of_rows < 1.0 {
        format!("{copies} of {percent} % of the rows{of_part}")
    } else {
        format!("{copies} of each row{of_part}")
    }
}

impl Paraphrase {
    /// What it does, in words.
    pub fn title(&self) -> String {
        format!("Say it in other words: {} ({})", copies_in_words(self.copies, self.of_rows, self.part), self.model)
    }

    fn wanted(&self) -> Wanted {
        Wanted { copies: self.copies, of_rows: self.of_rows, seed: self.seed }
    }
}

impl Task for Paraphrase {
    type Outcome = Vec<Row>;

    fn model(&self) -> &ModelReference {
        &self.model
    }

    fn part(&self) -> Option<Part> {
        self.part
    }

    fn check(&self) -> Result<(), String> {
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
                "You say what a person writes to a language model in other words: the same meaning, the same tone, the \
                 same language. {RULES}"
            );
            let seed = self.seed.wrapping_add(copy.into());
            answered(interview, text, request(&self.model, &system, text, self.temperature, seed))
        })
    }
}
