//! The catalogue, as the store needs it.

use shared::model_source::ModelSource;

use crate::downloads::Expected;

/// A model of the catalogue.
#[derive(Clone, Debug)]
pub struct KnownModel {
    /// What clients call it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where its bytes are; several are concatenated in order.
    pub sources: Vec<ModelSource>,
    /// Its size and content.
    pub expected: Expected,
    /// Its terms.
    pub licence: Option<Licence>,
}

/// A model's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// SPDX name, or what the terms call themselves.
    pub name: String,
    /// Where to read them.
    pub url: String,
    /// True where a person must accept them before the model is fetched.
    pub must_be_accepted: bool,
}

impl KnownModel {
    /// Its sources as a person would write them.
    pub fn source_text(&self) -> String {
        let texts: Vec<String> = self.sources.iter().map(ToString::to_string).collect();
        texts.join(" + ")
    }
}

/// The catalogue that this program was built with.
///
/// # Errors
/// The catalogue is damaged.
pub fn known_models() -> anyhow::Result<Vec<KnownModel>> {
    Ok(Vec::new())
}
