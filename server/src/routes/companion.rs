//! Our own few endpoints on models: what there is, what they see of a prompt, fetching with progress, removing.
//!
//! Only models of the catalogue can be fetched this way: a page must not make the companion read any file or address.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use shared::api::companion::{
    CompanionModel, CompanionModelState, CompanionModels, PreviewRequest, PullEvent, PullRequest,
};
use shared::chat_template::RenderOptions;
use shared::prompt::{Preview, preview as preview_of};

use super::name_in_path::NameInPath;
use super::request_body::JsonBody;
use crate::error::ApiError;
use crate::model_store::{Consent, ListedModel};
use crate::pulls::PullState;
use crate::state::AppState;

/// Time between two events of a download.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// `GET /api/models`: the catalogue, and what is on this machine.
pub(crate) async fn list(State(state): State<AppState>) -> Result<Json<CompanionModels>, ApiError> {
    let models = state.store().list().await?;
    Ok(Json(CompanionModels { models: models.into_iter().map(|model| describe(&state, model)).collect() }))
}

/// `POST /api/preview`: the exact text and tokens that a model sees of messages. Nothing is loaded.
pub(crate) async fn preview(
    State(state): State<AppState>,
    JsonBody(request): JsonBody<PreviewRequest>,
) -> Result<Json<Preview>, ApiError> {
    let model = state.model_to_serve(&request.model).await?;
    let text = state.text_of(&model).await?;
    let today = engine::clock::today();
    let options = RenderOptions { today: &today, ..RenderOptions::default() };
    let preview = preview_of(&request.messages, text.chat_template(), options, text.tokenizer(), None);
    preview.map(Json).map_err(|error| ApiError::invalid(error.to_string()).with_param("messages"))
}

/// `POST /api/models/pull`: fetches a model of the catalogue, telling how far it is by server-sent events. The
/// download goes on when the client leaves; asking again joins it.
pub(crate) async fn pull(
    State(state): State<AppState>,
    JsonBody(request): JsonBody<PullRequest>,
) -> Result<Response, ApiError> {
    let name = &request.model;
    if state.store().known(name).is_none() {
        return Err(ApiError::model_not_found(format!("the catalogue has no model called {name}")));
    }
    let consent = if request.accept_licence { Consent::Given } else { Consent::NotGiven };
    let mut progress = state.pulls().start(state.store(), name, consent);
    // What fails at once, such as terms not accepted, gets its HTTP status.
    let _ = progress.changed().await;
    if let PullState::Failed(error) = &*progress.borrow_and_update() {
        return Err(error.clone());
    }
    let events = async_stream::stream! {
        loop {
            let state = progress.borrow_and_update().clone();
            yield event(&to_wire(&state));
            if !matches!(state, PullState::Running(_)) {
                return;
            }
            tokio::time::sleep(PROGRESS_INTERVAL).await;
            if progress.changed().await.is_err() {
                // Stopped by somebody: the last state is still "running".
                yield event(&PullEvent::Failed { message: "the download was stopped; what came is kept".to_owned() });
                return;
            }
        }
    };
    let silence = Duration::from_secs(state.config().limits.keep_alive_seconds);
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(silence).text("keep-alive"));
    Ok(([(CACHE_CONTROL, "no-cache")], stream).into_response())
}

/// `DELETE /api/models/{name}/pull`: stops a download. What came is kept for the next try.
pub(crate) async fn stop_pull(
    State(state): State<AppState>,
    NameInPath(name): NameInPath,
) -> Result<StatusCode, ApiError> {
    if state.pulls().stop(&name) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::conflict("no_download", format!("{name} is not being downloaded")))
    }
}

/// `DELETE /api/models/{name}`: deletes the file, once running answers are done with it.
pub(crate) async fn remove(
    State(state): State<AppState>,
    NameInPath(name): NameInPath,
) -> Result<StatusCode, ApiError> {
    let removed = state.store().remove(&name).await?;
    state.served().unload(&removed.path);
    Ok(StatusCode::NO_CONTENT)
}

fn describe(state: &AppState, model: ListedModel) -> CompanionModel {
    let place = match (model.stored, state.pulls().progress(&model.name)) {
        (Some(stored), _) => {
            CompanionModelState::Installed { size_bytes: stored.size_bytes, sha256: stored.checksum.to_string() }
        }
        (None, Some(progress)) => {
            CompanionModelState::Fetching { done_bytes: progress.done_bytes, total_bytes: progress.total_bytes }
        }
        (None, None) => CompanionModelState::Absent,
    };
    CompanionModel { name: model.name, entry: model.known.map(|known| known.entry), state: place }
}

fn event(event: &PullEvent) -> Result<Event, Infallible> {
    // Plain data always has a JSON form.
    Ok(Event::default().json_data(event).unwrap_or_default())
}

fn to_wire(state: &PullState) -> PullEvent {
    match state {
        PullState::Running(progress) => {
            PullEvent::Progress { done_bytes: progress.done_bytes, total_bytes: progress.total_bytes }
        }
        PullState::Done(model) => PullEvent::Done { name: model.name.clone() },
        PullState::Failed(error) => PullEvent::Failed { message: error.message.clone() },
    }
}
