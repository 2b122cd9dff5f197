//! Models by name, wherever they run: what evaluation, optimization and prompt chains ask for models from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::api::providers::split_provider_model;
use crate::model_call::{ModelCall, ModelCallError};

/// A model and where it runs; written `browser:NAME` or `companion:NAME`. A model of an external address is one of
/// the companion's, which keeps the key: `companion:PROVIDER/MODEL`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ModelReference {
    /// Where it runs.
    pub place: ModelPlace,
    /// Its name there.
    pub name: String,
}

impl ModelReference {
    /// A model in this browser.
    pub fn browser(name: impl Into<String>) -> Self {
        Self { place: ModelPlace::Browser, name: name.into() }
    }

    /// A model of the companion, or of an external address through it.
    pub fn companion(name: impl Into<String>) -> Self {
        Self { place: ModelPlace::Companion, name: name.into() }
    }

    /// The model of an external address that this is; `None` for one's own, whose names have no slash.
    pub fn external(&self) -> Option<ExternalModel<'_>> {
        let (provider, model) = split_provider_model(&self.name).filter(|_| self.place == ModelPlace::Companion)?;
        Some(ExternalModel { provider, model })
    }
}

/// A model of an external address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalModel<'a> {
    /// What the person calls the address.
    pub provider: &'a str,
    /// The model's id there, which can have slashes of its own.
    pub model: &'a str,
}

/// Where a model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelPlace {
    /// In this browser.
    Browser,
    /// On the companion, or at an external address through it.
    Companion,
}

/// A text that names no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no model; write browser:NAME or companion:NAME")]
pub struct InvalidModelReference(String);

impl fmt::Display for ModelReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            ModelPlace::Browser => "browser",
            ModelPlace::Companion => "companion",
        };
        write!(formatter, "{place}:{}", self.name)
    }
}

impl FromStr for ModelReference {
    type Err = InvalidModelReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = match text.split_once(':') {
            Some(("browser", name)) if !name.is_empty() => (ModelPlace::Browser, name),
            Some(("companion", name)) if !name.is_empty() => (ModelPlace::Companion, name),
            _ => return Err(InvalidModelReference(text.to_owned())),
        };
        Ok(Self { place: place.0, name: place.1.to_owned() })
    }
}

impl TryFrom<String> for ModelReference {
    type Error = InvalidModelReference;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ModelReference> for String {
    fn from(reference: ModelReference) -> Self {
        reference.to_string()
    }
}

/// Something that knows models by name.
pub trait ModelPool {
    /// The model of that name.
    ///
    /// # Errors
    /// There is none, or it can't be reached.
    fn model(&self, reference: &ModelReference) -> Result<Rc<dyn ModelCall>, ModelCallError>;
}

/// What time it is; shared code has no clock of its own.
pub trait Clock {
    /// Seconds since some fixed moment, never going back.
    fn now_seconds(&self) -> f64;
}

/// A clock that can also wake up.
pub trait Timer: Clock {
    /// Done once so many seconds have passed.
    fn sleep(&self, seconds: f64) -> Pin<Box<dyn Future<Output = ()>>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_written_as_they_are_read() {
        for text in ["browser:smollm2", "companion:openai/gpt-x:latest"] {
            assert_eq!(text.parse::<ModelReference>().unwrap().to_string(), text);
        }
        for text in ["", "smollm2", "browser:", "moon:a"] {
            assert!(text.parse::<ModelReference>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn models_of_external_addresses_are_told_from_ones_own() {
        let external = |text: &str| {
            let reference = text.parse::<ModelReference>().unwrap();
            reference.external().map(|it| (it.provider.to_owned(), it.model.to_owned()))
        };
        let of = |provider: &str, model: &str| Some((provider.to_owned(), model.to_owned()));
        assert_eq!(external("companion:openrouter/mistralai/small"), of("openrouter", "mistralai/small"));
        assert_eq!(external("companion:smollm2"), None);
        assert_eq!(external("browser:a/b"), None, "nothing in the browser leaves it");
    }
}
