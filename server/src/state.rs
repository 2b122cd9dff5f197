//! What every request can reach.

use std::sync::Arc;

use engine::ModelText;
use shared::api::providers::split_provider_model;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::error::ApiError;
use crate::inference::{ModelToServe, ServedModels};
use crate::machine::Machine;
use crate::model_store::{ModelStore, StoreError};
use crate::protection::Caller;
use crate::providers::{ProviderModel, Providers};
use crate::pulls::Pulls;

/// What every request can reach; clones share it.
#[derive(Clone)]
pub struct AppState {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    store: ModelStore,
    served: ServedModels,
    providers: Providers,
    pulls: Pulls,
    machine: Machine,
    cut_off: CancellationToken,
}

impl AppState {
    /// Puts the parts together.
    pub fn new(config: Config, store: ModelStore, served: ServedModels, providers: Providers) -> Self {
        let (pulls, machine, cut_off) = (Pulls::default(), Machine::default(), CancellationToken::new());
        Self { shared: Arc::new(Shared { config, store, served, providers, pulls, machine, cut_off }) }
    }

    /// The options in force.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The models a client can name.
    pub fn store(&self) -> &ModelStore {
        &self.shared.store
    }

    /// The models in memory.
    pub fn served(&self) -> &ServedModels {
        &self.shared.served
    }

    /// External addresses whose models are passed on.
    pub fn providers(&self) -> &Providers {
        &self.shared.providers
    }

    /// The model of a provider that goes by `name`; `None` where a name is not one of these.
    ///
    /// # Errors
    /// The provider does not offer it, or not to this caller.
    pub async fn provider_model(&self, name: &str, caller: Caller) -> Result<Option<ProviderModel>, ApiError> {
        let Some((provider, model)) = split_provider_model(name) else { return Ok(None) };
        let Some(provider) = self.shared.providers.store.find(provider).await? else { return Ok(None) };
        caller.check_may_use_providers(&self.shared.config.listen)?;
        if !provider.models.iter().any(|offered| offered == model) {
            let message = format!(
                "{model} is not among the models that are offered of {}; add it with `quern providers add` or in \
                 Settings, External APIs",
                provider.name
            );
            return Err(ApiError::model_not_found(message));
        }
        Ok(Some(ProviderModel { id: model.to_owned(), provider }))
    }

    /// A model that is on this machine, ready to be asked.
    ///
    /// # Errors
    /// It is not there.
    pub async fn model_to_serve(&self, name: &str) -> Result<ModelToServe, StoreError> {
        let stored = self.shared.store.fetched(name).await?;
        Ok(ModelToServe { name: stored.name, path: stored.path, adapter: None })
    }

    /// The tokenizer and chat template of a model; it need not be in memory.
    ///
    /// # Errors
    /// Its file can't be used.
    pub async fn text_of(&self, model: &ModelToServe) -> Result<Arc<ModelText>, ApiError> {
        let (state, path) = (self.clone(), model.path.clone());
        let text = tokio::task::spawn_blocking(move || state.served().text(&path)).await;
        Ok(text.map_err(|_| ApiError::internal("the model's header could not be read"))??)
    }

    /// Downloads that clients have started.
    pub fn pulls(&self) -> &Pulls {
        &self.shared.pulls
    }

    /// What this machine can hold.
    pub fn machine(&self) -> &Machine {
        &self.shared.machine
    }

    /// Cancelled when running answers have had their time after a signal to stop: they end at once.
    pub fn cut_off(&self) -> &CancellationToken {
        &self.shared.cut_off
    }
}
