//! Every model that the page can reach, by reference: those in this browser are loaded when they are called. Each
//! answer's times are noted, whoever asked for it.

use std::rc::Rc;

use futures::future::FutureExt;
use futures::stream;
use futures::{StreamExt, TryStreamExt};
use leptos::prelude::GetUntracked;
use send_wrapper::SendWrapper;
use shared::model_call::{
    EmbeddingFuture, GenerationEvent, GenerationRequest, GenerationStream, ModelCall, ModelCallError,
};
use shared::model_pool::{ModelPlace, ModelPool, ModelReference};
use shared::patient_model::PatientModel;

use super::engine::{EngineStatus, EngineStore};
use super::speeds::SpeedStore;
use crate::browser::clock::pause;
use crate::engine_worker::protocol::Failure;
use crate::model_calls::{BrowserEngine, Companion};

/// Every model that the page can reach.
#[derive(Clone, Copy)]
pub struct PageModels {
    engine: EngineStore,
    speeds: SpeedStore,
}

impl PageModels {
    /// The models of this engine and of the companion.
    pub fn new(engine: EngineStore, speeds: SpeedStore) -> Self {
        Self { engine, speeds }
    }
}

impl ModelPool for PageModels {
    fn model(&self, reference: &ModelReference) -> Result<Rc<dyn ModelCall>, ModelCallError> {
        let call: Rc<dyn ModelCall> = match reference.place {
            ModelPlace::Browser => Rc::new(BrowserModel { engine: self.engine, name: reference.name.clone() }),
            ModelPlace::Companion => Rc::new(PatientModel::new(Companion::new(reference.name.clone()), pause)),
        };
        Ok(Rc::new(TimedModel { call, reference: reference.clone(), engine: self.engine, speeds: self.speeds }))
    }
}

/// A model whose answers are timed.
struct TimedModel {
    call: Rc<dyn ModelCall>,
    reference: ModelReference,
    engine: EngineStore,
    speeds: SpeedStore,
}

impl TimedModel {
    /// What computes it.
    fn device(engine: EngineStore, reference: &ModelReference) -> String {
        if let Some(external) = reference.external() {
            return format!("{}, asked from this page", external.provider);
        }
        match (reference.place, engine.status.get_untracked()) {
            (ModelPlace::Browser, EngineStatus::Ready(loaded)) => {
                format!("{} in this browser ({})", loaded.device_name, loaded.backend.label())
            }
            (ModelPlace::Browser, _) => "this browser".to_owned(),
            (ModelPlace::Companion, _) => "the companion, from this page".to_owned(),
        }
    }
}

impl ModelCall for TimedModel {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let (reference, engine, speeds) = (self.reference.clone(), self.engine, self.speeds);
        let events = self.call.generate(request).inspect_ok(move |event| {
            if let GenerationEvent::Finished { usage, .. } = event {
                speeds.note(&reference, &Self::device(engine, &reference), *usage);
            }
        });
        // The page has one thread; the wrapper is for native builds, whose streams must be `Send`.
        Box::pin(SendWrapper::new(events))
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        self.call.embed(texts)
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
