//! The things that can be expected of an answer, one per file.
//!
//! Names, defaults and meaning are those of promptfoo (its version 0.121), so that one configuration gives the same
//! verdicts in both. Texts are Jinja templates over the case's variables, rendered before they are compared. What
//! runs code, reads files or uses the network isn't here.

mod answer_relevance;
mod bleu;
mod contains;
mod contains_all;
mod contains_any;
mod contains_json;
mod cost;
mod equals;
mod factuality;
mod graders;
mod is_json;
mod json_schema;
mod latency;
mod levenshtein;
mod llm_rubric;
mod observation;
mod parts;
mod perplexity;
mod regex;
mod rouge_l;
mod rouge_n;
mod select_best;
mod similar;
mod starts_with;
mod values;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::bleu::BleuVariant;
pub use self::contains_any::Texts;
pub use self::graders::Graders;
pub(super) use self::observation::{JudgeError, Observation};
pub use self::parts::{AssertionParts, InvalidAssertion, KNOWN_TYPES};
pub use self::rouge_n::RougeVariant;
use self::values::Values;
use super::{Answer, Case};
use crate::catalog::Money;

/// Something expected of an answer. It is written and read as promptfoo does, see [`AssertionParts`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "AssertionParts", into = "AssertionParts")]
pub enum Assertion {
    /// The answer is this text, or the JSON that equals this object or list.
    Equals {
        /// What it is.
        value: Value,
    },
    /// The answer has this text in it.
    Contains {
        /// The text.
        text: String,
        /// `A` is `a`.
        ignores_case: bool,
    },
    /// The answer has at least one of these texts in it.
    ContainsAny {
        /// The texts.
        texts: Texts,
        /// `A` is `a`.
        ignores_case: bool,
    },
    /// The answer has all of these texts in it.
    ContainsAll {
        /// The texts.
        texts: Texts,
        /// `A` is `a`.
        ignores_case: bool,
    },
    /// The answer begins with this text.
    StartsWith {
        /// The text.
        text: String,
    },
    /// This regular expression, in JavaScript's dialect, matches somewhere in the answer.
    Regex {
        /// The expression.
        pattern: String,
    },
    /// The whole answer is JSON.
    IsJson {
        /// A JSON Schema that it must satisfy, as an object, or as a text in YAML or JSON.
        schema: Option<Value>,
    },
    /// The answer has a JSON object in it.
    ContainsJson {
        /// A JSON Schema that it must satisfy, as an object, or as a text in YAML or JSON.
        schema: Option<Value>,
    },
    /// Few edits turn the answer into this text.
    Levenshtein {
        /// The text.
        text: String,
        /// Most insertions, deletions and replacements of a character.
        most_edits: f64,
    },
    /// The answer means about the same as one of these texts.
    Similar {
        /// The texts.
        texts: Vec<String>,
        /// Least cosine of the angle between the embeddings, at most 1.
        least: f64,
    },
    /// The answer shares runs of words with this text.
    RougeN {
        /// The text.
        text: String,
        /// Words in a run.
        run_words: u32,
        /// Least F1, from 0 to 1.
        least: f64,
        /// How it is counted.
        variant: RougeVariant,
    },
    /// The answer has the words of this text in their order, as `rouge-score` counts it.
    RougeL {
        /// The text.
        text: String,
        /// Least F1, from 0 to 1.
        least: f64,
    },
    /// The answer's runs of one to four words are in these texts.
    Bleu {
        /// The texts.
        references: Vec<String>,
        /// Least score, from 0 to 1.
        least: f64,
        /// How it is counted.
        variant: BleuVariant,
    },
    /// The model was this sure of its answer.
    Perplexity {
        /// Highest perplexity; without one, any will do.
        most: Option<f64>,
    },
    /// The answer was there in time.
    Latency {
        /// Longest time from the call to the last token.
        most_milliseconds: f64,
    },
    /// The answer was cheap enough.
    Cost {
        /// Highest cost.
        most: Money,
    },
    /// A model finds that the answer meets this criterion.
    LlmRubric {
        /// The criterion, in words.
        rubric: String,
        /// Least score by that model, from 0 to 1; without one, its pass or fail decides.
        least: Option<f64>,
    },
    /// Of all answers to the case, a model finds this one the best.
    SelectBest {
        /// What is best, in words.
        criterion: String,
    },
    /// A model finds that the answer doesn't contradict this one.
    Factuality {
        /// The right answer.
        reference: String,
    },
    /// The answer is about what was asked: questions that a model writes for it are like the one asked.
    AnswerRelevance {
        /// Least mean cosine between the embeddings of the questions, at most 1.
        least: f64,
    },
}

impl Assertion {
    /// Looks whether it holds for `answer`, asking `graders` where a model must say so.
    pub(super) async fn observe(
        &self,
        case: &Case,
        answer: &Answer,
        graders: &Graders,
    ) -> Result<Observation, JudgeError> {
        let values = Values::new(&case.variables);
        match self {
            Self::LlmRubric { rubric, least } => {
                llm_rubric::observe(&answer.text, &values.render(rubric)?, *least, graders).await
            }
            Self::Factuality { reference } => factuality::observe(answer, &values.render(reference)?, graders).await,
            Self::AnswerRelevance { least } => {
                answer_relevance::observe(answer, case.variables.get("query"), *least, graders).await
            }
            Self::Similar { texts, least } => {
                similar::observe(&answer.text, values.render_all(texts)?, *least, graders).await
            }
            _ => self.observe_alone(answer, values),
        }
    }

    /// Looks whether it holds, for assertions that ask no model.
    fn observe_alone(&self, answer: &Answer, values: Values<'_>) -> Result<Observation, JudgeError> {
        let text = answer.text.as_str();
        Ok(match self {
            Self::Equals { value } => equals::observe(text, &values.render_value(value)?),
            Self::Contains { text: part, ignores_case } => {
                contains::observe(text, &values.render(part)?, *ignores_case)?
            }
            Self::ContainsAny { texts, ignores_case } => {
                contains_any::observe(text, &texts.render(values)?, *ignores_case)
            }
            Self::ContainsAll { texts, ignores_case } => {
                contains_all::observe(text, &texts.render(values)?, *ignores_case)
            }
            Self::StartsWith { text: start } => starts_with::observe(text, &values.render(start)?)?,
            Self::Regex { pattern } => regex::observe(text, &values.render(pattern)?)?,
            Self::IsJson { schema } => is_json::observe(text, json_schema::compile(schema.as_ref(), values)?.as_ref()),
            Self::ContainsJson { schema } => {
                contains_json::observe(text, json_schema::compile(schema.as_ref(), values)?.as_ref())
            }
            Self::Levenshtein { text: expected, most_edits } => {
                levenshtein::observe(text, &values.render(expected)?, *most_edits)
            }
            Self::RougeN { text: reference, run_words, least, variant } => {
                rouge_n::observe(text, &values.render(reference)?, *run_words as usize, *least, *variant)
            }
            Self::RougeL { text: reference, least } => rouge_l::observe(text, &values.render(reference)?, *least),
            Self::Bleu { references, least, variant } => {
                bleu::observe(text, &values.render_all(references)?, *least, *variant)
            }
            Self::Perplexity { most } => perplexity::observe(answer, *most)?,
            Self::Latency { most_milliseconds } => latency::observe(answer, *most_milliseconds),
            Self::Cost { most } => cost::observe(answer, most)?,
            Self::SelectBest { .. }
            | Self::Similar { .. }
            | Self::LlmRubric { .. }
            | Self::Factuality { .. }
            | Self::AnswerRelevance { .. } => {
                return Err(JudgeError::new(format!("{} can't be judged without a model", self.type_name())));
            }
        })
    }

    /// Most calls that judging one answer makes to the grading model and to the embedding model.
    pub fn most_model_calls(&self) -> (u32, u32) {
        match self {
            Self::LlmRubric { .. } | Self::Factuality { .. } | Self::SelectBest { .. } => (1, 0),
            Self::AnswerRelevance { .. } => (answer_relevance::QUESTIONS, 1),
            Self::Similar { .. } => (0, 1),
            _ => (0, 0),
        }
    }
}

pub(super) use self::select_best::choose as choose_best;

/// Renders a template with the case's variables.
pub(super) fn render(template: &str, case: &Case) -> Result<String, JudgeError> {
    Values::new(&case.variables).render(template)
}
