//! The models a person can name: the catalogue, what is on this machine, and how one becomes the other.

mod error;
mod known_models;
mod naming;

pub use error::StoreError;
pub use known_models::{KnownModel, known_models};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::model_source::ModelSource;

use crate::database::{Database, StoredModel, now_unix_s};
use crate::downloads::error::DownloadError;
use crate::downloads::progress::Listener;
use crate::downloads::{Downloader, Expected, FetchRequest, Fetched};

/// Whether a person has accepted a model's terms just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// By a flag, a yes, or a click.
    Given,
    /// Terms accepted earlier still count.
    NotGiven,
}

/// A model of the catalogue, or on this machine, or both.
#[derive(Clone, Debug)]
pub struct ListedModel {
    /// What clients call it.
    pub name: String,
    /// Its entry in the catalogue.
    pub known: Option<KnownModel>,
    /// Its file.
    pub stored: Option<StoredModel>,
}

/// The models a person can name.
#[derive(Clone)]
pub struct ModelStore {
    database: Database,
    downloader: Downloader,
    known: Arc<Vec<KnownModel>>,
    models_dir: PathBuf,
}

impl ModelStore {
    /// A store over these places.
    pub fn new(database: Database, downloader: Downloader, known: Vec<KnownModel>, models_dir: PathBuf) -> Self {
        Self { database, downloader, known: Arc::new(known), models_dir }
    }

    /// The catalogue in its order, then what else is on this machine.
    ///
    /// # Errors
    /// The database refused.
    pub async fn list(&self) -> Result<Vec<ListedModel>, StoreError> {
        let mut listed = Vec::new();
        for known in self.known.iter() {
            let name = &known.entry.name;
            let stored = self.on_this_machine(name).await?;
            listed.push(ListedModel { name: name.clone(), known: Some(known.clone()), stored });
        }
        for model in self.database.models()? {
            if self.known(&model.name).is_none() && is_in_place(&model).await {
                listed.push(ListedModel { name: model.name.clone(), known: None, stored: Some(model) });
            }
        }
        Ok(listed)
    }

    /// The models whose files are on this machine.
    ///
    /// # Errors
    /// The database refused.
    pub async fn all_fetched(&self) -> Result<Vec<StoredModel>, StoreError> {
        Ok(self.list().await?.into_iter().filter_map(|model| model.stored).collect())
    }

    /// One model by its name, if its file is on this machine.
    ///
    /// # Errors
    /// [`StoreError::NotFetched`] or [`StoreError::Unknown`] where it is not.
    pub async fn fetched(&self, name: &str) -> Result<StoredModel, StoreError> {
        match self.on_this_machine(name).await? {
            Some(model) => Ok(model),
            None if self.known(name).is_some() => Err(StoreError::NotFetched { name: name.to_owned() }),
            None => Err(StoreError::Unknown { name: name.to_owned() }),
        }
    }

    /// Makes a model be on this machine. `model` is a name, a source, or a file.
    ///
    /// # Errors
    /// It is none of these, its terms are not accepted, or it can't be fetched.
    pub async fn pull(&self, model: &str, consent: Consent, listener: Listener<'_>) -> Result<StoredModel, StoreError> {
        if let Some(stored) = self.on_this_machine(model).await? {
            return Ok(stored);
        }
        if let Some(known) = self.known(model) {
            return self.pull_known(known, consent, listener).await;
        }
        let source = self.parse_source(model)?;
        if let Some(stored) = self.fetched_from(&source).await? {
            return Ok(stored);
        }
        let name = self.free_name(&source)?;
        let request = FetchRequest {
            sources: vec![source.clone()],
            expected: Expected::default(),
            destination: self.models_dir.join(format!("{name}.gguf")),
        };
        let fetched = self.downloader.fetch(&request, listener).await?;
        self.register(&name, &source.to_string(), fetched)
    }

    /// Deletes a model's file if it is in our folder, and forgets the model.
    ///
    /// # Errors
    /// No such model is on this machine, it is in another folder than the one in force, or its file can't be deleted.
    pub async fn remove(&self, name: &str) -> Result<StoredModel, StoreError> {
        let model = self.fetched(name).await?;
        if model.is_our_file && !model.path.starts_with(&self.models_dir) {
            return Err(StoreError::Elsewhere { name: model.name, path: model.path, folder: self.models_dir.clone() });
        }
        if model.is_our_file {
            tokio::fs::remove_file(&model.path).await.map_err(DownloadError::io("deleting", &model.path))?;
        }
        self.database.delete_model(name)?;
        Ok(model)
    }

    /// A model's entry in the catalogue.
    pub fn known(&self, name: &str) -> Option<&KnownModel> {
        self.known.iter().find(|known| known.entry.name == name)
    }

    async fn pull_known(
        &self,
        known: &KnownModel,
        consent: Consent,
        listener: Listener<'_>,
    ) -> Result<StoredModel, StoreError> {
        let (name, licence) = (&known.entry.name, &known.entry.licence);
        if licence.must_accept {
            match consent {
                Consent::Given => self.database.accept_licence(name, &licence.id)?,
                Consent::NotGiven if self.database.has_accepted_licence(name, &licence.id)? => {}
                Consent::NotGiven => {
                    return Err(StoreError::Download(DownloadError::LicenceNotAccepted {
                        model: name.clone(),
                        licence: licence.id.clone(),
                        terms_url: licence.url.clone(),
                    }));
                }
            }
        }
        let request = self.request_known(known);
        let fetched = self.downloader.fetch(&request, listener).await?;
        self.register(name, &known.source_text(), fetched)
    }

    /// The model of this name if its file is there. A catalogue model that an earlier database knew is found again
    /// by its file.
    async fn on_this_machine(&self, name: &str) -> Result<Option<StoredModel>, StoreError> {
        match self.database.model(name)? {
            Some(model) if is_in_place(&model).await => return Ok(Some(model)),
            Some(_) => self.database.delete_model(name)?,
            None => {}
        }
        let Some(known) = self.known(name) else { return Ok(None) };
        let request = self.request_known(known);
        let size_bytes = tokio::fs::metadata(&request.destination).await.ok().map(|metadata| metadata.len());
        if size_bytes != Some(known.entry.size_bytes) {
            return Ok(None);
        }
        match self.downloader.verify(&request).await {
            Ok(fetched) => Ok(Some(self.register(name, &known.source_text(), fetched)?)),
            Err(DownloadError::WrongChecksum { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn fetched_from(&self, source: &ModelSource) -> Result<Option<StoredModel>, StoreError> {
        let text = source.to_string();
        for model in self.database.models()? {
            if model.source == text && is_in_place(&model).await {
                return Ok(Some(model));
            }
        }
        Ok(None)
    }

    fn parse_source(&self, text: &str) -> Result<ModelSource, StoreError> {
        let source = text
            .parse::<ModelSource>()
            .map_err(|error| StoreError::BadSource { text: text.to_owned(), reason: error.to_string() })?;
        match source {
            // What is neither a file nor written like one was meant as a name.
            ModelSource::File { path } if !Path::new(&path).exists() && !path.contains(['/', '\\', '.']) => {
                Err(StoreError::Unknown { name: path })
            }
            ModelSource::File { path } => {
                let absolute = std::path::absolute(&path).map_err(DownloadError::io("finding", Path::new(&path)))?;
                Ok(ModelSource::File { path: absolute.to_string_lossy().into_owned() })
            }
            source => Ok(source),
        }
    }

    fn free_name(&self, source: &ModelSource) -> Result<String, StoreError> {
        let name = naming::name_of(source);
        let file_name = format!("{name}.gguf");
        let is_known = self.known.iter().any(|known| {
            // Some file systems tell no capitals from small letters.
            known.entry.name == name || known.entry.file_name.eq_ignore_ascii_case(&file_name)
        });
        let is_taken = is_known || self.database.model(&name)?.is_some();
        Ok(if is_taken { naming::distinct_name_of(source) } else { name })
    }

    fn request_known(&self, known: &KnownModel) -> FetchRequest {
        FetchRequest {
            sources: known.entry.sources.clone(),
            expected: known.expected(),
            destination: self.models_dir.join(&known.entry.file_name),
        }
    }

    fn register(&self, name: &str, source: &str, fetched: Fetched) -> Result<StoredModel, StoreError> {
        let model = StoredModel {
            name: name.to_owned(),
            is_our_file: fetched.path.starts_with(&self.models_dir),
            path: fetched.path,
            size_bytes: fetched.size_bytes,
            checksum: fetched.checksum,
            source: source.to_owned(),
            fetched_at_unix_s: now_unix_s(),
        };
        self.database.put_model(&model)?;
        Ok(model)
    }
}

/// True where the file is still there, with the size it had.
async fn is_in_place(model: &StoredModel) -> bool {
    tokio::fs::metadata(&model.path).await.is_ok_and(|metadata| metadata.len() == model.size_bytes)
}
