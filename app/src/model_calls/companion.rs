//! A model of the companion, over OpenAI's API.

use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::{AbortHandle, Abortable};
use futures::stream::{Stream, StreamExt};
use send_wrapper::SendWrapper;
use shared::api::chat::ChatCompletionRequest;
use shared::api::embeddings::{EmbeddingList, EmbeddingRequest};
use shared::api::streamed_answer::StreamedAnswer;
use shared::model_call::{
    EmbeddingFuture, GenerationEvent, GenerationRequest, GenerationStream, ModelCall, ModelCallError,
};
use shared::model_pool::ModelReference;
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
#[derive(Clone)]
pub struct Companion {
    model: String,
}

type Sender = UnboundedSender<Result<GenerationEvent, ModelCallError>>;

impl Companion {
    /// The companion's model of that id.
    pub fn new(model: String) -> Self {
        Self { model }
    }

    /// Who answers, in messages: the companion itself, or an external address that it asks.
    fn who(&self) -> String {
        let model = ModelReference::companion(self.model.clone());
        model.external().map_or_else(|| "the companion".to_owned(), |external| external.provider.to_owned())
    }

    async fn answer(&self, request: GenerationRequest, sender: &Sender) -> Result<(), ModelCallError> {
        let who = self.who();
        let body = ChatCompletionRequest::streamed(&self.model, request, &who)?;
        let mut progress = StreamedAnswer::new(&who, now_ms());
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
}

impl ModelCall for Companion {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let (sender, receiver) = unbounded();
        let (abort, registration) = AbortHandle::new_pair();
        let model = self.clone();
        spawn_local(async move {
            let answering = async {
                if let Err(error) = model.answer(request, &sender).await {
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
        let who = self.who();
        Box::pin(SendWrapper::new(async move {
            let list: EmbeddingList = post_json(EMBEDDINGS, &request, EMBEDDING_PATIENCE_MS).await?;
            list.in_order(count, &who)
        }))
    }
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
