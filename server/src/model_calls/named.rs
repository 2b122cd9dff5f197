//! Models of this machine, by name.

use std::collections::BTreeMap;
use std::future::ready;
use std::rc::Rc;

use futures::stream::{self, StreamExt};
use shared::model_call::{
    EmbeddingFuture, GenerationRequest, GenerationStream, ModelCall, ModelCallError, ModelCallErrorKind, Prompt,
};
use shared::model_pool::{ModelPool, ModelReference};

use crate::inference::{ModelToServe, ServedModels, unavailable};

/// Models of this machine. A reference to one of a browser finds the model of that name here: the same file gives the
/// same answers.
pub struct LocalModels {
    served: Rc<ServedModels>,
    by_name: BTreeMap<String, ModelToServe>,
}

impl LocalModels {
    /// These models, which are on this machine.
    pub fn new(served: ServedModels, models: impl IntoIterator<Item = (String, ModelToServe)>) -> Self {
        Self { served: Rc::new(served), by_name: models.into_iter().collect() }
    }
}

impl ModelPool for LocalModels {
    fn model(&self, reference: &ModelReference) -> Result<Rc<dyn ModelCall>, ModelCallError> {
        let Some(model) = self.by_name.get(&reference.name) else {
            return Err(ModelCallError {
                kind: ModelCallErrorKind::ModelNotFound,
                message: format!("{} is not on this machine; `quern models pull` fetches it", reference.name),
                param: Some("model".to_owned()),
            });
        };
        Ok(Rc::new(LocalModel { served: Rc::clone(&self.served), model: model.clone() }))
    }
}

struct LocalModel {
    served: Rc<ServedModels>,
    model: ModelToServe,
}

impl ModelCall for LocalModel {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        match self.served.submit(&self.model, vec![request]) {
            Ok(generations) => stream::iter(generations).flatten().boxed(),
            Err(error) => stream::iter([Err(unavailable(error.to_string()))]).boxed(),
        }
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        match self.served.embed(&self.model, texts.into_iter().map(Prompt::Text).collect()) {
            Ok(embeddings) => Box::pin(embeddings),
            Err(error) => Box::pin(ready(Err(unavailable(error.to_string())))),
        }
    }
}
