//! Models that a command works with, by name, wherever they run.

use std::collections::BTreeMap;
use std::rc::Rc;

use shared::model_call::{ModelCall, ModelCallError, ModelCallErrorKind};
use shared::model_pool::{ModelPool, ModelReference};
use shared::patient_model::PatientModel;

use super::local::LocalModel;
use super::provider::ProviderCall;
use super::timer::pause;
use crate::inference::{ModelToServe, ServedModels};
use crate::providers::{ProviderClient, ProviderModel};

/// Where a model runs.
#[derive(Clone, Debug)]
pub enum NamedModel {
    /// On this machine.
    Local(ModelToServe),
    /// At a provider.
    Provider(ProviderModel),
}

/// Models by name. A reference to one of a browser finds the model of that name here: the same file gives the same
/// answers.
pub struct NamedModels {
    served: Rc<ServedModels>,
    client: ProviderClient,
    by_name: BTreeMap<String, NamedModel>,
}

impl NamedModels {
    /// These models.
    pub fn new(served: ServedModels, client: ProviderClient, by_name: BTreeMap<String, NamedModel>) -> Self {
        Self { served: Rc::new(served), client, by_name }
    }

    /// The models of providers: name here, provider's name, and its own name of the model.
    pub fn of_providers(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.by_name.iter().filter_map(|(name, model)| match model {
            NamedModel::Local(_) => None,
            NamedModel::Provider(model) => Some((name.as_str(), model.provider.name.as_str(), model.id.as_str())),
        })
    }
}

impl ModelPool for NamedModels {
    fn model(&self, reference: &ModelReference) -> Result<Rc<dyn ModelCall>, ModelCallError> {
        match self.by_name.get(&reference.name) {
            Some(NamedModel::Local(model)) => Ok(Rc::new(LocalModel::new(Rc::clone(&self.served), model.clone()))),
            Some(NamedModel::Provider(model)) => {
                let call = ProviderCall::new(self.client.clone(), model.clone());
                Ok(Rc::new(PatientModel::new(call, pause)))
            }
            None => Err(ModelCallError {
                kind: ModelCallErrorKind::ModelNotFound,
                message: format!("{} is not on this machine; `quern models pull` fetches it", reference.name),
                param: Some("model".to_owned()),
            }),
        }
    }
}
