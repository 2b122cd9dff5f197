//! `POST /tokenize`, `POST /detokenize`, `GET /tokenizer_info`: text to tokens and back, without loading a model.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use engine::ModelText;
use serde_json::{Map, Value};
use shared::api::tokenizer::{
    DetokenizeRequest, Detokenized, TokenizeRequest, Tokenized, TokenizerInfo, TokenizerInfoQuery,
};
use shared::tokenizer::SpecialTokens;

use super::request_body::JsonBody;
use crate::error::ApiError;
use crate::inference::ModelToServe;
use crate::state::AppState;

/// Text to tokens.
pub(crate) async fn tokenize(
    State(state): State<AppState>,
    JsonBody(request): JsonBody<TokenizeRequest>,
) -> Result<Json<Tokenized>, ApiError> {
    refuse_unknown(&request.extra)?;
    let text = text_of(&state, request.model.as_deref()).await?.1;
    let tokenizer = text.tokenizer();
    let tokens = if request.add_special_tokens {
        tokenizer.encode_prompt(&request.prompt, SpecialTokens::Parse)
    } else {
        tokenizer.encode(&request.prompt, SpecialTokens::Parse)
    };
    let texts = || tokens.iter().map(|&id| tokenizer.decode_with_special(&[id])).collect();
    Ok(Json(Tokenized {
        count: tokens.len(),
        max_model_len: state.config().inference.context_tokens as usize,
        token_strs: request.return_token_strs.then(texts),
        tokens,
    }))
}

/// Tokens to text.
pub(crate) async fn detokenize(
    State(state): State<AppState>,
    JsonBody(request): JsonBody<DetokenizeRequest>,
) -> Result<Json<Detokenized>, ApiError> {
    refuse_unknown(&request.extra)?;
    let text = text_of(&state, request.model.as_deref()).await?.1;
    let tokenizer = text.tokenizer();
    if let Some(id) = request.tokens.iter().find(|&&id| id as usize >= tokenizer.vocabulary_size()) {
        let message = format!("there is no token {id}; the model has {} of them", tokenizer.vocabulary_size());
        return Err(ApiError::invalid(message).with_param("tokens"));
    }
    Ok(Json(Detokenized { prompt: tokenizer.decode_with_special(&request.tokens) }))
}

/// What a client needs to know to prepare prompts by itself.
pub(crate) async fn info(
    State(state): State<AppState>,
    Query(query): Query<TokenizerInfoQuery>,
) -> Result<Json<TokenizerInfo>, ApiError> {
    let (model, text) = text_of(&state, query.model.as_deref()).await?;
    let written = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Json(TokenizerInfo {
        model: model.name,
        bos_token: written(text.tokenizer().beginning_of_sequence_text()),
        eos_token: written(text.tokenizer().end_of_sequence_text()),
        chat_template: text.chat_template().source().to_owned(),
        vocab_size: text.tokenizer().vocabulary_size(),
    }))
}

fn refuse_unknown(extra: &Map<String, Value>) -> Result<(), ApiError> {
    match extra.iter().find(|(_, value)| !value.is_null()) {
        None => Ok(()),
        Some((name, _)) => {
            Err(ApiError::invalid(format!("{name} is not supported here; leave it out")).with_param(name))
        }
    }
}

/// The model asked for, with its text side. Where none is named, it is the one in memory, or else the only one there is.
async fn text_of(state: &AppState, name: Option<&str>) -> Result<(ModelToServe, Arc<ModelText>), ApiError> {
    let name = match name {
        Some(name) => name.to_owned(),
        None => {
            let loaded = state.served().loaded_names();
            let fetched = state.store().all_fetched().await?.into_iter().map(|stored| stored.name);
            only(loaded).or_else(|| only(fetched.collect())).ok_or_else(|| {
                let message = "there are several models, or none: say whose tokenizer is meant, with the field model";
                ApiError::invalid(message).with_param("model")
            })?
        }
    };
    let model = state.model_to_serve(&name).await?;
    let text = state.text_of(&model).await?;
    Ok((model, text))
}

fn only(mut names: Vec<String>) -> Option<String> {
    (names.len() == 1).then(|| names.remove(0))
}
