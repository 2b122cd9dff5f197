//! `POST /v1/embeddings`: texts as vectors.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::api::embeddings::{EmbeddingRequest, EncodingFormat};

use super::forwarding::forward;
use super::request_body::JsonBody;
use super::streaming::Delivery;
use crate::error::ApiError;
use crate::protection::Caller;
use crate::state::AppState;

/// Turns one or more texts into vectors.
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(request): JsonBody<EmbeddingRequest>,
) -> Result<Response, ApiError> {
    let inputs = request.inputs()?;
    if let Some(model) = state.provider_model(&request.model, caller).await? {
        return forward(&state, &model, "embeddings", &request, Delivery::Whole).await;
    }
    let model = state.model_to_serve(&request.model).await?;
    let embedding = state.served().embed(&model, inputs)?;
    let embeddings = tokio::select! {
        embeddings = embedding => embeddings.map_err(|error| ApiError::from(error).about("input"))?,
        () = state.cut_off().cancelled() => return Err(ApiError::unavailable("the companion is shutting down")),
    };
    let format = request.encoding_format.unwrap_or_default();
    let data =
        embeddings.vectors.iter().enumerate().map(
            |(index, vector)| json!({"object": "embedding", "index": index, "embedding": written(vector, format)}),
        );
    Ok(Json(json!({
        "object": "list",
        "data": data.collect::<Vec<_>>(),
        "model": request.model,
        "usage": {"prompt_tokens": embeddings.prompt_tokens, "total_tokens": embeddings.prompt_tokens},
    }))
    .into_response())
}

fn written(vector: &[f32], format: EncodingFormat) -> Value {
    match format {
        EncodingFormat::Float => json!(vector),
        EncodingFormat::Base64 => {
            let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
            json!(STANDARD.encode(bytes))
        }
    }
}
