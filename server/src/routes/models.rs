//! `GET /v1/models` and `GET /v1/models/{id}`: the models whose files are on this machine, those that were fine-tuned
//! here, and those that are offered of providers to callers who may use them. `DELETE` is for fine-tuned ones.

use axum::Json;
use axum::extract::State;
use shared::api::files::Deleted;
use shared::api::models::{ModelList, ModelObject};

use super::name_in_path::NameInPath;
use crate::database::{FineTunedModel, StoredModel};
use crate::error::ApiError;
use crate::protection::Caller;
use crate::providers::ProviderModel;
use crate::state::AppState;

/// All of them.
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<ModelList>, ApiError> {
    let mut models: Vec<ModelObject> = state.store().all_fetched().await?.iter().map(object).collect();
    models.extend(state.fine_tuning().models()?.iter().map(fine_tuned_object));
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
    if let Some(model) = state.fine_tuning().model(&id)? {
        return Ok(Json(fine_tuned_object(&model)));
    }
    Ok(Json(object(&state.store().fetched(&id).await?)))
}

/// Deletes a model that was fine-tuned here.
pub(crate) async fn delete(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
) -> Result<Json<Deleted>, ApiError> {
    let Some(model) = state.fine_tuning().model(&id)? else {
        // Says that it is not there, where it is not.
        state.store().fetched(&id).await?;
        let message = format!(
            "{id} was not fine-tuned here, so this route does not delete it; remove it on the Models page or with \
             `quern models remove {id}`"
        );
        return Err(ApiError::invalid(message).with_param("model"));
    };
    state.fine_tuning().delete_model(&model)?;
    if !model.is_adapter {
        state.served().unload(&model.path);
    }
    Ok(Json(Deleted::new("model", id)))
}

fn fine_tuned_object(model: &FineTunedModel) -> ModelObject {
    ModelObject::new(&model.name, model.created_at_unix_s).from_parent(&model.base)
}

fn object(stored: &StoredModel) -> ModelObject {
    ModelObject::new(&stored.name, stored.fetched_at_unix_s)
}

fn provider_object(model: &ProviderModel) -> ModelObject {
    let provider = &model.provider;
    ModelObject::new(model.name(), provider.changed_at_unix_s).owned_by(&provider.name)
}
