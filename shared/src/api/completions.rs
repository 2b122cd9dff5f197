//! `POST /v1/completions`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::request::{Sampling, Stop, StreamOptions, constraint, invalid, limits, null_is_default, refuse_unhonoured};
use super::response_format::ResponseFormat;
use crate::model_call::{GenerationRequest, LogProbabilitiesWanted, ModelCallError, Prompt};

/// The request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompletionRequest {
    /// Which model answers.
    pub model: String,
    /// What to continue.
    pub prompt: Prompts,
    /// Most tokens to generate; 16 where absent, as at OpenAI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// 0 to 2; 1 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Nucleus sampling; 1 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Ours: keep only this many of the most probable tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Ours: keep tokens at least this fraction as probable as the most probable one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f32>,
    /// Ours: see [`crate::sampling::SamplingParameters::repetition_penalty`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repetition_penalty: Option<f32>,
    /// Give the prompt back before what follows it. With `max_tokens` 0 nothing follows.
    #[serde(default, deserialize_with = "null_is_default")]
    pub echo: bool,
    /// Tell log-probabilities (with `echo` the prompt's too), and those of this many of the most probable tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<u32>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Same seed, same text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Answer as server-sent events.
    #[serde(default, deserialize_with = "null_is_default")]
    pub stream: bool,
    /// What the stream carries besides text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// Ours at this route: what the answer must look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// Every other field.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One prompt or several, as text or as token ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text, a list of texts, a list of token ids, or a list of such lists")]
pub enum Prompts {
    /// One text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// One list of token ids.
    Tokens(Vec<u32>),
    /// Several lists of token ids.
    TokenLists(Vec<Vec<u32>>),
}

/// OpenAI's default of `max_tokens` for this endpoint.
const DEFAULT_MAX_TOKENS: u32 = 16;
/// The most alternatives to each token that `logprobs` may ask for, as at OpenAI.
const MOST_LOGPROBS: u32 = 5;
/// The most prompts one request may carry.
const MOST_PROMPTS: usize = 128;

impl Prompts {
    /// Each of them.
    pub fn each(&self) -> Vec<Prompt> {
        match self {
            Self::Text(text) => vec![Prompt::Text(text.clone())],
            Self::Texts(texts) => texts.iter().cloned().map(Prompt::Text).collect(),
            Self::Tokens(ids) => vec![Prompt::Tokens(ids.clone())],
            Self::TokenLists(lists) => lists.iter().cloned().map(Prompt::Tokens).collect(),
        }
    }
}

impl CompletionRequest {
    /// What to generate, one request per prompt, every field checked; `fallback_seed` is used where the request names
    /// no seed.
    ///
    /// # Errors
    /// A field that is out of range or can't be honoured, named in `param`.
    pub fn to_generation_requests(&self, fallback_seed: u64) -> Result<Vec<GenerationRequest>, ModelCallError> {
        refuse_unhonoured(&self.extra)?;
        let prompts = self.prompt.each();
        if prompts.is_empty() || prompts.len() > MOST_PROMPTS {
            return Err(invalid(
                "prompt",
                format!("prompt holds {} prompts; 1 to {MOST_PROMPTS} are taken", prompts.len()),
            ));
        }
        let sampling = Sampling {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            min_p: self.min_p,
            repetition_penalty: self.repetition_penalty,
            seed: self.seed,
        };
        let sampling = sampling.parameters(fallback_seed)?;
        let mut limits =
            limits(self.max_tokens.filter(|&most| most > 0 || !self.echo), "max_tokens", self.stop.clone())?;
        limits.max_tokens = Some(self.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS));
        if let Some(top) = self.logprobs.filter(|&top| top > MOST_LOGPROBS) {
            return Err(invalid("logprobs", format!("logprobs is {top}; it must be at most {MOST_LOGPROBS}")));
        }
        let log_probabilities = self.logprobs.map(|top| LogProbabilitiesWanted { top, of_prompt: self.echo });
        let constraint = constraint(self.response_format.as_ref())?;
        let request = |prompt| GenerationRequest {
            constraint: constraint.clone(),
            log_probabilities,
            ..GenerationRequest::new(prompt, sampling, limits.clone())
        };
        Ok(prompts.into_iter().map(request).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(prompt: Value, expected: &[Prompt]) {
        let request: CompletionRequest = serde_json::from_value(json!({"model": "m", "prompt": prompt})).unwrap();
        let requests = request.to_generation_requests(0).unwrap();
        assert_eq!(requests.iter().map(|request| request.prompt.clone()).collect::<Vec<_>>(), expected);
        assert_eq!(requests[0].limits.max_tokens, Some(16));
    }

    #[test]
    fn prompts_come_in_four_shapes() {
        check(json!("a"), &[Prompt::Text("a".to_owned())]);
        check(json!(["a", "b"]), &[Prompt::Text("a".to_owned()), Prompt::Text("b".to_owned())]);
        check(json!([1, 2]), &[Prompt::Tokens(vec![1, 2])]);
        check(json!([[1], [2, 3]]), &[Prompt::Tokens(vec![1]), Prompt::Tokens(vec![2, 3])]);
    }

    #[test]
    fn log_probabilities_are_asked_for_with_echo_or_without() {
        let request = |fields: Value| -> CompletionRequest { serde_json::from_value(fields).unwrap() };
        let asked = |fields| request(fields).to_generation_requests(0).unwrap()[0].clone();
        let harness = asked(json!({"model": "m", "prompt": [1, 2], "max_tokens": 0, "logprobs": 1, "echo": true}));
        assert_eq!(harness.limits.max_tokens, Some(0));
        assert_eq!(harness.log_probabilities, Some(LogProbabilitiesWanted { top: 1, of_prompt: true }));
        let answer = asked(json!({"model": "m", "prompt": "a", "logprobs": 0, "echo": null}));
        assert_eq!(answer.log_probabilities, Some(LogProbabilitiesWanted { top: 0, of_prompt: false }));
    }

    #[test]
    fn what_cannot_be_honoured_is_refused() {
        let request = |fields: Value| {
            let request: CompletionRequest = serde_json::from_value(fields).unwrap();
            request.to_generation_requests(0).unwrap_err().param
        };
        assert_eq!(request(json!({"model": "m", "prompt": []})).as_deref(), Some("prompt"));
        assert_eq!(request(json!({"model": "m", "prompt": "a", "max_tokens": 0})).as_deref(), Some("max_tokens"));
        assert_eq!(request(json!({"model": "m", "prompt": "a", "logprobs": 6})).as_deref(), Some("logprobs"));
        assert_eq!(request(json!({"model": "m", "prompt": "a", "suffix": "b"})).as_deref(), Some("suffix"));
    }
}
