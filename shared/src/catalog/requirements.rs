//! What a person wants of a model.

use serde::{Deserialize, Serialize};

use super::{Capability, ModelTask, Money, Workload};

/// What a person wants of a model. What is left open counts neither for nor against any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Requirements {
    /// What it is for.
    pub task: Option<ModelTask>,
    /// Languages it must know, as ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Tokens of the longest request and its answer together; at least those of the workload are assumed.
    pub context_tokens: Option<u32>,
    /// The least it must reach on a benchmark.
    pub quality_floor: Option<QualityFloor>,
    /// The longest wait for the first token.
    pub first_token_seconds: Option<f64>,
    /// The fewest tokens per second after it.
    pub decode_tokens_per_second: Option<f64>,
    /// What it must be able to do.
    pub capabilities: Vec<Capability>,
    /// What its terms must allow.
    pub licence: LicenceRequirement,
    /// How far texts may travel.
    pub privacy: Privacy,
    /// What is asked of it.
    pub workload: Workload,
    /// The most that a month may cost.
    pub budget_per_month: Option<Money>,
    /// How much each factor counts.
    pub weights: RankingWeights,
}

/// The least a model must reach on a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityFloor {
    /// The benchmark with its setting, as in [`super::QualityFact::benchmark`].
    pub benchmark: String,
    /// From 0 to 100.
    pub percent: f64,
}

/// What a model's terms must allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenceRequirement {
    /// Whatever they allow.
    #[default]
    Any,
    /// An open-source licence.
    Open,
    /// Commercial use.
    CommercialUse,
}

/// How far texts may travel; each includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// They stay on this device.
    ThisDevice,
    /// They stay on servers of one's own.
    OwnServers,
    /// They may go to anybody.
    #[default]
    Anywhere,
}

/// How much each factor counts, compared with the others; 0 leaves it out. What was required and is known to be met counts
/// full, so those weights only tell known from unknown; quality, speed and cost tell good from better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RankingWeights {
    /// Made for the task.
    pub task: f64,
    /// How it does on a benchmark.
    pub quality: f64,
    /// Knows the languages.
    pub languages: f64,
    /// Room for the longest request.
    pub context: f64,
    /// Can do what is required.
    pub capabilities: f64,
    /// Terms allow what is required.
    pub licence: f64,
    /// Texts stay where they must.
    pub privacy: f64,
    /// Room in the device's memory.
    pub memory: f64,
    /// How long an answer takes.
    pub speed: f64,
    /// What a month costs.
    pub cost: f64,
}

impl Default for RankingWeights {
    fn default() -> Self {
        Self {
            task: 2.0,
            quality: 3.0,
            languages: 1.0,
            context: 1.0,
            capabilities: 1.0,
            licence: 1.0,
            privacy: 1.0,
            memory: 1.0,
            speed: 2.0,
            cost: 2.0,
        }
    }
}

impl Default for Requirements {
    /// An ordinary question and answer, and nothing required.
    fn default() -> Self {
        Self {
            task: None,
            languages: Vec::new(),
            context_tokens: None,
            quality_floor: None,
            first_token_seconds: None,
            decode_tokens_per_second: None,
            capabilities: Vec::new(),
            licence: LicenceRequirement::Any,
            privacy: Privacy::Anywhere,
            workload: Workload { input_tokens: 500, cached_share: 0.0, output_tokens: 200, requests_per_month: 1000 },
            budget_per_month: None,
            weights: RankingWeights::default(),
        }
    }
}

/// A requirement that no model can be held to.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}; expected {expected}")]
pub struct InvalidRequirement {
    /// Which, in words.
    pub field: &'static str,
    /// What was given.
    pub value: f64,
    /// What would do, in words.
    pub expected: &'static str,
}

impl Requirements {
    /// Checks every figure's range.
    ///
    /// # Errors
    /// The first figure out of range.
    pub fn validate(&self) -> Result<(), InvalidRequirement> {
        const FROM_ZERO: &str = "a number from 0 up";
        const ABOVE_ZERO: &str = "a number above 0";
        let in_range = |field, value: f64, is_in_range: bool, expected| {
            if value.is_finite() && is_in_range { Ok(()) } else { Err(InvalidRequirement { field, value, expected }) }
        };
        if let Some(floor) = &self.quality_floor {
            let is_percent = (0.0..=100.0).contains(&floor.percent);
            in_range("the least quality", floor.percent, is_percent, "a percentage from 0 to 100")?;
        }
        if let Some(seconds) = self.first_token_seconds {
            in_range("the longest wait for the first token", seconds, seconds > 0.0, ABOVE_ZERO)?;
        }
        if let Some(rate) = self.decode_tokens_per_second {
            in_range("the fewest tokens per second", rate, rate > 0.0, ABOVE_ZERO)?;
        }
        if let Some(budget) = &self.budget_per_month {
            in_range("the budget", budget.amount, budget.amount >= 0.0, FROM_ZERO)?;
        }
        let share = self.workload.cached_share;
        in_range("the cached share", share, (0.0..=1.0).contains(&share), "a number from 0 to 1")?;
        for weight in self.weights.all() {
            in_range("a weight", weight, weight >= 0.0, FROM_ZERO)?;
        }
        Ok(())
    }

    /// Tokens that a request and its answer may take together.
    pub fn needed_context_tokens(&self) -> u32 {
        let of_workload = self.workload.input_tokens.saturating_add(self.workload.output_tokens);
        self.context_tokens.unwrap_or_default().max(of_workload)
    }
}

impl RankingWeights {
    fn all(&self) -> [f64; 10] {
        let Self { task, quality, languages, context, capabilities, licence, privacy, memory, speed, cost } = *self;
        [task, quality, languages, context, capabilities, licence, privacy, memory, speed, cost]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_out_of_range_are_named() {
        assert_eq!(Requirements::default().validate(), Ok(()));
        let slow = Requirements { decode_tokens_per_second: Some(0.0), ..Requirements::default() };
        assert_eq!(
            slow.validate().unwrap_err().to_string(),
            "the fewest tokens per second is 0; expected a number above 0"
        );
        let weights = RankingWeights { cost: f64::NAN, ..RankingWeights::default() };
        assert!(Requirements { weights, ..Requirements::default() }.validate().is_err());
    }

    #[test]
    fn a_form_may_leave_anything_out() {
        let requirements: Requirements =
            serde_json::from_str(r#"{"privacy": "this_device", "weights": {"cost": 5}}"#).unwrap();
        assert_eq!(requirements.privacy, Privacy::ThisDevice);
        assert_eq!((requirements.weights.cost, requirements.weights.quality), (5.0, 3.0));
        assert_eq!(requirements.needed_context_tokens(), 700);
    }
}
