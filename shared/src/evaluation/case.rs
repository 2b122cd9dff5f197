//! A case: values for the prompt's variables, and what is expected of the answer.

use serde::{Deserialize, Serialize};

use super::assertions::Assertion;
use crate::model_call::ChatMessage;
use crate::prompt::{PromptError, PromptTemplate, Variables};

/// One row of an evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Case {
    /// What it is about, in a person's words.
    pub description: Option<String>,
    /// Values of the prompt's variables.
    pub variables: Variables,
    /// What is expected of the answer.
    pub checks: Vec<Check>,
    /// The weighted mean score from which the case passes; without one, every check must pass.
    pub threshold: Option<f64>,
    /// What to group the results by.
    pub tags: Vec<String>,
    /// A template set before the prompt's last message, for this case only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt_prefix: String,
    /// A template set after the prompt's last message, for this case only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt_suffix: String,
}

impl Case {
    /// What is asked with `prompt`. Only variables that the prompt declares are given to it: cases serve several
    /// prompts.
    ///
    /// # Errors
    /// A value is missing or of the wrong kind, or a text is no valid template.
    pub fn messages(&self, prompt: &PromptTemplate) -> Result<Vec<ChatMessage>, PromptError> {
        let is_declared = |name: &str| prompt.variables.iter().any(|variable| variable.name == name);
        let declared = self.variables.iter().filter(|(name, _)| is_declared(name));
        let variables = declared.map(|(name, value)| (name.clone(), value.clone())).collect();
        if self.prompt_prefix.is_empty() && self.prompt_suffix.is_empty() {
            return prompt.render(&variables);
        }
        let mut prompt = prompt.clone();
        if let Some(last) = prompt.messages.last_mut() {
            last.text = format!("{}{}{}", self.prompt_prefix, last.text, self.prompt_suffix);
        }
        prompt.render(&variables)
    }
}

/// Something expected of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// One assertion.
    One(WeightedAssertion),
    /// Several that count as one.
    Set(AssertionSet),
}

/// An assertion and how much it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedAssertion {
    /// What must hold.
    pub assertion: Assertion,
    /// It must not hold.
    pub is_negated: bool,
    /// How much it counts, in proportion to the others; 0 is only reported.
    pub weight: f64,
    /// The name that its score is summed up under, where it has one.
    pub metric: Option<String>,
}

/// Checks that count as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssertionSet {
    /// The checks.
    pub checks: Vec<Check>,
    /// The weighted mean score from which the set passes; without one, every check must pass.
    pub threshold: Option<f64>,
    /// How much the set counts.
    pub weight: f64,
    /// The name that its score is summed up under, where it has one.
    pub metric: Option<String>,
}
