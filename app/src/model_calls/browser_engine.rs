//! The model in this browser's engine worker.

use std::rc::Rc;

use futures::StreamExt;
use futures::future::ready;
use send_wrapper::SendWrapper;
use shared::model_call::{
    EmbeddingFuture, GenerationRequest, GenerationStream, ModelCall, ModelCallError, ModelCallErrorKind,
};

use crate::engine_worker::client::{CallMessage, WorkerClient};
use crate::engine_worker::protocol::{AdapterFile, Event, Failure, FailureKind, Reply, Request, WithAdapter};

/// The model that is loaded in a worker.
pub struct BrowserEngine {
    client: WorkerClient,
    adapter: Option<String>,
    on_failure: Rc<dyn Fn(&Failure)>,
}

impl BrowserEngine {
    /// Calls the model in the worker of `client`; `on_failure` hears of failures, some of which cost the model.
    pub fn new(client: WorkerClient, on_failure: impl Fn(&Failure) + 'static) -> Self {
        Self { client, adapter: None, on_failure: Rc::new(on_failure) }
    }

    /// Calls are with the adapter of this name; see [`load_adapter`].
    #[must_use]
    pub fn with_adapter(self, name: &str) -> Self {
        Self { adapter: Some(name.to_owned()), ..self }
    }
}

/// Hands an adapter to the worker of `client`: the bytes of a GGUF file of type `adapter`. Calls name it, in whichever model
/// of its kind is loaded, until it is replaced or removed, or the worker is started anew.
///
/// # Errors
/// It is damaged or no adapter, or the worker broke. That it is one for another model shows when it is used.
pub async fn load_adapter(client: &WorkerClient, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let file = AdapterFile { name: name.to_owned(), bytes: js_sys::Uint8Array::from(bytes) };
    client.ask(Request::LoadAdapter(file), |_| {}).await.map(drop)
}

impl ModelCall for BrowserEngine {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let on_failure = self.on_failure.clone();
        let events = self
            .client
            .call(Request::Generate(WithAdapter { adapter: self.adapter.clone(), work: request }))
            .filter_map(move |message| {
                ready(match message {
                    CallMessage::Event(Event::Generation(event)) => Some(Ok(event)),
                    CallMessage::Event(_) | CallMessage::Ended(Ok(_)) => None,
                    CallMessage::Ended(Err(failure)) => {
                        on_failure(&failure);
                        Some(Err(failure.into()))
                    }
                })
            });
        // The page has one thread; the wrapper is for native builds, whose streams must be `Send`.
        Box::pin(SendWrapper::new(events))
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        let on_failure = self.on_failure.clone();
        let call = self.client.call(Request::Embed(WithAdapter { adapter: self.adapter.clone(), work: texts }));
        Box::pin(SendWrapper::new(async move {
            match call.finish(|_| {}).await {
                Ok(Reply::Embeddings(embeddings)) => Ok(embeddings),
                Ok(_) => Err(ModelCallError {
                    kind: ModelCallErrorKind::Unavailable,
                    message: "the worker's answer is not of this version of the app; reload the page".to_owned(),
                    param: None,
                }),
                Err(failure) => {
                    on_failure(&failure);
                    Err(failure.into())
                }
            }
        }))
    }
}

impl From<Failure> for ModelCallError {
    fn from(failure: Failure) -> Self {
        let kind = match failure.kind {
            FailureKind::Refused(kind) => kind,
            FailureKind::Cancelled | FailureKind::ModelGone | FailureKind::Storage | FailureKind::Crashed => {
                ModelCallErrorKind::Unavailable
            }
        };
        Self { kind, message: failure.message, param: None }
    }
}
