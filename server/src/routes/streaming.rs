//! From a model's events to an answer, in one piece or as server-sent events.
//!
//! The order of a stream is OpenAI's: a first chunk where the shape has one, a chunk for each new text, a last one
//! with the reason, a chunk with the usage if it was asked for, `[DONE]`. A failure after the first byte is an
//! event with the error envelope, and no `[DONE]` follows.

use std::time::Duration;

use axum::Json;
use axum::http::header::CACHE_CONTROL;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{Stream, StreamExt};
use serde_json::Value;
use shared::api::StreamOptions;
use shared::model_call::{
    FinishReason, GenerationEvent, GenerationRequest, GenerationStream, GenerationUsage, TokenLogProbability,
};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::inference::ModelToServe;
use crate::state::AppState;

/// How one endpoint writes down what a model says.
pub(crate) trait AnswerShape: Clone + Send + Sync + 'static {
    /// The field of the request that holds the prompt, for errors about it.
    fn prompt_field(&self) -> &'static str;
    /// A chunk before any text.
    fn first_chunk(&self, choice: usize) -> Option<Value>;
    /// A chunk with new text, and how probable its tokens were, where that was asked for.
    fn text_chunk(&self, choice: usize, text: String, tokens: Vec<TokenLogProbability>) -> Value;
    /// The chunk that ends a choice.
    fn last_chunk(&self, choice: usize, reason: FinishReason) -> Value;
    /// The chunk with the counts.
    fn usage_chunk(&self, usage: GenerationUsage) -> Value;
    /// The answer in one piece.
    fn whole(&self, choices: Vec<Choice>, usage: GenerationUsage) -> Value;
}

/// One finished answer.
pub(crate) struct Choice {
    /// Its text.
    pub(crate) text: String,
    /// How probable its tokens were, where that was asked for.
    pub(crate) tokens: Vec<TokenLogProbability>,
    /// Why it ended.
    pub(crate) reason: FinishReason,
}

/// How the client wants its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// In one piece.
    Whole,
    /// As server-sent events.
    Streamed { include_usage: bool },
}

impl Delivery {
    /// As a request says by its `stream` and `stream_options`.
    pub(crate) fn asked_for(stream: bool, options: Option<StreamOptions>) -> Result<Self, ApiError> {
        match (stream, options) {
            (true, options) => {
                Ok(Self::Streamed { include_usage: options.is_some_and(|options| options.include_usage) })
            }
            (false, None) => Ok(Self::Whole),
            (false, Some(_)) => {
                Err(ApiError::invalid("stream_options needs stream to be true").with_param("stream_options"))
            }
        }
    }
}

/// Generates for each prompt in turn, and answers in the shape and delivery asked for. Whatever is wrong with a request
/// (in a stream of several: with its first prompt) is known before the first byte is sent, so it gets its HTTP status.
pub(crate) async fn respond(
    state: &AppState,
    model: &ModelToServe,
    prompts: Vec<GenerationRequest>,
    delivery: Delivery,
    shape: impl AnswerShape,
) -> Result<Response, ApiError> {
    let mut generations = match delivery {
        // Nobody sees an answer before they are all there.
        Delivery::Whole => state.served().submit_in_any_order(model, prompts)?,
        Delivery::Streamed { .. } => state.served().submit(model, prompts)?,
    };
    let cut_off = state.cut_off().clone();
    if let Some(first) = generations.first_mut() {
        // The first event is `Started`; the stream goes on from there.
        next_event(first, &cut_off).await.map_err(|error| error.about(shape.prompt_field()))?;
    }
    match delivery {
        Delivery::Whole => whole(generations, &cut_off, &shape).await,
        Delivery::Streamed { include_usage } => {
            let events = events(generations, cut_off, shape, include_usage);
            let silence = Duration::from_secs(state.config().limits.keep_alive_seconds);
            let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(silence).text("keep-alive"));
            Ok(([(CACHE_CONTROL, "no-cache")], stream).into_response())
        }
    }
}

/// The next event, or an error once the companion stops and the grace time is over.
async fn next_event(
    generation: &mut GenerationStream,
    cut_off: &CancellationToken,
) -> Result<GenerationEvent, ApiError> {
    tokio::select! {
        event = generation.next() => match event {
            Some(event) => Ok(event?),
            None => Err(ApiError::internal("the model ended without saying why")),
        },
        () = cut_off.cancelled() => Err(ApiError::unavailable("the companion is shutting down")),
    }
}

async fn whole(
    generations: Vec<GenerationStream>,
    cut_off: &CancellationToken,
    shape: &impl AnswerShape,
) -> Result<Response, ApiError> {
    let mut choices = Vec::new();
    let mut usage = GenerationUsage::default();
    for mut generation in generations {
        let (mut text, mut tokens) = (String::new(), Vec::new());
        let reason = loop {
            let event =
                next_event(&mut generation, cut_off).await.map_err(|error| error.about(shape.prompt_field()))?;
            match event {
                GenerationEvent::Started { .. } | GenerationEvent::Prefill { .. } => {}
                GenerationEvent::LogProbabilities { tokens: more } => tokens.extend(more),
                GenerationEvent::Text { text: more, .. } => text.push_str(&more),
                GenerationEvent::Finished { reason, usage: more } => {
                    usage = add(usage, more);
                    break reason;
                }
            }
        };
        choices.push(Choice { text, tokens, reason });
    }
    Ok(Json(shape.whole(choices, usage)).into_response())
}

fn events(
    generations: Vec<GenerationStream>,
    cut_off: CancellationToken,
    shape: impl AnswerShape,
    include_usage: bool,
) -> impl Stream<Item = Result<Event, axum::Error>> + Send {
    let chunk = move |mut json: Value| {
        if include_usage && json.get("usage").is_none() {
            json["usage"] = Value::Null;
        }
        Event::default().json_data(json)
    };
    async_stream::stream! {
        let mut total = GenerationUsage::default();
        for (choice, mut generation) in generations.into_iter().enumerate() {
            if let Some(first) = shape.first_chunk(choice) {
                yield chunk(first);
            }
            // Of text that is not sent yet.
            let mut tokens = Vec::new();
            loop {
                match next_event(&mut generation, &cut_off).await {
                    Ok(GenerationEvent::Started { .. } | GenerationEvent::Prefill { .. }) => {}
                    Ok(GenerationEvent::LogProbabilities { tokens: more }) => tokens.extend(more),
                    // A token can end in the middle of a character; its text comes with the next one.
                    Ok(GenerationEvent::Text { text, .. }) if text.is_empty() => {}
                    Ok(GenerationEvent::Text { text, .. }) => {
                        yield chunk(shape.text_chunk(choice, text, std::mem::take(&mut tokens)));
                    }
                    Ok(GenerationEvent::Finished { reason, usage }) => {
                        total = add(total, usage);
                        if !tokens.is_empty() {
                            yield chunk(shape.text_chunk(choice, String::new(), std::mem::take(&mut tokens)));
                        }
                        yield chunk(shape.last_chunk(choice, reason));
                        break;
                    }
                    Err(error) => {
                        yield Event::default().json_data(error.about(shape.prompt_field()).envelope());
                        return;
                    }
                }
            }
        }
        if include_usage {
            yield chunk(shape.usage_chunk(total));
        }
        yield Ok(Event::default().data("[DONE]"));
    }
}

fn add(one: GenerationUsage, other: GenerationUsage) -> GenerationUsage {
    GenerationUsage {
        prompt_tokens: one.prompt_tokens + other.prompt_tokens,
        cached_prompt_tokens: one.cached_prompt_tokens + other.cached_prompt_tokens,
        completion_tokens: one.completion_tokens + other.completion_tokens,
        prefill_seconds: one.prefill_seconds + other.prefill_seconds,
        decode_seconds: one.decode_seconds + other.decode_seconds,
    }
}
