//! What a model is asked: a value that follows from a row and a task alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use crate::model_call::{ChatMessage, GenerationLimits, GenerationRequest, OutputConstraint, Prompt};
use crate::model_pool::ModelReference;
use crate::sampling::SamplingParameters;

/// What a model is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// A text.
    Text(TextRequest),
    /// The direction in which a text points among all meanings.
    Direction {
        /// Who is asked.
        model: ModelReference,
        /// The text.
        text: String,
    },
}

/// A text that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextRequest {
    /// Who is asked.
    pub model: ModelReference,
    /// What is asked.
    pub messages: Vec<ChatMessage>,
    /// The JSON Schema that the answer is held to; without one it is plain text.
    pub schema: Option<Value>,
    /// Most tokens of the answer.
    pub most_tokens: u32,
    /// 0 takes the most probable answer; higher is more varied.
    pub temperature: f32,
    /// Another seed, another answer.
    pub seed: u64,
}

/// What an answer is found by: the hash (XXH3, 128 bits) of its request's JSON. Requests that are the same are asked once,
/// whichever rows they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RequestKey(u128);

impl Request {
    /// What its answer is found by.
    pub fn key(&self) -> RequestKey {
        // It can't fail: a request is plain data with text keys.
        RequestKey(xxh3_128(serde_json::to_string(self).unwrap_or_default().as_bytes()))
    }

    /// Who is asked.
    pub fn model(&self) -> &ModelReference {
        match self {
            Self::Text(request) => &request.model,
            Self::Direction { model, .. } => model,
        }
    }
}

impl TextRequest {
    /// A request for plain text, always the same.
    pub fn new(model: &ModelReference, system: &str, user: String, most_tokens: u32) -> Self {
        let message = |role: &str, content: String| ChatMessage { role: role.to_owned(), content };
        Self {
            model: model.clone(),
            messages: vec![message("system", system.to_owned()), message("user", user)],
            schema: None,
            most_tokens,
            temperature: 0.0,
            seed: 0,
        }
    }

    /// As models take it.
    pub fn to_generation(&self) -> GenerationRequest {
        let sampling =
            SamplingParameters { temperature: self.temperature, seed: self.seed, ..SamplingParameters::GREEDY };
        let limits = GenerationLimits { max_tokens: Some(self.most_tokens), ..GenerationLimits::default() };
        let mut request = GenerationRequest::new(Prompt::Chat(self.messages.clone()), sampling, limits);
        request.constraint = self.schema.clone().map(OutputConstraint::JsonSchema);
        request
    }
}

impl RequestKey {
    /// As a number.
    pub(super) fn number(self) -> u128 {
        self.0
    }
}

impl fmt::Display for RequestKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl FromStr for RequestKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_key = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_key);
        number.map(Self).ok_or_else(|| format!("{text:?} is no key of a request: it has 32 digits from 0 to f"))
    }
}

impl TryFrom<String> for RequestKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RequestKey> for String {
    fn from(key: RequestKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request() -> TextRequest {
        TextRequest::new(&ModelReference::companion("m"), "Be brief.", "Why?".to_owned(), 9)
    }

    #[test]
    fn keys_last_and_tell_requests_apart() {
        // Answers that people keep are found by these keys: what changes them makes all be asked again.
        let key = Request::Text(request()).key().to_string();
        assert_eq!(key, "e68321f6717ce2b6ad8cbfbf7e4ef471");
        assert_eq!(key.parse(), Ok(Request::Text(request()).key()));
        let others = [
            TextRequest { model: ModelReference::browser("m"), ..request() },
            TextRequest { schema: Some(json!({"type": "string"})), ..request() },
            TextRequest { most_tokens: 8, ..request() },
            TextRequest { temperature: 0.7, ..request() },
            TextRequest { seed: 1, ..request() },
        ];
        for other in others {
            assert_ne!(Request::Text(other.clone()).key().to_string(), key, "{other:?}");
        }
        for text in ["", "1", "0123456789abcdef0123456789abcdeF", "+123456789abcdef0123456789abcdef"] {
            assert!(text.parse::<RequestKey>().is_err(), "{text}");
        }
    }
}
