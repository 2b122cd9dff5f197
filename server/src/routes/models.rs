//! `GET /v1/models` and `GET /v1/models/{id}`: the models whose files are on this machine, and those that are offered of
//! providers to callers who may use them.

use axum::Json;
use axum::extract::State;
use shared::api::models::{ModelList, ModelObject};

use super::name_in_path::NameInPath;
use crate::database::StoredModel;
use crate::error::ApiError;
use crate::protection::Caller;
use crate::providers::ProviderModel;
use crate::state::AppState;

/// All of them.
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<ModelList>, ApiError> {
    let mut models: Vec<ModelObject> = state.store().all_fetched().await?.iter().map(object).collect();
    if caller.check_may_use_providers(&state.config().listen).is_ok() {
        for provider in state.providers().store.all().await? {
            let of_provider = |id: &String| ProviderModel { provider: provider.clone(), id: id.clone() };
            models.extend(provider.models.iter().map(|id| provider_object(&of_provider(id))));
        }
    }
    Ok(Json(ModelList::new(models)))
}

/// One of them.
pub(crate) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    NameInPath(id): NameInPath,
) -> Result<Json<ModelObject>, ApiError> {
    if let Some(model) = state.provider_model(&id, caller).await? {
        return Ok(Json(provider_object(&model)));
    }
    Ok(Json(object(&state.store().fetched(&id).await?)))
}

fn object(stored: &StoredModel) -> ModelObject {
    ModelObject::new(&stored.name, stored.fetched_at_unix_s)
}

fn provider_object(model: &ProviderModel) -> ModelObject {
    let provider = &model.provider;
    ModelObject::new(model.name(), provider.changed_at_unix_s).owned_by(&provider.name)
}
