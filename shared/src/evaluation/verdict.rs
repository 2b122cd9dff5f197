//! What is judged, and the judgement.

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
}

/// The judgement on an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Good enough.
    pub is_passed: bool,
    /// How good, from 0 to 1.
    pub score: f64,
    /// Why, in a sentence for a person.
    pub reason: String,
    /// Verdicts it is made of, each with the name of its check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(String, Verdict)>,
}
