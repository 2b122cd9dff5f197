//! A model of this machine.

use std::future::ready;
use std::rc::Rc;

use futures::stream::{self, StreamExt};
use shared::model_call::{EmbeddingFuture, GenerationRequest, GenerationStream, ModelCall, ModelCallError, Prompt};

use crate::inference::{ModelToServe, ServedModels};

/// A model of this machine.
pub(super) struct LocalModel {
    served: Rc<ServedModels>,
    model: ModelToServe,
}

impl LocalModel {
    /// The model, among those in memory.
    pub(super) fn new(served: Rc<ServedModels>, model: ModelToServe) -> Self {
        Self { served, model }
    }
}

impl ModelCall for LocalModel {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        match self.served.submit(&self.model, vec![request]) {
            Ok(generations) => stream::iter(generations).flatten().boxed(),
            Err(error) => stream::iter([Err(ModelCallError::unavailable(error.to_string()))]).boxed(),
        }
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        match self.served.embed(&self.model, texts.into_iter().map(Prompt::Text).collect()) {
            Ok(embeddings) => Box::pin(embeddings),
            Err(error) => Box::pin(ready(Err(ModelCallError::unavailable(error.to_string())))),
        }
    }
}
