//! Our own few endpoints on models: what there is, fetching with progress, removing.
//!
//! Only models of the catalogue can be fetched this way: a page must not make the companion read any file or address.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::request_body::JsonBody;
use crate::downloads::progress::{Progress, Step};
use crate::error::ApiError;
use crate::model_store::{Consent, ListedModel};
use crate::pulls::PullState;
use crate::state::AppState;

/// Time between two events of a download.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// `GET /api/models`: the catalogue, and what is on this machine.
pub(crate) async fn list(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let models = state.store().list().await?;
    let loaded = state.served().loaded_names();
    let models: Vec<Value> = models.iter().map(|model| describe(&state, model, &loaded)).collect();
    Ok(Json(json!({"models": models})))
}

/// What `POST /api/models/{name}/pull` takes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PullRequest {
    /// The person has read the model's terms and accepts them.
    accept_licence: bool,
}

/// `POST /api/models/{name}/pull`: fetches a model of the catalogue, telling how far it is by server-sent events. The
/// download goes on when the client leaves; asking again joins it.
pub(crate) async fn pull(
    State(state): State<AppState>,
    Path(name): Path<String>,
    JsonBody(request): JsonBody<PullRequest>,
) -> Result<Response, ApiError> {
    if state.store().known(&name).is_none() {
        return Err(ApiError::model_not_found(format!("the catalogue has no model called {name}")));
    }
    let consent = if request.accept_licence { Consent::Given } else { Consent::NotGiven };
    let mut progress = state.pulls().start(state.store(), &name, consent);
    // What fails at once, such as terms not accepted, gets its HTTP status.
    let _ = progress.changed().await;
    if let PullState::Failed(error) = &*progress.borrow_and_update() {
        return Err(error.clone());
    }
    let events = async_stream::stream! {
        loop {
            let state = progress.borrow_and_update().clone();
            yield Ok::<_, Infallible>(Event::default().data(to_json(&state).to_string()));
            if !matches!(state, PullState::Running(_)) {
                return;
            }
            tokio::time::sleep(PROGRESS_INTERVAL).await;
            if progress.changed().await.is_err() {
                // Stopped by somebody: the last state is still "running".
                yield Ok(Event::default().data(json!({"state": "stopped"}).to_string()));
                return;
            }
        }
    };
    let silence = Duration::from_secs(state.config().limits.keep_alive_seconds);
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(silence).text("keep-alive"));
    Ok(([(CACHE_CONTROL, "no-cache")], stream).into_response())
}

/// `DELETE /api/models/{name}/pull`: stops a download. What came is kept for the next try.
pub(crate) async fn stop_pull(State(state): State<AppState>, Path(name): Path<String>) -> Result<StatusCode, ApiError> {
    if state.pulls().stop(&name) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::conflict("no_download", format!("{name} is not being downloaded")))
    }
}

/// `DELETE /api/models/{name}`: deletes the file, once running answers are done with it.
pub(crate) async fn remove(State(state): State<AppState>, Path(name): Path<String>) -> Result<StatusCode, ApiError> {
    let removed = state.store().remove(&name).await?;
    state.served().unload(&removed.path);
    Ok(StatusCode::NO_CONTENT)
}

fn describe(state: &AppState, model: &ListedModel, loaded: &[String]) -> Value {
    let (known, stored) = (model.known.as_ref(), model.stored.as_ref());
    let licence = known.and_then(|known| known.licence.as_ref());
    json!({
        "name": model.name,
        "title": known.map_or(&model.name, |known| &known.title),
        "size_bytes": stored.map(|stored| stored.size_bytes).or(known.and_then(|known| known.expected.size_bytes)),
        "licence": licence.map(|licence| {
            json!({"name": licence.name, "url": licence.url, "must_be_accepted": licence.must_be_accepted})
        }),
        "fetched": stored.is_some(),
        "loaded": loaded.contains(&model.name),
        "download": state.pulls().progress(&model.name).map(ProgressJson::from),
    })
}

#[derive(Serialize)]
struct ProgressJson {
    step: &'static str,
    done_bytes: u64,
    total_bytes: Option<u64>,
}

impl From<Progress> for ProgressJson {
    fn from(progress: Progress) -> Self {
        let step = match progress.step {
            Step::Waiting => "waiting",
            Step::Downloading => "downloading",
            Step::Unpacking => "unpacking",
            Step::Verifying => "verifying",
        };
        Self { step, done_bytes: progress.done_bytes, total_bytes: progress.total_bytes }
    }
}

fn to_json(state: &PullState) -> Value {
    match state {
        PullState::Running(progress) => {
            let progress = ProgressJson::from(*progress);
            json!({"state": "running", "step": progress.step, "done_bytes": progress.done_bytes, "total_bytes": progress.total_bytes})
        }
        PullState::Done(model) => json!({"state": "done", "name": model.name, "size_bytes": model.size_bytes}),
        PullState::Failed(error) => error.envelope(),
    }
}
