//! `POST /v1/chat/completions`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::request::{Sampling, Stop, StreamOptions, constraint, invalid, limits, null_is_default, refuse_unhonoured};
use super::response_format::ResponseFormat;
use crate::model_call::{
    ChatMessage, GenerationRequest, LogProbabilitiesWanted, ModelCallError, Prompt, TokenLogProbability, TopToken,
};

/// The most alternatives to each token that a request may ask for, as at OpenAI.
const MOST_TOP_LOGPROBS: u32 = 20;

/// The request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatCompletionRequest {
    /// Which model answers.
    pub model: String,
    /// The conversation so far.
    pub messages: Vec<Message>,
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
    /// Most tokens to generate, by its older name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Most tokens to generate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u32>,
    /// Tell how probable each token of the answer was.
    #[serde(default, deserialize_with = "null_is_default")]
    pub logprobs: bool,
    /// Also tell this many of the most probable tokens at each place; needs `logprobs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u32>,
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
    /// What the answer must look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// Every other field.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One turn of the conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `developer`, `user` or `assistant`.
    pub role: String,
    /// The text, whole or in parts.
    #[serde(default)]
    pub content: Content,
    /// Every other field (`name`, `tool_calls`, ...).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A message's text, whole or in parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of content parts")]
pub enum Content {
    /// The whole text.
    Text(String),
    /// Parts; only those of type `text` are understood.
    Parts(Vec<Map<String, Value>>),
    /// `null`, as beside tool calls.
    Null(()),
}

impl Default for Content {
    fn default() -> Self {
        Self::Null(())
    }
}

impl ChatCompletionRequest {
    /// What to generate, every field checked; `fallback_seed` is used where the request names no seed.
    ///
    /// # Errors
    /// A field that is out of range or can't be honoured, named in `param`.
    pub fn to_generation_request(&self, fallback_seed: u64) -> Result<GenerationRequest, ModelCallError> {
        refuse_unhonoured(&self.extra)?;
        if self.messages.is_empty() {
            return Err(invalid("messages", "messages is empty; it needs at least one message"));
        }
        let messages = self
            .messages
            .iter()
            .enumerate()
            .map(|(index, message)| message.to_chat_message(index))
            .collect::<Result<_, _>>()?;
        let (max_tokens, param) = match (self.max_completion_tokens, self.max_tokens) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "max_tokens",
                    "max_tokens is the older name of max_completion_tokens; give only one",
                ));
            }
            (Some(tokens), None) => (Some(tokens), "max_completion_tokens"),
            (None, tokens) => (tokens, "max_tokens"),
        };
        let sampling = Sampling {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            min_p: self.min_p,
            repetition_penalty: self.repetition_penalty,
            seed: self.seed,
        };
        let limits = limits(max_tokens, param, self.stop.clone())?;
        Ok(GenerationRequest {
            constraint: constraint(self.response_format.as_ref())?,
            log_probabilities: self.log_probabilities()?,
            ..GenerationRequest::new(Prompt::Chat(messages), sampling.parameters(fallback_seed)?, limits)
        })
    }
}

impl ChatCompletionRequest {
    fn log_probabilities(&self) -> Result<Option<LogProbabilitiesWanted>, ModelCallError> {
        match (self.logprobs, self.top_logprobs.unwrap_or(0)) {
            (_, top) if top > MOST_TOP_LOGPROBS => {
                let message = format!("top_logprobs is {top}; it must be at most {MOST_TOP_LOGPROBS}");
                Err(invalid("top_logprobs", message))
            }
            (false, 1..) => Err(invalid("top_logprobs", "top_logprobs needs logprobs to be true")),
            (false, 0) => Ok(None),
            (true, top) => Ok(Some(LogProbabilitiesWanted { top, of_prompt: false })),
        }
    }
}

impl Message {
    /// A message of plain text.
    pub fn new(role: impl Into<String>, text: impl Into<String>) -> Self {
        Self { role: role.into(), content: Content::Text(text.into()), extra: Map::new() }
    }

    fn to_chat_message(&self, index: usize) -> Result<ChatMessage, ModelCallError> {
        let param = |field: &str| format!("messages[{index}].{field}");
        // Templates know no `developer`; it is OpenAI's newer word for `system`.
        let role = match self.role.as_str() {
            "developer" => "system",
            role @ ("system" | "user" | "assistant") => role,
            other => {
                let message = format!("role {other:?} is not supported; use system, developer, user or assistant");
                return Err(invalid(&param("role"), message));
            }
        };
        if let Some((field, _)) = self.extra.iter().find(|(_, value)| !is_empty(value)) {
            return Err(invalid(&param(field), format!("{field} is not supported in a message; leave it out")));
        }
        let content = match &self.content {
            Content::Text(text) => text.clone(),
            Content::Null(()) => return Err(invalid(&param("content"), "content is null; it must be a text")),
            Content::Parts(parts) => {
                let mut text = String::new();
                for (part_index, part) in parts.iter().enumerate() {
                    let param = param(&format!("content[{part_index}]"));
                    text.push_str(text_of(part).map_err(|message| invalid(&param, message))?);
                }
                text
            }
        };
        Ok(ChatMessage { role: role.to_owned(), content })
    }
}

/// The text of a content part, or why it has none that can be used.
fn text_of(part: &Map<String, Value>) -> Result<&str, String> {
    let kind = part.get("type").and_then(Value::as_str).ok_or("a content part needs a type")?;
    if kind != "text" {
        return Err(format!("a content part of type {kind} is not supported; only text parts are"));
    }
    let known = ["type", "text"];
    if let Some((field, _)) = part.iter().find(|(field, value)| !known.contains(&field.as_str()) && !is_empty(value)) {
        return Err(format!("{field} is not supported in a content part; leave it out"));
    }
    part.get("text").and_then(Value::as_str).ok_or_else(|| "a text part needs a text".to_owned())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// One event of a streamed answer, as a client reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatCompletionChunk {
    /// The answer's id.
    #[serde(default)]
    pub id: String,
    /// The new text; empty in the chunk that carries the usage.
    #[serde(default)]
    pub choices: Vec<ChunkChoice>,
    /// The counts, in the last chunk if asked for.
    #[serde(default)]
    pub usage: Option<Usage>,
}

/// The news of one choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChunkChoice {
    /// Which of several answers.
    #[serde(default)]
    pub index: u32,
    /// What to append.
    #[serde(default)]
    pub delta: Delta,
    /// How probable the new tokens were, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<ChunkLogProbabilities>,
    /// Why it ended, in its last chunk: a [`crate::model_call::FinishReason`], or what others call it.
    #[serde(default)]
    pub finish_reason: Option<String>,
}

/// What to append to an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// In the first chunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// New text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// How probable tokens were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChunkLogProbabilities {
    /// One for each new token.
    #[serde(default)]
    pub content: Option<Vec<WireLogProbability>>,
}

/// How probable a token was at its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireLogProbability {
    /// The token's text.
    pub token: String,
    /// Natural logarithm of its probability.
    pub logprob: Option<f32>,
    /// The most probable tokens at this place.
    #[serde(default, deserialize_with = "null_is_default")]
    pub top_logprobs: Vec<WireLogProbability>,
}

impl From<WireLogProbability> for TokenLogProbability {
    fn from(wire: WireLogProbability) -> Self {
        let top = wire
            .top_logprobs
            .into_iter()
            .filter_map(|top| Some(TopToken { id: None, text: top.token, log_probability: top.logprob? }));
        Self { id: None, text: wire.token, log_probability: wire.logprob, top: top.collect() }
    }
}

/// Token counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens generated.
    #[serde(default)]
    pub completion_tokens: u32,
    /// Both together.
    #[serde(default)]
    pub total_tokens: u32,
    /// More about the prompt's tokens.
    #[serde(default, deserialize_with = "null_is_default")]
    pub prompt_tokens_details: PromptTokensDetails,
}

/// More about the prompt's tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptTokensDetails {
    /// Tokens that were still in the cache.
    #[serde(default, deserialize_with = "null_is_default")]
    pub cached_tokens: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn convert(request: Value) -> Result<GenerationRequest, ModelCallError> {
        serde_json::from_value::<ChatCompletionRequest>(request).unwrap().to_generation_request(7)
    }

    #[track_caller]
    fn refused(field: &str, value: Value, param: &str) {
        let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
        request[field] = value;
        assert_eq!(convert(request).unwrap_err().param.as_deref(), Some(param));
    }

    #[test]
    fn a_plain_request_is_understood() {
        let request = convert(json!({
            "model": "m", "temperature": 0.5, "max_tokens": 9, "stop": "END", "seed": -1, "n": 1, "user": "me",
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]},
            ],
        }))
        .unwrap();
        let Prompt::Chat(messages) = request.prompt else { panic!("a chat") };
        assert_eq!(messages[0].role, "system");
        assert_eq!(messages[1].content, "AB");
        assert_eq!(request.sampling.seed, u64::MAX);
        assert_eq!(request.limits.max_tokens, Some(9));
        assert_eq!(request.limits.stop, ["END"]);
    }

    #[test]
    fn what_is_not_honoured_is_refused_by_name() {
        refused("n", json!(2), "n");
        refused("top_logprobs", json!(2), "top_logprobs");
        refused("frequency_penalty", json!(0.5), "frequency_penalty");
        refused("tools", json!([{"type": "function"}]), "tools");
        let no_schema = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": 1}});
        refused("response_format", no_schema, "response_format");
        refused("temperature", json!(9), "temperature");
        refused("max_tokens", json!(0), "max_tokens");
        refused("stop", json!(["", "x"]), "stop");
        refused("messages", json!([]), "messages");
        refused("messages", json!([{"role": "tool", "content": "x"}]), "messages[0].role");
        refused("messages", json!([{"role": "user", "content": [{"type": "image_url"}]}]), "messages[0].content[0]");
        refused("surprise", json!("x"), "surprise");
        refused("n", json!(0), "n");
        refused("tool_choice", json!("required"), "tool_choice");
        refused("messages", json!([{"role": "user", "content": "x", "name": "me"}]), "messages[0].name");
        for part in [
            json!({"text": "x"}),
            json!({"type": "text"}),
            json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}),
        ] {
            refused("messages", json!([{"role": "user", "content": [part]}]), "messages[0].content[0]");
        }
    }

    #[test]
    fn one_limit_has_one_name() {
        let fields = json!({
            "model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5, "max_completion_tokens": 5,
        });
        assert_eq!(convert(fields).unwrap_err().param.as_deref(), Some("max_tokens"));
    }

    #[test]
    fn values_that_ask_for_nothing_pass() {
        let request = json!({
            "model": "m", "messages": [{"role": "user", "content": "Hi"}], "logprobs": false, "tools": [],
            "frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}, "response_format": {"type": "text"},
            "store": false, "metadata": {"a": "b"}, "n": 1, "stream": null, "stop": null, "tool_choice": "auto",
        });
        assert!(convert(request).is_ok());
    }
}
