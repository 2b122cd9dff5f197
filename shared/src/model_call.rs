//! The one seam every model is reached through: a request in, a stream of events out.
//!
//! The engine in the worker, the companion over HTTP and external APIs all implement [`ModelCall`], so chat,
//! evaluation and dataset code never know which one answers.

use futures::stream::Stream;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;

use crate::sampling::SamplingParameters;

/// Something that answers prompts.
pub trait ModelCall {
    /// Starts generating. Dropping the stream cancels the work at the next token.
    fn generate(&self, request: GenerationRequest) -> GenerationStream;

    /// Turns texts into vectors of one length, one per text, each of Euclidean length 1. Dropping the future cancels
    /// the work. Not every model can.
    fn embed(&self, _texts: Vec<String>) -> EmbeddingFuture {
        Box::pin(std::future::ready(Err(ModelCallError {
            kind: ModelCallErrorKind::InvalidRequest,
            message: "this model makes no embeddings; choose one that runs in the browser or on the companion".into(),
            param: Some("model".to_owned()),
        })))
    }
}

/// Events of one generation, in order: `Started`, any number of `Text` (and what else was asked for), then `Finished`
/// or an error.
#[cfg(not(target_arch = "wasm32"))]
pub type GenerationStream = Pin<Box<dyn Stream<Item = Result<GenerationEvent, ModelCallError>> + Send>>;
/// Events of one generation, in order: `Started`, any number of `Text` (and what else was asked for), then `Finished`
/// or an error.
#[cfg(target_arch = "wasm32")]
pub type GenerationStream = Pin<Box<dyn Stream<Item = Result<GenerationEvent, ModelCallError>>>>;

/// What texts mean, in the end, or why a model can't say.
#[cfg(not(target_arch = "wasm32"))]
pub type EmbeddingFuture = Pin<Box<dyn Future<Output = Result<Embeddings, ModelCallError>> + Send>>;
/// What texts mean, in the end, or why a model can't say.
#[cfg(target_arch = "wasm32")]
pub type EmbeddingFuture = Pin<Box<dyn Future<Output = Result<Embeddings, ModelCallError>>>>;

/// What to generate from, how to choose tokens, and when to stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerationRequest {
    /// What the model continues.
    pub prompt: Prompt,
    /// How each next token is chosen.
    pub sampling: SamplingParameters,
    /// When to stop.
    pub limits: GenerationLimits,
    /// What the answer must look like; enforced token by token, not only asked for.
    #[serde(default)]
    pub constraint: Option<OutputConstraint>,
    /// Which log-probabilities to tell.
    #[serde(default)]
    pub log_probabilities: Option<LogProbabilitiesWanted>,
}

impl GenerationRequest {
    /// A request for free text without log-probabilities.
    pub fn new(prompt: Prompt, sampling: SamplingParameters, limits: GenerationLimits) -> Self {
        Self { prompt, sampling, limits, constraint: None, log_probabilities: None }
    }
}

/// What an answer must look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputConstraint {
    /// One JSON value that this JSON Schema accepts.
    JsonSchema(serde_json::Value),
    /// One JSON object of any shape.
    JsonObject,
}

/// Which log-probabilities to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogProbabilitiesWanted {
    /// How many of the most probable tokens to tell at each position, besides the one that is there.
    pub top: u32,
    /// Also those of the prompt's own tokens. With `max_tokens` 0 the prompt is only read.
    pub of_prompt: bool,
}

/// What the model continues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Messages, rendered with the model's own chat template.
    Chat(Vec<ChatMessage>),
    /// Plain text; special tokens written in it are not parsed. The model's beginning-of-sequence token is added
    /// where its vocabulary asks for one.
    Text(String),
    /// Token ids, taken as they are.
    Tokens(Vec<u32>),
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// `system`, `user` or `assistant`; other roles are for the template to judge.
    pub role: String,
    /// The text of the turn.
    pub content: String,
}

/// When a generation ends by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationLimits {
    /// Most tokens to generate; `None` means until the context is full.
    pub max_tokens: Option<u32>,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
    /// Go on past the end-of-sequence tokens (for benchmarks and tests).
    pub ignore_end_of_sequence: bool,
}

impl Default for GenerationLimits {
    fn default() -> Self {
        Self { max_tokens: Some(1024), stop: Vec::new(), ignore_end_of_sequence: false }
    }
}

/// How probable a token was at its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenLogProbability {
    /// The token; `None` where the model tells texts only, as OpenAI's API does.
    pub id: Option<u32>,
    /// Its text, special tokens written out; a token that is part of a character has U+FFFD in it.
    pub text: String,
    /// Natural logarithm of its probability, given all before it, at temperature 1 and before any filter or
    /// constraint; `None` for a prompt's first token, which nothing precedes.
    pub log_probability: Option<f32>,
    /// The most probable tokens at this place, the most probable first.
    pub top: Vec<TopToken>,
}

/// One of the most probable tokens at a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopToken {
    /// The token; `None` where the model tells texts only, as OpenAI's API does.
    pub id: Option<u32>,
    /// Its text, special tokens written out.
    pub text: String,
    /// Natural logarithm of its probability.
    pub log_probability: f32,
}

/// A text as a vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// Of Euclidean length 1; how many numbers it has depends on the model.
    pub vector: Vec<f32>,
    /// Tokens of the text.
    pub tokens: u32,
}

/// Texts as vectors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Embeddings {
    /// One for each text, in their order; all of one length, each of Euclidean length 1.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens of all texts together.
    pub prompt_tokens: u32,
}

impl FromIterator<Embedding> for Embeddings {
    fn from_iter<T: IntoIterator<Item = Embedding>>(each: T) -> Self {
        let mut embeddings = Self::default();
        for Embedding { vector, tokens } in each {
            embeddings.vectors.push(vector);
            embeddings.prompt_tokens += tokens;
        }
        embeddings
    }
}

/// What happens while a model answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GenerationEvent {
    /// The prompt is rendered and tokenized; reading it begins.
    Started {
        /// The prompt as the model sees it.
        prompt_ids: Vec<u32>,
    },
    /// Part of a long prompt has been read.
    Prefill {
        /// Prompt tokens read so far, those reused from the last call included.
        done_tokens: u32,
        /// Tokens of the whole prompt.
        total_tokens: u32,
    },
    /// Log-probabilities, where they were asked for: those of the prompt while it is read, and those of new tokens
    /// right before their `Text`.
    LogProbabilities {
        /// In the order of the tokens, none left out.
        tokens: Vec<TokenLogProbability>,
    },
    /// One or more new tokens. `text` can be empty while a character or a stop text is still incomplete.
    Text {
        /// What to append to the answer.
        text: String,
        /// The tokens that this event accounts for.
        ids: Vec<u32>,
    },
    /// The last event.
    Finished {
        /// Why it ended.
        reason: FinishReason,
        /// Counts and times.
        usage: GenerationUsage,
    },
}

/// Why a generation ended; the wire names are OpenAI's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// An end-of-sequence token or a stop text.
    Stop,
    /// `max_tokens` or the end of the context.
    Length,
}

/// Counts and times of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GenerationUsage {
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// How many of them were still in the cache from the call before and cost nothing.
    pub cached_prompt_tokens: u32,
    /// Tokens generated, a final end-of-sequence token included.
    pub completion_tokens: u32,
    /// From the call to the first token.
    pub prefill_seconds: f64,
    /// From the first token to the last.
    pub decode_seconds: f64,
}

impl GenerationUsage {
    /// Prompt tokens read per second, those from the cache not counted; `None` where nothing was timed.
    pub fn prefill_tokens_per_second(&self) -> Option<f64> {
        let computed = self.prompt_tokens.saturating_sub(self.cached_prompt_tokens);
        (computed > 0 && self.prefill_seconds > 0.0).then(|| f64::from(computed) / self.prefill_seconds)
    }

    /// Tokens generated per second after the first; `None` where there was at most one.
    pub fn decode_tokens_per_second(&self) -> Option<f64> {
        (self.completion_tokens > 1 && self.decode_seconds > 0.0)
            .then(|| f64::from(self.completion_tokens - 1) / self.decode_seconds)
    }
}

/// Why a model could not answer, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct ModelCallError {
    /// Whose fault it is, which decides the HTTP status and what the page offers.
    pub kind: ModelCallErrorKind,
    /// What was tried, expected, came, and what to do.
    pub message: String,
    /// The field of the request at fault, in OpenAI's name, if one is.
    pub param: Option<String>,
}

impl ModelCallError {
    /// The model, the device or the connection failed.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { kind: ModelCallErrorKind::Unavailable, message: message.into(), param: None }
    }
}

/// Whose fault it is that a model could not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelCallErrorKind {
    /// The request can't be served as it is.
    InvalidRequest,
    /// The prompt and the answer don't fit the context.
    ContextLengthExceeded,
    /// No such model, or it is not loaded.
    ModelNotFound,
    /// Too many requests for now; it may answer later.
    RateLimited,
    /// The model, the device or the connection failed; trying again may help.
    Unavailable,
}
