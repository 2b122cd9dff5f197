//! The companion's own endpoints, as the page calls them. The page comes from the companion, so addresses have no
//! host; where it comes from elsewhere (a folder of files), there is no companion.

pub mod fine_tuning;

use shared::api::companion::{CompanionDevice, CompanionModels, PreviewRequest, PullEvent, PullRequest};
use shared::api::models::ModelList;
use shared::api::providers::{ProviderChange, ProviderEntry, ProviderModels, Providers};
use shared::model_call::ModelCallError;
use shared::prompt::Preview;

use crate::browser::http::{EventConnection, delete, get_json, post_json, put_json};

/// A companion on this machine answers in milliseconds; one in the local network somewhat later.
const PATIENCE_MS: u32 = 4_000;
/// The companion waits for somebody else's server, and gives up by itself before this.
const PROVIDER_PATIENCE_MS: u32 = 60_000;

/// Ids of the models that the companion answers with.
///
/// # Errors
/// Where there is no companion.
pub async fn served_models() -> Result<Vec<String>, ModelCallError> {
    let list: ModelList = get_json("/v1/models", PATIENCE_MS).await?;
    Ok(list.data.into_iter().map(|model| model.id).collect())
}

/// The companion's catalogue, and what of it is there.
///
/// # Errors
/// Where there is no companion.
pub async fn catalogue() -> Result<CompanionModels, ModelCallError> {
    get_json("/api/models", PATIENCE_MS).await
}

/// What one of the companion's models sees of messages.
///
/// # Errors
/// Where there is no companion, or the model refuses the messages.
pub async fn preview(request: &PreviewRequest) -> Result<Preview, ModelCallError> {
    post_json("/api/preview", request, PATIENCE_MS).await
}

/// The machine that the companion runs on.
///
/// # Errors
/// Where there is no companion.
pub async fn device() -> Result<CompanionDevice, ModelCallError> {
    get_json("/api/device", PATIENCE_MS).await
}

/// The external addresses that the companion knows.
///
/// # Errors
/// Where there is no companion, or an older one.
pub async fn providers() -> Result<Providers, ModelCallError> {
    get_json("/api/providers", PATIENCE_MS).await
}

/// Adds an external address, or changes it.
///
/// # Errors
/// What the companion refuses of it.
pub async fn change_provider(name: &str, change: &ProviderChange) -> Result<ProviderEntry, ModelCallError> {
    put_json(&provider_url(name), change, PATIENCE_MS).await
}

/// Forgets an external address and its key.
///
/// # Errors
/// Why the companion does not.
pub async fn remove_provider(name: &str) -> Result<(), ModelCallError> {
    delete(&provider_url(name), PATIENCE_MS).await
}

/// Which models there are at an external address: the companion asks it now.
///
/// # Errors
/// Why it does not say.
pub async fn provider_models(name: &str) -> Result<ProviderModels, ModelCallError> {
    get_json(&format!("{}/models", provider_url(name)), PROVIDER_PATIENCE_MS).await
}

fn provider_url(name: &str) -> String {
    format!("/api/providers/{}", js_sys::encode_uri_component(name))
}

/// Lets the companion fetch a model from its source, and waits until it is there.
///
/// # Errors
/// Why it could not.
pub async fn pull(
    model: &str,
    accept_licence: bool,
    mut on_progress: impl FnMut(u64, Option<u64>),
) -> Result<(), String> {
    let request = PullRequest { model: model.to_owned(), accept_licence };
    let mut events = EventConnection::post("/api/models/pull", &request).await.map_err(|error| error.message)?;
    while let Some(data) = events.next().await.map_err(|error| error.message)? {
        match serde_json::from_str(&data) {
            Ok(PullEvent::Progress { done_bytes, total_bytes }) => on_progress(done_bytes, total_bytes),
            Ok(PullEvent::Done { .. }) => return Ok(()),
            Ok(PullEvent::Failed { message }) => return Err(message),
            Err(error) => return Err(format!("the companion's report can't be read: {error}")),
        }
    }
    Err("the companion broke off its report; try again".to_owned())
}

/// Where the companion hands out the bytes of a model it has.
pub fn model_url(name: &str) -> String {
    format!("/models/{name}")
}
