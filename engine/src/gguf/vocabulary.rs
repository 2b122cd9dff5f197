//! The vocabulary and chat template of a file, from its `tokenizer.*` metadata.

use shared::chat_template::{ChatTemplate, TemplateOrigin};
use shared::tokenizer::{TextList, TokenKind, Tokenizer, Vocabulary, VocabularyModel};

use super::metadata::{Metadata, Value};
use crate::error::EngineError;

/// Builds the tokenizer; the lists move out of `metadata`, so that a large vocabulary is held once.
///
/// # Errors
/// A list is missing or the vocabulary can't be used.
pub fn tokenizer(metadata: &mut Metadata) -> Result<Tokenizer, EngineError> {
    let model_name = metadata.text("tokenizer.ggml.model").unwrap_or_default().to_owned();
    let tokens = take_texts(metadata, "tokenizer.ggml.tokens")?;
    let kinds = match metadata.take("tokenizer.ggml.token_type") {
        Some(Value::Integers(numbers)) => numbers.into_iter().map(TokenKind::from_gguf).collect(),
        _ => vec![TokenKind::Normal; tokens.len()],
    };
    let is_sentencepiece = model_name == "llama";
    let model = match model_name.as_str() {
        "gpt2" => VocabularyModel::ByteLevelBpe {
            pre_tokenizer: metadata.text("tokenizer.ggml.pre").unwrap_or("default").to_owned(),
            merges: take_texts(metadata, "tokenizer.ggml.merges")?,
        },
        "llama" => match metadata.take("tokenizer.ggml.scores") {
            Some(Value::Floats(scores)) => VocabularyModel::SentencePiece { scores },
            _ => return Err(missing("tokenizer.ggml.scores", "a list of numbers")),
        },
        other => {
            return Err(EngineError::Tokenizer(format!(
                "its kind {other:?} is not supported (supported: gpt2, llama)"
            )));
        }
    };
    let id = |key: &str| metadata.integer(&format!("tokenizer.ggml.{key}_token_id"));
    // llama.cpp's defaults where a file is silent.
    let flag = |key: &str, default| metadata.flag(&format!("tokenizer.ggml.{key}")).unwrap_or(default);
    let vocabulary = Vocabulary {
        model,
        tokens,
        kinds,
        beginning_of_sequence: id("bos"),
        end_of_sequence: id("eos"),
        end_of_turn: id("eot"),
        unknown: id("unknown"),
        adds_beginning_of_sequence: flag("add_bos_token", is_sentencepiece),
        adds_space_prefix: flag("add_space_prefix", is_sentencepiece),
    };
    Tokenizer::new(vocabulary).map_err(|error| EngineError::Tokenizer(error.to_string()))
}

/// The file's own chat template, or its family's usual one.
///
/// # Errors
/// The template in the file is not valid.
pub fn chat_template(metadata: &Metadata, tokenizer: &Tokenizer) -> Result<ChatTemplate, EngineError> {
    let (first, last) = (tokenizer.beginning_of_sequence_text(), tokenizer.end_of_sequence_text());
    let template = match metadata.text("tokenizer.chat_template") {
        Some(source) => ChatTemplate::new(source, TemplateOrigin::Model, first, last),
        None => {
            let architecture = metadata.text("general.architecture").unwrap_or_default();
            ChatTemplate::family_default(architecture, first, last)
        }
    };
    template.map_err(|error| EngineError::ChatTemplate(error.to_string()))
}

fn take_texts(metadata: &mut Metadata, key: &str) -> Result<TextList, EngineError> {
    match metadata.take(key) {
        Some(Value::Strings(list)) => Ok(list),
        _ => Err(missing(key, "a list of texts")),
    }
}

fn missing(key: &str, expected: &'static str) -> EngineError {
    EngineError::Metadata { key: key.to_owned(), expected }
}
