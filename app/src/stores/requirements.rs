//! What the person wants of a model, kept in this browser.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::catalog::{FactSource, OwnHardware, Requirements, Speed};

use crate::browser::local_storage;

const KEY: &str = "requirements";

/// Everything that is asked on the way to a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequirementData {
    /// The person is finding a model, not looking at those that are there.
    pub is_finding: bool,
    /// What it must be able to do.
    pub requirements: Requirements,
    /// Hardware that could be bought for it.
    pub hardware: HardwarePlan,
    /// How it would be trained.
    pub training: TrainingPlan,
}

/// Hardware that could be bought to run models, and how fast it would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HardwarePlan {
    /// What it costs.
    pub hardware: OwnHardware,
    /// Prompt tokens it reads per second.
    pub prefill_tokens_per_second: f64,
    /// Tokens it writes per second.
    pub decode_tokens_per_second: f64,
    /// The companion runs on it, so its models cost what it costs.
    pub is_companion: bool,
}

/// How a model would be trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingPlan {
    /// Tokens of a sequence.
    pub sequence_tokens: u32,
    /// Sequences computed together.
    pub sequences_per_batch: u32,
    /// Rank of adapters.
    pub rank: u32,
}

impl Default for HardwarePlan {
    /// A graphics card with 24 GB under load for half of the day. Assumptions, to be replaced by the person's own figures.
    fn default() -> Self {
        Self {
            hardware: OwnHardware {
                name: "your own GPU".to_owned(),
                price: 1800.0,
                lifetime_years: 3.0,
                busy_watts: 350.0,
                idle_watts: 25.0,
                electricity_per_kilowatt_hour: 0.30,
                largest_utilization: 0.5,
                currency: "USD".to_owned(),
            },
            prefill_tokens_per_second: 2000.0,
            decode_tokens_per_second: 60.0,
            is_companion: false,
        }
    }
}

impl HardwarePlan {
    /// How fast it would be, as the person says.
    pub fn speed(&self) -> Speed {
        Speed {
            prefill_tokens_per_second: Some(self.prefill_tokens_per_second),
            time_to_first_token_seconds: None,
            decode_tokens_per_second: Some(self.decode_tokens_per_second),
            source: FactSource::Estimated { from: "the speed you typed".to_owned() },
        }
    }
}

impl Default for TrainingPlan {
    fn default() -> Self {
        Self { sequence_tokens: 512, sequences_per_batch: 1, rank: 16 }
    }
}

/// What the person wants of a model.
#[derive(Clone, Copy)]
pub struct RequirementStore {
    data: RwSignal<RequirementData>,
}

impl RequirementStore {
    /// Reads what was kept, and keeps what changes.
    pub fn load() -> Self {
        let data = RwSignal::new(local_storage::load::<RequirementData>(KEY).unwrap_or_default());
        Effect::new(move |_| {
            if let Err(error) = data.with(|data| local_storage::save(KEY, data)) {
                leptos::logging::warn!("the requirements are not kept: {error}");
            }
        });
        Self { data }
    }

    /// A part as a signal that changes only with that part.
    pub fn part<T>(self, part: impl Fn(&RequirementData) -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| self.data.with(&part))
    }

    /// A part, tracked.
    pub fn get<T>(self, part: impl FnOnce(&RequirementData) -> T) -> T {
        self.data.with(part)
    }

    /// Changes it.
    pub fn change(self, change: impl FnOnce(&mut RequirementData)) {
        self.data.update(change);
    }
}
