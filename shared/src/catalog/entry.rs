//! One known model: where it comes from and what it is.

use serde::{Deserialize, Serialize};

use super::{Capabilities, Licence, ModelDimensions, ModelTask, QualityFact};
use crate::model_source::ModelSource;

/// The known models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// In the order they are shown; the first is the default.
    pub models: Vec<CatalogEntry>,
}

/// One known model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogEntry {
    /// The name requests and commands use.
    pub name: String,
    /// The name for people.
    pub title: String,
    /// What it is good for, in a sentence.
    pub description: String,
    /// What the file is called on disk.
    pub file_name: String,
    /// Its length.
    pub size_bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Where its parts come from, concatenated in this order; usually one.
    pub sources: Vec<ModelSource>,
    /// Terms of use.
    pub licence: Licence,
    /// `general.architecture` of the file.
    pub architecture: String,
    /// Weight format in the words people use, e.g. `Q4_1`.
    pub quantization: String,
    /// Number of parameters.
    pub parameter_count: u64,
    /// Longest sequence the model was trained on.
    pub context_tokens: u32,
    /// The sizes of its parts.
    pub dimensions: ModelDimensions,
    /// The chat template's family, e.g. `chatml`.
    pub template: String,
    /// Languages it was trained on, as ISO 639-1 codes.
    pub languages: Vec<String>,
    /// What it is for; empty where nobody says.
    #[serde(default)]
    pub tasks: Vec<ModelTask>,
    /// What it can do beside writing text.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// How it did on benchmarks.
    #[serde(default)]
    pub quality: Vec<QualityFact>,
    /// What to find it by: `chat`, `base`, `small`, ...
    pub tags: Vec<String>,
}

/// A catalogue that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCatalog {
    /// Not JSON of the right shape.
    #[error("the catalogue can't be read: {0}")]
    Syntax(#[from] serde_json::Error),
    /// A value that can't be right.
    #[error("catalogue entry {name:?}: {fault}")]
    Entry {
        /// The entry.
        name: String,
        /// What is wrong with it.
        fault: &'static str,
    },
}

impl Catalog {
    /// The catalogue this program was built with.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn built_in() -> Self {
        match Self::parse(include_str!("../../../public/catalog.json")) {
            Ok(catalog) => catalog,
            Err(error) => unreachable!("the built-in catalogue is checked by a test: {error}"),
        }
    }

    /// Reads and checks a catalogue.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(json: &str) -> Result<Self, InvalidCatalog> {
        let catalog: Self = serde_json::from_str(json)?;
        for (index, entry) in catalog.models.iter().enumerate() {
            let fault = if entry.name.is_empty() || entry.name.contains(['/', '\\', ':']) {
                "its name is empty or has a slash or colon"
            } else if catalog.models[..index].iter().any(|other| other.name == entry.name) {
                "its name is there twice"
            } else if entry.file_name.contains(['/', '\\']) || !entry.file_name.ends_with(".gguf") {
                "its file name is not a plain name ending in .gguf"
            } else if entry.sha256.len() != 64
                || !entry.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            {
                "its sha256 is not 64 lower-case hexadecimal digits"
            } else if entry.sources.is_empty() || entry.size_bytes == 0 {
                "it has no source or no size"
            } else if let Some(fault) = entry.dimensions.fault() {
                fault
            } else if entry.quality.iter().any(|fact| !(0.0..=100.0).contains(&fact.percent)) {
                "a benchmark's percent is not between 0 and 100"
            } else {
                continue;
            };
            return Err(InvalidCatalog::Entry { name: entry.name.clone(), fault });
        }
        Ok(catalog)
    }

    /// The entry called `name`.
    pub fn get(&self, name: &str) -> Option<&CatalogEntry> {
        self.models.iter().find(|entry| entry.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_sound() {
        let catalog = Catalog::built_in();
        assert_eq!(catalog.models[0].name, "smollm2-135m-instruct-q4_1");
        let gemma = catalog.get("gemma-3-270m-q4_k_m").unwrap();
        assert!(gemma.licence.must_accept);
        assert_eq!(gemma.sources.len(), 4);
        assert!(catalog.get("none").is_none());
        for entry in &catalog.models {
            assert_eq!(entry.dimensions.parameter_count(), entry.parameter_count, "{}", entry.name);
        }
    }

    #[test]
    fn a_bad_entry_is_named() {
        let json = include_str!("../../../public/catalog.json")
            .replace("gemma-3-270m-q4_k_m\"", "smollm2-135m-instruct-q4_1\"");
        assert_eq!(
            Catalog::parse(&json).unwrap_err().to_string(),
            "catalogue entry \"smollm2-135m-instruct-q4_1\": its name is there twice"
        );
    }
}
