//! `/v1/fine_tuning/jobs`.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CACHE_CONTROL};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use shared::api::fine_tuning::{FineTuningCheckpoint, FineTuningJob, FineTuningRequest, JobFault};
use shared::api::page::{Identified, Page};

use super::list_query::ListQuery;
use super::name_in_path::NameInPath;
use super::request_body::JsonBody;
use crate::error::ApiError;
use crate::fine_tuning::Transition;
use crate::state::AppState;

/// How many jobs and events a page has where nothing is said, as at OpenAI,
const USUAL_LISTED: usize = 20;
/// how many checkpoints,
const USUAL_CHECKPOINTS: usize = 10;
/// and the most it may have.
const MOST_LISTED: usize = 1000;

/// How often events are looked for that another process has written.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// `POST /v1/fine_tuning/jobs`.
pub(crate) async fn create(
    State(state): State<AppState>,
    JsonBody(request): JsonBody<FineTuningRequest>,
) -> Result<Json<FineTuningJob>, ApiError> {
    request.check()?;
    if state.fine_tuning().model(&request.model)?.is_some() {
        let message = format!("{} was fine-tuned itself; name the model that it was made from", request.model);
        return Err(ApiError::invalid(message).with_param("model"));
    }
    state.store().fetched(&request.model).await?;
    let files =
        [("training_file", Some(&request.training_file)), ("validation_file", request.validation_file.as_ref())];
    for (param, file) in files {
        if let Some(file) = file {
            state.fine_tuning().check_file(file, param).map_err(refuse)?;
        }
    }
    Ok(Json(state.fine_tuning().create(request)?))
}

/// `GET /v1/fine_tuning/jobs`: newest first.
pub(crate) async fn list(
    State(state): State<AppState>,
    mut query: ListQuery,
) -> Result<Json<Page<FineTuningJob>>, ApiError> {
    let (limit, after) = (query.limit(USUAL_LISTED, MOST_LISTED)?, query.take("after"));
    let pairs = query.take_pairs("metadata");
    let wants_none = query.take("metadata").map(|text| text == "null");
    query.finish()?;
    let metadata = match (wants_none, pairs.is_empty()) {
        (None, _) => Some(pairs.as_slice()),
        (Some(true), true) => None,
        _ => {
            let message = "metadata takes the form metadata[key]=value, or metadata=null for jobs that have none";
            return Err(ApiError::invalid(message).with_param("metadata"));
        }
    };
    if let Some(after) = &after {
        find(&state, after).map_err(|error| ApiError::invalid(error.message).with_param("after"))?;
    }
    let jobs = state.fine_tuning().database().jobs(after.as_deref(), limit + 1, metadata)?;
    Ok(Json(page(jobs, limit)))
}

/// `GET /v1/fine_tuning/jobs/{id}`.
pub(crate) async fn one(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
) -> Result<Json<FineTuningJob>, ApiError> {
    Ok(Json(find(&state, &id)?))
}

/// `POST /v1/fine_tuning/jobs/{id}/cancel`.
pub(crate) async fn cancel(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
) -> Result<Json<FineTuningJob>, ApiError> {
    ask(&state, &id, Transition::Cancel)
}

/// `POST /v1/fine_tuning/jobs/{id}/pause`. A job that runs is `paused` after the step under way.
pub(crate) async fn pause(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
) -> Result<Json<FineTuningJob>, ApiError> {
    ask(&state, &id, Transition::Pause)
}

/// `POST /v1/fine_tuning/jobs/{id}/resume`.
pub(crate) async fn resume(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
) -> Result<Json<FineTuningJob>, ApiError> {
    ask(&state, &id, Transition::Resume)
}

/// `GET /v1/fine_tuning/jobs/{id}/events`: newest first; or, with `stream=true` or for who accepts
/// `text/event-stream`, all of them from the first on, as they come, until the job has ended.
pub(crate) async fn events(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
    headers: HeaderMap,
    mut query: ListQuery,
) -> Result<Response, ApiError> {
    find(&state, &id)?;
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_live = match query.take("stream").as_deref() {
        None => accepts.contains("text/event-stream"),
        Some("true") => true,
        Some("false") => false,
        Some(other) => {
            return Err(ApiError::invalid(format!("stream is {other}; it must be true or false")).with_param("stream"));
        }
    };
    if is_live {
        query.finish()?;
        return Ok(live_events(state, id));
    }
    let (limit, after) = (query.limit(USUAL_LISTED, MOST_LISTED)?, query.take("after"));
    query.finish()?;
    let events = state.fine_tuning().database().events(&id, after.as_deref(), limit + 1)?;
    Ok(Json(page(events, limit)).into_response())
}

/// `GET /v1/fine_tuning/jobs/{id}/checkpoints`: newest first.
pub(crate) async fn checkpoints(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
    mut query: ListQuery,
) -> Result<Json<Page<FineTuningCheckpoint>>, ApiError> {
    find(&state, &id)?;
    let (limit, after) = (query.limit(USUAL_CHECKPOINTS, MOST_LISTED)?, query.take("after"));
    query.finish()?;
    Ok(Json(page(state.fine_tuning().database().checkpoints(&id, after.as_deref(), limit + 1)?, limit)))
}

fn live_events(state: AppState, id: String) -> Response {
    let silence = Duration::from_secs(state.config().limits.keep_alive_seconds);
    let events = async_stream::stream! {
        let (database, mut changes) = (state.fine_tuning().database(), state.fine_tuning().changes());
        let mut last = 0;
        loop {
            changes.mark_unchanged();
            // Looked at first: what has ended adds no events.
            let has_ended = database.job(&id).map(|stored| stored.is_none_or(|stored| stored.job.status.is_final()));
            let new = has_ended.and_then(|has_ended| Ok((has_ended, database.events_since(&id, last, MOST_LISTED)?)));
            let (has_ended, new) = match new {
                Ok(new) => new,
                Err(error) => {
                    yield Ok::<_, Infallible>(Event::default().json_data(ApiError::from(error).envelope()).unwrap_or_default());
                    return;
                }
            };
            let is_last = new.len() < MOST_LISTED;
            for (number, event) in new {
                last = number;
                // Plain data always has a JSON form.
                yield Ok(Event::default().json_data(&event).unwrap_or_default());
            }
            if !is_last {
                continue;
            }
            if has_ended {
                yield Ok(Event::default().data("[DONE]"));
                return;
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = state.cut_off().cancelled() => {
                    let error = ApiError::unavailable("the companion is shutting down");
                    yield Ok(Event::default().json_data(error.envelope()).unwrap_or_default());
                    return;
                }
            }
        }
    };
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(silence).text("keep-alive"));
    ([(CACHE_CONTROL, "no-cache")], stream).into_response()
}

fn find(state: &AppState, id: &str) -> Result<FineTuningJob, ApiError> {
    let stored = state.fine_tuning().database().job(id)?;
    stored.map(|stored| stored.job).ok_or_else(|| unknown(id))
}

fn ask(state: &AppState, id: &str, transition: Transition) -> Result<Json<FineTuningJob>, ApiError> {
    Ok(Json(state.fine_tuning().ask(id, transition)?.ok_or_else(|| unknown(id))??))
}

fn unknown(id: &str) -> ApiError {
    let message = format!("there is no fine-tuning job {id}; GET /v1/fine_tuning/jobs lists those there are");
    ApiError::not_found("fine_tune_not_found", message).with_param("fine_tune_id")
}

fn refuse(fault: JobFault) -> ApiError {
    let error = ApiError { code: Some(fault.code.into()), ..ApiError::invalid(fault.message) };
    fault.param.into_iter().fold(error, ApiError::with_param)
}

fn page<T: Identified>(mut items: Vec<T>, limit: usize) -> Page<T> {
    let has_more = items.len() > limit;
    items.truncate(limit);
    Page::new(items, has_more)
}
