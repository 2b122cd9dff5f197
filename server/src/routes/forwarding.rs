//! Requests for a provider's model: passed on, and the answer passed back as it comes, under the model's name here.

use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::Stream;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::streaming::Delivery;
use crate::error::ApiError;
use crate::providers::{Provider, ProviderEvents, ProviderFailure, ProviderModel, Renamed, request_body, with_model};
use crate::state::AppState;

const DONE: &str = "[DONE]";

/// Passes a checked request on to the provider's endpoint `path`. A client that leaves drops the answer, which closes the
/// connection to the provider.
pub(crate) async fn forward(
    state: &AppState,
    model: &ProviderModel,
    path: &str,
    request: &impl Serialize,
    delivery: Delivery,
) -> Result<Response, ApiError> {
    let body = request_body(request, model)
        .map_err(|error| ApiError::internal(format!("the request can't be passed on: {error}")))?;
    let (client, provider) = (&state.providers().client, &model.provider);
    let cut_off = state.cut_off().clone();
    let answering = async {
        match delivery {
            Delivery::Whole => {
                let answer = client.whole(provider, path, body).await;
                answer
                    .and_then(|answer| renamed(provider, &answer, &model.name()))
                    .map(|answer| ([(CONTENT_TYPE, "application/json")], answer.json).into_response())
            }
            Delivery::Streamed { .. } => {
                let events = client.streamed(provider, path, body).await?;
                let silence = Duration::from_secs(state.config().limits.keep_alive_seconds);
                let stream = Sse::new(passed_on(events, model.name(), cut_off.clone()))
                    .keep_alive(KeepAlive::new().interval(silence).text("keep-alive"));
                Ok(([(CACHE_CONTROL, "no-cache")], stream).into_response())
            }
        }
    };
    tokio::select! {
        answered = answering => Ok(answered?),
        () = cut_off.cancelled() => Err(shutting_down()),
    }
}

/// A piece of the answer, or all of it, under the model's name here.
fn renamed(provider: &Provider, answer: &str, name: &str) -> Result<Renamed, ProviderFailure> {
    with_model(answer, name).ok_or_else(|| {
        ProviderFailure::told(provider, answer).unwrap_or_else(|| {
            let message = format!("{} sent something that is neither an answer nor an error in words", provider.name);
            ProviderFailure::bad_gateway(provider, message)
        })
    })
}

/// The provider's events, each as soon as it is here. A failure is an event with the envelope, and no `[DONE]` follows.
fn passed_on(
    mut events: ProviderEvents,
    model: String,
    cut_off: CancellationToken,
) -> impl Stream<Item = Result<Event, axum::Error>> + Send {
    async_stream::stream! {
        let mut has_ended = false;
        loop {
            let next = tokio::select! {
                next = events.next() => next,
                () = cut_off.cancelled() => {
                    yield Event::default().json_data(shutting_down().envelope());
                    return;
                }
            };
            let chunk = next.and_then(|data| match data {
                Some(data) if data == DONE => Ok(None),
                Some(data) => renamed(events.provider(), &data, &model).map(Some),
                // Not everybody says that it was the end.
                None if has_ended => Ok(None),
                None => {
                    let provider = events.provider();
                    let message = format!("the answer of {} broke off; try again", provider.name);
                    Err(ProviderFailure::bad_gateway(provider, message))
                }
            });
            match chunk {
                Ok(Some(chunk)) => {
                    has_ended |= chunk.has_finish_reason;
                    yield Ok(Event::default().data(chunk.json));
                }
                Ok(None) => {
                    yield Ok(Event::default().data(DONE));
                    return;
                }
                Err(failure) => {
                    yield Event::default().json_data(failure.envelope);
                    return;
                }
            }
        }
    }
}

fn shutting_down() -> ApiError {
    ApiError::unavailable("the companion is shutting down")
}
