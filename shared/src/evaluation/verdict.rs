//! What is judged, and the judgement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::Money;
use crate::model_call::{ChatMessage, FinishReason, GenerationUsage};

/// One answer of a model, with all that a check may look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The messages that were asked.
    pub prompt: Vec<ChatMessage>,
    /// The text.
    pub text: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Counts and times.
    pub usage: GenerationUsage,
    /// What it cost; `None` where no price is known.
    pub cost: Option<Money>,
    /// Natural logarithms of the probabilities of the answer's tokens, in order; `None` where nobody asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_probabilities: Option<Vec<f32>>,
}

/// The judgement on an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// Good enough.
    pub is_passed: bool,
    /// It could not be judged, and counts as failed. The reason says what to do.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
    /// How good, from 0 to 1.
    pub score: f64,
    /// Why, in a sentence for a person.
    pub reason: String,
    /// Verdicts it is made of, each with the name of its check.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(String, Verdict)>,
    /// The weighted mean score of the checks that share a metric's name, by that name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub named_scores: BTreeMap<String, f64>,
}

impl Verdict {
    /// A verdict without parts.
    pub fn new(is_passed: bool, score: f64, reason: impl Into<String>) -> Self {
        Self { is_passed, score, reason: reason.into(), ..Self::default() }
    }

    /// It could not be judged: failed, with a score of 0.
    pub fn error(reason: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::new(false, 0.0, reason) }
    }
}
