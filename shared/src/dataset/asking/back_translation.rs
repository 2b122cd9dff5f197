//! What the person says, translated into another language and back.

use serde::{Deserialize, Serialize};

use super::interview::Interview;
use super::paraphrase::{all, copies_in_words};
use super::request::TextRequest;
use super::rewriting::{RULES, Wanted, request, usable};
use super::{Task, check_temperature};
use crate::dataset::preparation::{Origin, Part, PreparationFault};
use crate::dataset::row::Row;
use crate::dataset::text_language::language;
use crate::model_pool::ModelReference;

/// A copy of rows in which the person says what comes back from a translation; answers stay as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BackTranslation {
    /// Who is asked.
    pub model: ModelReference,
    /// The language on the way, by its English name.
    pub via: String,
    /// The language of texts in which it can't be seen, by its English name: short ones.
    #[serde(default = "english")]
    pub from: String,
    /// Which part of the rows get a copy, from 0 to 1.
    #[serde(default = "all")]
    pub of_rows: f64,
    /// 0 takes the most probable words; higher is more varied.
    #[serde(default)]
    pub temperature: f32,
    /// Another seed, other rows.
    #[serde(default)]
    pub seed: u64,
    /// Which rows get a copy; without it all that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

fn english() -> String {
    "English".to_owned()
}

impl BackTranslation {
    /// What it does, in words.
    pub fn title(&self) -> String {
        format!(
            "Translate into {} and back: {} ({})",
            self.via,
            copies_in_words(1, self.of_rows, self.part),
            self.model
        )
    }

    fn wanted(&self) -> Wanted {
        Wanted { copies: 1, of_rows: self.of_rows, seed: self.seed }
    }

    fn request(&self, from: &str, to: &str, text: &str) -> TextRequest {
        let system = format!("You translate from {from} into {to}, as people write there. {RULES}");
        request(&self.model, &system, text, self.temperature, self.seed)
    }
}

impl Task for BackTranslation {
    type Outcome = Vec<Row>;

    fn model(&self) -> &ModelReference {
        &self.model
    }

    fn part(&self) -> Option<Part> {
        self.part
    }

    fn check(&self) -> Result<(), String> {
        if self.via.trim().is_empty() || self.from.trim().is_empty() {
            return Err("a translation goes into a language and back; name it, as in `via: German`".to_owned());
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
        self.wanted().copies(origin, row, interview, |interview, text, _| {
            let own = language(text);
            let from = own.map_or(self.from.as_str(), |own| own.name);
            if from.eq_ignore_ascii_case(&self.via) {
                return Ok(interview.cannot_use("the text is in that language already"));
            }
            let there = self.request(from, &self.via, text);
            let Some(there) = interview.text_before(there, 1)? else { return Ok(None) };
            if there.trim().is_empty() {
                return Ok(interview.cannot_use("the answer is empty"));
            }
            let back = self.request(&self.via, from, there.trim());
            let Some(back) = interview.text(back)? else { return Ok(None) };
            let found = language(&back);
            if own.zip(found).is_some_and(|(own, found)| own.code != found.code) {
                return Ok(interview.cannot_use("the answer is in another language"));
            }
            Ok(usable(text, &back).map_or_else(|reason| interview.cannot_use(reason), Some))
        })
    }
}
