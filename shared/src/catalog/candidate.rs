//! A model that could be chosen, and where it would run.

use serde::{Deserialize, Serialize};

use super::{
    CatalogEntry, CostModel, InvalidCostFigure, ModelDimensions, ModelFacts, OwnHardware, PricedModel, Privacy, Speed,
    TokenPrice, Workload,
};
use crate::model_pool::{ModelPlace, ModelReference};

/// A model that could be chosen, at one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The name requests use.
    pub name: String,
    /// The name for people.
    pub title: String,
    /// Where it would run.
    pub place: CandidatePlace,
    /// What is known of it.
    pub facts: ModelFacts,
    /// Its file, where it would run on a device that one knows.
    pub file: Option<ModelFile>,
    /// How fast it is there, as measured or promised; `None` where it has not run yet.
    pub speed: Option<Speed>,
    /// What it costs there.
    pub pricing: Pricing,
}

/// Where a model would run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "place", rename_all = "snake_case")]
pub enum CandidatePlace {
    /// In this browser.
    Browser,
    /// On the companion.
    Companion {
        /// The companion runs on the device that the browser does.
        is_this_device: bool,
    },
    /// At somebody else's.
    External {
        /// Who.
        provider: String,
    },
}

/// A model's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFile {
    /// The sizes of its parts.
    pub dimensions: ModelDimensions,
    /// Its length.
    pub size_bytes: u64,
    /// It has its place in the storage already.
    pub is_stored: bool,
}

/// What answering costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pricing {
    /// No money: it runs on a device that is there anyway.
    Nothing,
    /// A price per token.
    Tokens(TokenPrice),
    /// Hardware that is bought and powered for it.
    Hardware(OwnHardware),
    /// Nobody says.
    Unknown,
}

impl CandidatePlace {
    /// How far texts travel to it.
    pub fn privacy(&self) -> Privacy {
        match self {
            Self::Browser | Self::Companion { is_this_device: true } => Privacy::ThisDevice,
            Self::Companion { is_this_device: false } => Privacy::OwnServers,
            Self::External { .. } => Privacy::Anywhere,
        }
    }

    /// What people call it.
    pub fn title(&self) -> String {
        match self {
            Self::Browser => "this browser".to_owned(),
            Self::Companion { is_this_device: true } => "the companion on this device".to_owned(),
            Self::Companion { is_this_device: false } => "the companion".to_owned(),
            Self::External { provider } => provider.clone(),
        }
    }
}

impl Candidate {
    /// A known model in the browser or on the companion.
    pub fn of_catalog(
        entry: &CatalogEntry,
        place: CandidatePlace,
        is_stored: bool,
        speed: Option<Speed>,
        pricing: Pricing,
    ) -> Self {
        Self {
            name: entry.name.clone(),
            title: entry.title.clone(),
            place,
            facts: ModelFacts::from(entry),
            file: Some(ModelFile { dimensions: entry.dimensions, size_bytes: entry.size_bytes, is_stored }),
            speed,
            pricing,
        }
    }

    /// A provider's model.
    pub fn of_provider(model: &PricedModel, speed: Option<Speed>) -> Self {
        Self {
            name: model.name.clone(),
            title: model.name.clone(),
            place: CandidatePlace::External { provider: model.provider.clone() },
            facts: model.facts.clone(),
            file: None,
            speed,
            pricing: model.price.clone().map_or(Pricing::Unknown, Pricing::Tokens),
        }
    }

    /// What to ask a [`crate::model_pool::ModelPool`] for.
    pub fn reference(&self) -> ModelReference {
        let (place, name) = match &self.place {
            CandidatePlace::Browser => (ModelPlace::Browser, self.name.clone()),
            CandidatePlace::Companion { .. } => (ModelPlace::Companion, self.name.clone()),
            CandidatePlace::External { provider } => {
                let has_provider = self.name.strip_prefix(provider).is_some_and(|rest| rest.starts_with('/'));
                let name = if has_provider { self.name.clone() } else { format!("{provider}/{}", self.name) };
                (ModelPlace::Companion, name)
            }
        };
        ModelReference { place, name }
    }

    /// What a workload costs at `speed`, in `currency` where it costs nothing; `None` where that is not known.
    ///
    /// # Errors
    /// A figure of the hardware is out of its range.
    pub fn cost(
        &self,
        workload: &Workload,
        speed: Option<&Speed>,
        currency: &str,
    ) -> Result<Option<CostModel>, InvalidCostFigure> {
        match (&self.pricing, speed) {
            (Pricing::Nothing, _) => Ok(Some(CostModel::nothing(currency))),
            (Pricing::Tokens(price), _) => Ok(CostModel::of_provider(price, workload)),
            (Pricing::Hardware(hardware), Some(speed)) => CostModel::of_hardware(hardware, speed, workload),
            (Pricing::Hardware(_), None) | (Pricing::Unknown, _) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_named_once() {
        let reference = |name: &str| {
            let (name, provider) = (name.to_owned(), "openai".to_owned());
            let model = PricedModel { name, provider, facts: ModelFacts::default(), price: None };
            Candidate::of_provider(&model, None).reference().to_string()
        };
        assert_eq!(reference("gpt-4o-mini"), "companion:openai/gpt-4o-mini");
        assert_eq!(reference("openai/gpt-4o-mini"), "companion:openai/gpt-4o-mini");
        assert_eq!(reference("openai-like"), "companion:openai/openai-like");
    }
}
