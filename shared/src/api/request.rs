//! What chat and plain completions share: stop texts, sampling fields, refusal of what is not honoured.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::response_format::ResponseFormat;
use crate::model_call::{GenerationLimits, ModelCallError, ModelCallErrorKind, OutputConstraint};
use crate::sampling::SamplingParameters;

/// One stop text or up to four.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub enum Stop {
    /// A single text.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// What a stream carries besides text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamOptions {
    /// One more chunk before the end, with the usage.
    #[serde(default)]
    pub include_usage: bool,
}

/// For fields that may be `null` where nothing is meant.
pub(super) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The most stop texts a request may have, as at OpenAI.
const MOST_STOP_TEXTS: usize = 4;

/// An error about one field of a request.
pub(super) fn invalid(param: &str, message: impl Into<String>) -> ModelCallError {
    ModelCallError { kind: ModelCallErrorKind::InvalidRequest, message: message.into(), param: Some(param.to_owned()) }
}

/// The sampling fields of a request, OpenAI's defaults where they are absent.
pub(super) struct Sampling {
    pub(super) temperature: Option<f32>,
    pub(super) top_p: Option<f32>,
    pub(super) top_k: Option<u32>,
    pub(super) min_p: Option<f32>,
    pub(super) repetition_penalty: Option<f32>,
    pub(super) seed: Option<i64>,
}

impl Sampling {
    /// Checked parameters; `fallback_seed` is used where the request names no seed.
    pub(super) fn parameters(&self, fallback_seed: u64) -> Result<SamplingParameters, ModelCallError> {
        let parameters = SamplingParameters {
            temperature: self.temperature.unwrap_or(1.0),
            top_p: self.top_p.unwrap_or(1.0),
            top_k: self.top_k.unwrap_or(0),
            min_p: self.min_p.unwrap_or(0.0),
            repetition_penalty: self.repetition_penalty.unwrap_or(1.0),
            seed: self.seed.map_or(fallback_seed, i64::cast_unsigned),
        };
        parameters.validate().map_err(|error| invalid(error.field, error.to_string()))?;
        Ok(parameters)
    }
}

/// Checked limits.
pub(super) fn limits(
    max_tokens: Option<u32>,
    param: &str,
    stop: Option<Stop>,
) -> Result<GenerationLimits, ModelCallError> {
    if max_tokens == Some(0) {
        return Err(invalid(param, format!("{param} is 0; it must be at least 1")));
    }
    let stop = match stop {
        None => Vec::new(),
        Some(Stop::One(text)) => vec![text],
        Some(Stop::Many(texts)) => texts,
    };
    if stop.len() > MOST_STOP_TEXTS || stop.iter().any(String::is_empty) {
        return Err(invalid("stop", format!("stop takes up to {MOST_STOP_TEXTS} texts, none of them empty")));
    }
    Ok(GenerationLimits { max_tokens, stop, ignore_end_of_sequence: false })
}

/// The constraint that a `response_format` asks for.
pub(super) fn constraint(format: Option<&ResponseFormat>) -> Result<Option<OutputConstraint>, ModelCallError> {
    format.map_or(Ok(None), ResponseFormat::constraint)
}

/// Refuses the first field of `extra` that would change the answer. A field at the value that asks for nothing
/// (null, false, 0, 1 for `n`, an empty list) is fine, and so are those that only label a request.
pub(super) fn refuse_unhonoured(extra: &Map<String, Value>) -> Result<(), ModelCallError> {
    const LABELS: [&str; 6] =
        ["metadata", "parallel_tool_calls", "prompt_cache_key", "safety_identifier", "service_tier", "user"];
    for (field, value) in extra {
        let asks_for_nothing = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Number(number) => {
                let nothing = if matches!(field.as_str(), "n" | "best_of") { 1.0 } else { 0.0 };
                number.as_f64() == Some(nothing)
            }
            Value::Array(list) => list.is_empty(),
            Value::Object(object) => object.is_empty(),
            // Without tools these are what happens anyway.
            Value::String(text) => field == "tool_choice" && matches!(text.as_str(), "none" | "auto"),
            Value::Bool(true) => false,
        };
        if !asks_for_nothing && !LABELS.contains(&field.as_str()) {
            return Err(invalid(
                field,
                format!("{field} is not supported; leave it out (it would not be honoured, so it is refused)"),
            ));
        }
    }
    Ok(())
}
