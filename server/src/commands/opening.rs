//! What several commands begin with: the database and the store, and a model made ready on this machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use shared::api::providers::split_provider_model;
use shared::sampling::SamplingParameters;

use crate::arguments::{ModelArguments, SamplingArguments};
use crate::config::Config;
use crate::database::{Database, StoredModel};
use crate::downloads::Downloader;
use crate::downloads::error::DownloadError;
use crate::inference::{EngineBackend, ModelToServe, ServedModels};
use crate::model_calls::{NamedModel, NamedModels};
use crate::model_store::{Consent, ModelStore, StoreError, known_models};
use crate::providers::{Patience, ProviderClient, ProviderModel, ProviderStore, Providers};
use crate::terminal::{DownloadBar, ask, is_interactive, note};

/// The name of the database in the data folder.
const DATABASE_FILE: &str = "quern.sqlite3";

/// Opens the database in the data folder.
pub(super) fn open_database(config: &Config) -> Result<Database> {
    let folder = &config.storage.data_dir;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("creating the data folder {}; --data-dir names another", folder.display()))?;
    Ok(Database::open(&folder.join(DATABASE_FILE))?)
}

/// Opens the store of models.
pub(super) fn open_store(config: &Config, database: Database) -> Result<ModelStore> {
    let downloader = Downloader::from_environment().context("setting up HTTPS; is SSL_CERT_FILE right?")?;
    Ok(ModelStore::new(database, downloader, known_models()?, config.storage.models_dir.clone()))
}

/// Opens the store of providers.
pub(super) fn open_providers(config: &Config) -> Result<Providers> {
    let client = ProviderClient::new(Patience::default()).context("setting up HTTPS; is SSL_CERT_FILE right?")?;
    Ok(Providers { store: ProviderStore::new(&config.storage.data_dir), client })
}

/// The provider's model that is written `PROVIDER/MODEL`. `None` for models of other kinds; a
/// file of that name is one, so that nothing is paid for by accident.
pub(super) async fn provider_model(store: &ProviderStore, name: &str) -> Result<Option<ProviderModel>> {
    let Some((provider, model)) = split_provider_model(name).filter(|_| !Path::new(name).is_file()) else {
        return Ok(None);
    };
    match store.find(provider).await? {
        Some(provider) => Ok(Some(ProviderModel { provider, id: model.to_owned() })),
        None => bail!(
            "there is neither a file {name} nor a provider called {provider}; `quern providers list` shows the \
             providers, and `quern providers add {provider} --base-url URL` adds this one"
        ),
    }
}

/// Makes a model be on this machine, with a progress bar; asks about its licence where somebody can answer.
pub(super) async fn pull(store: &ModelStore, model: &str, accept_licence: bool) -> Result<StoredModel> {
    let bar = DownloadBar::new(model);
    let listen = |progress| bar.show(progress);
    let consent = if accept_licence { Consent::Given } else { Consent::NotGiven };
    match store.pull(model, consent, &listen).await {
        Err(StoreError::Download(DownloadError::LicenceNotAccepted { model, licence, terms_url }))
            if is_interactive() =>
        {
            note(&format!("{model} comes under the {licence}: {terms_url}"));
            if !ask("Have you read these terms, and do you accept them?")? {
                bail!("{model} was not fetched: its terms were not accepted");
            }
            Ok(store.pull(&model, Consent::Given, &listen).await?)
        }
        result => Ok(result?),
    }
}

/// The model of `--model`: a file is used as it is, anything else is fetched if need be.
pub(super) async fn ready_model(store: &ModelStore, arguments: &ModelArguments) -> Result<ModelToServe> {
    let path = Path::new(&arguments.model);
    if store.known(&arguments.model).is_none() && path.is_file() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(ModelToServe { name, path: path.to_owned(), adapter: None });
    }
    if split_provider_model(&arguments.model).is_some() && !path.exists() {
        bail!(
            "there is no file {}, and models of providers are asked with `quern chat`, `eval`, `optimize` and `data run` only",
            arguments.model
        );
    }
    let stored = pull(store, &arguments.model, arguments.accept_licence).await?;
    Ok(ModelToServe { name: stored.name, path: stored.path, adapter: None })
}

/// Models of this machine and of providers by name, ready to be asked.
pub(super) async fn models_named<'a>(
    config: &Config,
    names: impl Iterator<Item = &'a str>,
    accept_licence: bool,
) -> Result<NamedModels> {
    let database = open_database(config)?;
    let store = open_store(config, database.clone())?;
    let providers = open_providers(config)?;
    let mut models = BTreeMap::new();
    for name in names {
        if !models.contains_key(name) {
            let model = match provider_model(&providers.store, name).await? {
                Some(model) => NamedModel::Provider(model),
                None => {
                    let arguments = ModelArguments { model: name.to_owned(), accept_licence };
                    NamedModel::Local(ready_model(&store, &arguments).await?)
                }
            };
            models.insert(name.to_owned(), model);
        }
    }
    let backend = Arc::new(EngineBackend::new(&config.inference));
    let served = ServedModels::new(backend, database, config.inference.clone());
    Ok(NamedModels::new(served, providers.client, models))
}

impl SamplingArguments {
    /// The parameters, checked.
    pub(super) fn parameters(&self) -> Result<SamplingParameters> {
        let parameters = SamplingParameters {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            repetition_penalty: self.repetition_penalty,
            seed: self.seed.unwrap_or_else(crate::random::seed),
        };
        parameters.validate()?;
        Ok(parameters)
    }
}
