//! Every model that the page can reach, by reference: those in this browser are loaded when they are called.

use std::rc::Rc;

use futures::StreamExt;
use futures::future::FutureExt;
use futures::stream;
use send_wrapper::SendWrapper;
use shared::model_call::{EmbeddingFuture, GenerationRequest, GenerationStream, ModelCall, ModelCallError};
use shared::model_pool::{ModelPlace, ModelPool, ModelReference};

use super::engine::EngineStore;
use crate::engine_worker::protocol::Failure;
use crate::model_calls::{BrowserEngine, Companion};

/// Every model that the page can reach.
#[derive(Clone, Copy)]
pub struct PageModels {
    engine: EngineStore,
}

impl PageModels {
    /// The models of this engine and of the companion.
    pub fn new(engine: EngineStore) -> Self {
        Self { engine }
    }
}

impl ModelPool for PageModels {
    fn model(&self, reference: &ModelReference) -> Result<Rc<dyn ModelCall>, ModelCallError> {
        Ok(match reference.place {
            ModelPlace::Browser => Rc::new(BrowserModel { engine: self.engine, name: reference.name.clone() }),
            ModelPlace::Companion => Rc::new(Companion::new(reference.name.clone())),
        })
    }
}

/// A stored model; each call makes sure that it is the one in memory.
struct BrowserModel {
    engine: EngineStore,
    name: String,
}

impl BrowserModel {
    /// Loads the model where it isn't, then hands over the engine.
    async fn ready(engine: EngineStore, name: String) -> Result<BrowserEngine, Failure> {
        engine.ensure_loaded(&name).await?;
        Ok(BrowserEngine::new(engine.client(), move |failure| engine.note_failure(failure)))
    }
}

impl ModelCall for BrowserModel {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let ready = Self::ready(self.engine, self.name.clone());
        let events = ready.into_stream().flat_map(move |ready| match ready {
            Ok(engine) => engine.generate(request.clone()),
            Err(failure) => Box::pin(stream::iter([Err(ModelCallError::from(failure))])),
        });
        // The page has one thread; the wrapper is for native builds, whose streams must be `Send`.
        Box::pin(SendWrapper::new(events))
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        let ready = Self::ready(self.engine, self.name.clone());
        Box::pin(SendWrapper::new(async move { ready.await?.embed(texts).await }))
    }
}
