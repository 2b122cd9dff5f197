//! `GET /v1/models` and `GET /v1/models/{id}`: the models whose files are on this machine.

use axum::Json;
use axum::extract::State;
use shared::api::models::{ModelList, ModelObject};

use super::name_in_path::NameInPath;
use crate::database::StoredModel;
use crate::error::ApiError;
use crate::state::AppState;

/// All of them.
pub(crate) async fn list(State(state): State<AppState>) -> Result<Json<ModelList>, ApiError> {
    let models = state.store().all_fetched().await?;
    Ok(Json(ModelList::new(models.iter().map(object).collect())))
}

/// One of them.
pub(crate) async fn one(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
) -> Result<Json<ModelObject>, ApiError> {
    Ok(Json(object(&state.store().fetched(&id).await?)))
}

fn object(stored: &StoredModel) -> ModelObject {
    ModelObject::new(&stored.name, stored.fetched_at_unix_s)
}
