//! What is known of a model, whoever runs it.

use serde::{Deserialize, Serialize};

use super::{CalendarDate, Capabilities, CatalogEntry, FactSource, Licence, ModelTask};

/// What is known of a model; `None` where nobody says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelFacts {
    /// Terms of use.
    pub licence: Option<Licence>,
    /// Most tokens of a request and its answer together.
    pub context_tokens: Option<u32>,
    /// Languages it was trained on, as ISO 639-1 codes.
    pub languages: Option<Vec<String>>,
    /// What it is for.
    pub tasks: Option<Vec<ModelTask>>,
    /// What it can do beside writing text.
    pub capabilities: Capabilities,
    /// How it did on benchmarks.
    pub quality: Vec<QualityFact>,
}

/// How a model did on one benchmark, as published: before its weights were quantized.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityFact {
    /// The benchmark with its setting, such as `PIQA, 0-shot`; figures are compared only where this is the same.
    pub benchmark: String,
    /// From 0 to 100; more is better.
    pub percent: f64,
    /// The address where it says so, or `own evaluation`.
    pub source: String,
    /// When it was read there.
    pub as_of: CalendarDate,
}

impl QualityFact {
    /// Where the figure comes from.
    pub fn fact_source(&self) -> FactSource {
        FactSource::Stated { by: self.source.clone(), as_of: Some(self.as_of) }
    }
}

impl From<&CatalogEntry> for ModelFacts {
    fn from(entry: &CatalogEntry) -> Self {
        let known = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        Self {
            licence: Some(entry.licence.clone()),
            context_tokens: Some(entry.context_tokens),
            languages: known(&entry.languages),
            tasks: (!entry.tasks.is_empty()).then(|| entry.tasks.clone()),
            capabilities: entry.capabilities,
            quality: entry.quality.clone(),
        }
    }
}
