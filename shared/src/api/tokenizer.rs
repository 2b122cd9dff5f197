//! `POST /tokenize`, `POST /detokenize`, `GET /tokenizer_info`: the tokenizer over HTTP, with the fields that vLLM
//! gives them, which evaluation harnesses (lm-eval among them) look for. They don't name a model there; `model` is
//! optional here.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The body of `POST /tokenize`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenizeRequest {
    /// Whose tokenizer; without one, that of the only model there is.
    #[serde(default)]
    pub model: Option<String>,
    /// The text. Special tokens written in it are parsed.
    pub prompt: String,
    /// Put the beginning-of-sequence token before it, where the model asks for one.
    #[serde(default = "yes")]
    pub add_special_tokens: bool,
    /// Tell each token's text too.
    #[serde(default)]
    pub return_token_strs: bool,
    /// Fields that are not honoured.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

fn yes() -> bool {
    true
}

/// The answer to `POST /tokenize`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokenized {
    /// Number of tokens.
    pub count: usize,
    /// Most tokens that the model takes.
    pub max_model_len: usize,
    /// The tokens.
    pub tokens: Vec<u32>,
    /// Their texts, where they were asked for.
    pub token_strs: Option<Vec<String>>,
}

/// The body of `POST /detokenize`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetokenizeRequest {
    /// Whose tokenizer; without one, that of the only model there is.
    #[serde(default)]
    pub model: Option<String>,
    /// The tokens.
    pub tokens: Vec<u32>,
    /// Fields that are not honoured.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The answer to `POST /detokenize`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detokenized {
    /// The text, special tokens written out.
    pub prompt: String,
}

/// The query of `GET /tokenizer_info`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerInfoQuery {
    /// Whose tokenizer; without one, that of the only model there is.
    #[serde(default)]
    pub model: Option<String>,
}

/// The answer to `GET /tokenizer_info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerInfo {
    /// The model.
    pub model: String,
    /// The text of its beginning-of-sequence token; `None` where it has none.
    pub bos_token: Option<String>,
    /// The text of its end-of-sequence token; `None` where it has none.
    pub eos_token: Option<String>,
    /// Its chat template, in Jinja.
    pub chat_template: String,
    /// Number of tokens it knows.
    pub vocab_size: usize,
}
