//! `/api/providers`: external addresses with OpenAI's API, and what they have. Their keys come in here and never go out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use shared::api::providers::{ProviderChange, ProviderEntry, ProviderModels, Providers};

use super::name_in_path::NameInPath;
use super::request_body::JsonBody;
use crate::error::ApiError;
use crate::protection::Caller;
use crate::providers::Provider;
use crate::state::AppState;

/// `GET /api/providers`: all of them, with their addresses, for those who may use them.
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<Providers>, ApiError> {
    caller.check_may_use_providers(&state.config().listen)?;
    let providers = state.providers().store.all().await?;
    Ok(Json(Providers {
        providers: providers.iter().map(Provider::entry).collect(),
        can_change: caller.check_may_change_providers().is_ok(),
    }))
}

/// `PUT /api/providers/{name}`: adds one, or makes it another one.
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    NameInPath(name): NameInPath,
    JsonBody(change): JsonBody<ProviderChange>,
) -> Result<Json<ProviderEntry>, ApiError> {
    caller.check_may_change_providers()?;
    Ok(Json(state.providers().store.change(&name, change).await?.entry()))
}

/// `DELETE /api/providers/{name}`: forgets it and its key.
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    NameInPath(name): NameInPath,
) -> Result<StatusCode, ApiError> {
    caller.check_may_change_providers()?;
    state.providers().store.remove(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/providers/{name}/models`: asks it what it has.
pub(crate) async fn models(
    State(state): State<AppState>,
    caller: Caller,
    NameInPath(name): NameInPath,
) -> Result<Json<ProviderModels>, ApiError> {
    caller.check_may_use_providers(&state.config().listen)?;
    let provider = state.providers().store.get(&name).await?;
    Ok(Json(ProviderModels { models: state.providers().client.models(&provider).await? }))
}
