//! A model of the companion, over OpenAI's API.

use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::{AbortHandle, Abortable};
use futures::stream::{Stream, StreamExt};
use send_wrapper::SendWrapper;
use shared::api::chat::{ChatCompletionChunk, ChatCompletionRequest, Message};
use shared::api::embeddings::{EmbeddingList, EmbeddingRequest};
use shared::api::error::ErrorEnvelope;
use shared::api::response_format::ResponseFormat;
use shared::api::{Stop, StreamOptions};
use shared::model_call::{
    EmbeddingFuture, Embeddings, FinishReason, GenerationEvent, GenerationRequest, GenerationStream, GenerationUsage,
    ModelCall, ModelCallError, ModelCallErrorKind, Prompt, TokenLogProbability,
};
use std::pin::Pin;
use std::task::{Context, Poll};
use wasm_bindgen_futures::spawn_local;

use crate::browser::clock::now_ms;
use crate::browser::http::{EventConnection, post_json};

const CHAT_COMPLETIONS: &str = "/v1/chat/completions";
const EMBEDDINGS: &str = "/v1/embeddings";
/// Many long texts take minutes on a slow machine; nobody waits for ever.
const EMBEDDING_PATIENCE_MS: u32 = 600_000;

/// A model of the companion.
pub struct Companion {
    model: String,
}

type Sender = UnboundedSender<Result<GenerationEvent, ModelCallError>>;

impl Companion {
    /// The companion's model of that id.
    pub fn new(model: String) -> Self {
        Self { model }
    }
}

impl ModelCall for Companion {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let (sender, receiver) = unbounded();
        let (abort, registration) = AbortHandle::new_pair();
        let model = self.model.clone();
        spawn_local(async move {
            let answering = async {
                if let Err(error) = answer(&model, request, &sender).await {
                    // Nobody listens any more: the error concerns nobody.
                    let _ = sender.unbounded_send(Err(error));
                }
            };
            // Aborted means dropped, and dropping closes the connection.
            let _ = Abortable::new(answering, registration).await;
        });
        Box::pin(SendWrapper::new(AbortOnDrop { events: receiver, abort }))
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        let (count, request) = (texts.len(), EmbeddingRequest::new(self.model.clone(), texts));
        Box::pin(SendWrapper::new(async move {
            let list: EmbeddingList = post_json(EMBEDDINGS, &request, EMBEDDING_PATIENCE_MS).await?;
            vectors_of(list, count)
        }))
    }
}

fn vectors_of(mut list: EmbeddingList, count: usize) -> Result<Embeddings, ModelCallError> {
    list.data.sort_by_key(|object| object.index);
    if !list.data.iter().map(|object| object.index).eq(0..count) {
        return Err(ModelCallError {
            kind: ModelCallErrorKind::Unavailable,
            message: format!("the companion sent {} vectors for {count} texts; try again", list.data.len()),
            param: None,
        });
    }
    let vectors = list.data.into_iter().map(|object| object.embedding).collect();
    Ok(Embeddings { vectors, prompt_tokens: list.usage.prompt_tokens })
}

/// The events; the work ends when they are dropped.
struct AbortOnDrop<S> {
    events: S,
    abort: AbortHandle,
}

impl<S: Stream + Unpin> Stream for AbortOnDrop<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.events.poll_next_unpin(context)
    }
}

impl<S> Drop for AbortOnDrop<S> {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

async fn answer(model: &str, request: GenerationRequest, sender: &Sender) -> Result<(), ModelCallError> {
    let body = to_wire(model, request)?;
    let mut progress = Progress::new(now_ms());
    let mut events = EventConnection::post(CHAT_COMPLETIONS, &body).await?;
    while let Some(data) = events.next().await? {
        if data == "[DONE]" {
            break;
        }
        for event in progress.take(&data, now_ms())? {
            // A receiver that is gone aborts this task.
            let _ = sender.unbounded_send(Ok(event));
        }
    }
    let last = progress.finish()?;
    let _ = sender.unbounded_send(Ok(last));
    Ok(())
}

fn to_wire(model: &str, request: GenerationRequest) -> Result<ChatCompletionRequest, ModelCallError> {
    let Prompt::Chat(messages) = request.prompt else {
        return Err(ModelCallError {
            kind: ModelCallErrorKind::InvalidRequest,
            message: "the companion is called with conversations only".to_owned(),
            param: None,
        });
    };
    let (sampling, limits) = (request.sampling, request.limits);
    let log_probabilities = request.log_probabilities;
    if log_probabilities.is_some_and(|wanted| wanted.of_prompt) {
        return Err(ModelCallError {
            kind: ModelCallErrorKind::InvalidRequest,
            message: "the companion tells log-probabilities of answers here, not those of a conversation's prompt"
                .to_owned(),
            param: None,
        });
    }
    Ok(ChatCompletionRequest {
        model: model.to_owned(),
        messages: messages.into_iter().map(|message| Message::new(message.role, message.content)).collect(),
        temperature: Some(sampling.temperature),
        top_p: Some(sampling.top_p),
        top_k: Some(sampling.top_k),
        min_p: Some(sampling.min_p),
        repetition_penalty: Some(sampling.repetition_penalty),
        max_completion_tokens: limits.max_tokens,
        logprobs: log_probabilities.is_some(),
        top_logprobs: log_probabilities.map(|wanted| wanted.top),
        response_format: request.constraint.as_ref().map(ResponseFormat::from),
        stop: (!limits.stop.is_empty()).then_some(Stop::Many(limits.stop)),
        seed: Some(sampling.seed.cast_signed()),
        stream: true,
        stream_options: Some(StreamOptions { include_usage: true }),
        ..ChatCompletionRequest::default()
    })
}

/// What is known of an answer so far; times are the page's own, the network included.
struct Progress {
    started_ms: f64,
    first_text_ms: Option<f64>,
    last_text_ms: f64,
    reason: Option<FinishReason>,
    usage: GenerationUsage,
}

impl Progress {
    fn new(started_ms: f64) -> Self {
        Self {
            started_ms,
            first_text_ms: None,
            last_text_ms: started_ms,
            reason: None,
            usage: GenerationUsage::default(),
        }
    }

    fn take(&mut self, data: &str, now_ms: f64) -> Result<Vec<GenerationEvent>, ModelCallError> {
        // An error can come after the head of the answer.
        if let Ok(envelope) = serde_json::from_str::<ErrorEnvelope>(data) {
            return Err(envelope.into());
        }
        let chunk: ChatCompletionChunk = serde_json::from_str(data).map_err(|error| ModelCallError {
            kind: ModelCallErrorKind::Unavailable,
            message: format!("the companion sent something else than a chunk of an answer: {error}"),
            param: None,
        })?;
        if let Some(usage) = chunk.usage {
            self.usage.prompt_tokens = usage.prompt_tokens;
            self.usage.completion_tokens = usage.completion_tokens;
            self.usage.cached_prompt_tokens = usage.prompt_tokens_details.cached_tokens;
        }
        let mut events = Vec::new();
        for choice in chunk.choices {
            self.reason = choice.finish_reason.or(self.reason);
            if let Some(tokens) = choice.logprobs.and_then(|logprobs| logprobs.content) {
                let tokens = tokens.into_iter().map(TokenLogProbability::from).collect();
                events.push(GenerationEvent::LogProbabilities { tokens });
            }
            if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
                self.first_text_ms.get_or_insert(now_ms);
                self.last_text_ms = now_ms;
                events.push(GenerationEvent::Text { text, ids: Vec::new() });
            }
        }
        Ok(events)
    }

    fn finish(mut self) -> Result<GenerationEvent, ModelCallError> {
        let reason = self.reason.ok_or_else(|| ModelCallError {
            kind: ModelCallErrorKind::Unavailable,
            message: "the companion's answer broke off; try again".to_owned(),
            param: None,
        })?;
        let first_ms = self.first_text_ms.unwrap_or(self.last_text_ms);
        self.usage.prefill_seconds = (first_ms - self.started_ms) / 1000.0;
        self.usage.decode_seconds = (self.last_text_ms - first_ms) / 1000.0;
        Ok(GenerationEvent::Finished { reason, usage: self.usage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model_call::{ChatMessage, GenerationLimits, LogProbabilitiesWanted, OutputConstraint, TopToken};
    use shared::sampling::SamplingParameters;

    #[test]
    fn a_streamed_answer_becomes_events() {
        let mut progress = Progress::new(1000.0);
        let mut texts = Vec::new();
        for (data, ms) in [
            (
                r#"{"id":"c","object":"x","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
                1100.0,
            ),
            (
                r#"{"id":"c","object":"x","choices":[{"index":0,"delta":{"content":"Pa"},"finish_reason":null}],"usage":null}"#,
                1500.0,
            ),
            (
                r#"{"id":"c","object":"x","choices":[{"index":0,"delta":{"content":"ris"},"finish_reason":null}],"usage":null}"#,
                2500.0,
            ),
            (
                r#"{"id":"c","object":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
                2600.0,
            ),
            (
                r#"{"id":"c","object":"x","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#,
                2600.0,
            ),
        ] {
            texts.extend(progress.take(data, ms).unwrap());
        }
        let text = |text: &str| GenerationEvent::Text { text: text.to_owned(), ids: Vec::new() };
        assert_eq!(texts, [text("Pa"), text("ris")]);
        let GenerationEvent::Finished { reason, usage } = progress.finish().unwrap() else { panic!("finished") };
        assert_eq!(reason, FinishReason::Stop);
        assert_eq!((usage.prompt_tokens, usage.completion_tokens), (7, 3));
        assert_eq!((usage.prefill_seconds, usage.decode_seconds), (0.5, 1.0));
    }

    #[test]
    fn log_probabilities_come_with_their_texts() {
        let data = r#"{"id":"c","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null,"logprobs":
            {"content":[{"token":"a","logprob":-1.5,"bytes":[97],
            "top_logprobs":[{"token":"b","logprob":-0.5,"bytes":[98]}]}],"refusal":null}}]}"#;
        let events = Progress::new(0.0).take(data, 1.0).unwrap();
        let top = vec![TopToken { id: None, text: "b".to_owned(), log_probability: -0.5 }];
        let token = TokenLogProbability { id: None, text: "a".to_owned(), log_probability: Some(-1.5), top };
        let text = GenerationEvent::Text { text: "a".to_owned(), ids: Vec::new() };
        assert_eq!(events, [GenerationEvent::LogProbabilities { tokens: vec![token] }, text]);
    }

    #[test]
    fn vectors_are_in_the_order_of_their_texts() {
        let list = |data: serde_json::Value| {
            let usage = serde_json::json!({"prompt_tokens": 3, "total_tokens": 3});
            serde_json::from_value(serde_json::json!({"object": "list", "data": data, "usage": usage})).unwrap()
        };
        let both = serde_json::json!([{"index": 1, "embedding": [0.0, 1.0]}, {"index": 0, "embedding": [1.0, 0.0]}]);
        let embeddings = vectors_of(list(both.clone()), 2).unwrap();
        assert_eq!(embeddings.vectors, [[1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(embeddings.prompt_tokens, 3);
        assert!(vectors_of(list(both), 3).is_err(), "one is missing");
    }

    #[test]
    fn an_error_amid_the_stream_is_an_error() {
        let mut progress = Progress::new(0.0);
        let data = r#"{"error":{"message":"out of memory","type":"server_error","param":null,"code":null}}"#;
        assert_eq!(progress.take(data, 1.0).unwrap_err().message, "out of memory");
        assert!(progress.finish().is_err(), "an answer without an end is not finished");
    }

    #[test]
    fn every_choice_of_the_person_is_sent() {
        let request = GenerationRequest::new(
            Prompt::Chat(vec![ChatMessage { role: "user".to_owned(), content: "Hi".to_owned() }]),
            SamplingParameters { seed: u64::MAX, top_k: 5, ..SamplingParameters::default() },
            GenerationLimits { max_tokens: Some(9), ..GenerationLimits::default() },
        );
        let request = GenerationRequest {
            constraint: Some(OutputConstraint::JsonSchema(serde_json::json!({"type": "integer"}))),
            log_probabilities: Some(LogProbabilitiesWanted { top: 2, of_prompt: false }),
            ..request
        };
        let wire = to_wire("m", request.clone()).unwrap();
        assert_eq!(wire.to_generation_request(0).unwrap(), request);
    }
}
