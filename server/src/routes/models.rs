//! `GET /v1/models` and `GET /v1/models/{id}`: the models whose files are on this machine.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::database::StoredModel;
use crate::error::ApiError;
use crate::state::AppState;

/// All of them.
pub(crate) async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let models = state.store().all_fetched().await?;
    let data: Vec<Value> = models.iter().map(model).collect();
    Ok(Json(json!({"object": "list", "data": data})))
}

/// One of them.
pub(crate) async fn one(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(model(&state.store().fetched(&id).await?)))
}

fn model(stored: &StoredModel) -> Value {
    json!({"id": stored.name, "object": "model", "created": stored.fetched_at_unix_s, "owned_by": "quern"})
}
