//! `POST /v1/fine_tuning/jobs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::method::{DpoHyperparameters, Method, MethodKind, SupervisedHyperparameters};
use super::options::TrainingOptions;
use crate::api::request::invalid;
use crate::model_call::ModelCallError;

/// Pairs of a job that mean something to its owner.
pub type Metadata = BTreeMap<String, String>;

const MOST_METADATA_PAIRS: usize = 16;
const MOST_METADATA_KEY: usize = 64;
const MOST_METADATA_VALUE: usize = 512;
const MOST_SUFFIX: usize = 64;
const MOST_SAMPLE_PROMPTS: usize = 8;
const MOST_RANK: u32 = 256;

/// What is asked for. Fields that are not here are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FineTuningRequest {
    /// The base.
    pub model: String,
    /// Id of the file to learn from; its purpose is `fine-tune`.
    pub training_file: String,
    /// Id of a file whose loss is measured and not learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_file: Option<String>,
    /// How it learns; without it, `supervised`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// The older way to give `supervised` its numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hyperparameters: Option<SupervisedHyperparameters>,
    /// Same seed, same files and options: same result. Without it, one is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// A part of the new model's name, of 1 to 64 letters, digits, `-`, `_` and `.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// Up to 16 pairs; keys up to 64 characters, values up to 512.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Others to tell; there are none, so anything but an empty list is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrations: Option<Vec<Value>>,
    /// Quern's own options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quern: Option<TrainingOptions>,
}

impl FineTuningRequest {
    /// A request to learn the answers of a file, with `auto` for all numbers.
    pub fn new(model: impl Into<String>, training_file: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            training_file: training_file.into(),
            validation_file: None,
            method: None,
            hyperparameters: None,
            seed: None,
            suffix: None,
            metadata: None,
            integrations: None,
            quern: None,
        }
    }

    /// How it learns.
    pub fn kind(&self) -> MethodKind {
        self.method.as_ref().map_or(MethodKind::Supervised, |method| method.kind)
    }

    /// The numbers of `supervised`, wherever they were given.
    pub fn supervised(&self) -> SupervisedHyperparameters {
        let method = self.method.as_ref().and_then(|method| method.supervised.as_ref()?.hyperparameters.clone());
        method.or_else(|| self.hyperparameters.clone()).unwrap_or_default()
    }

    /// The numbers of `dpo`.
    pub fn dpo(&self) -> DpoHyperparameters {
        self.method.as_ref().and_then(|method| method.dpo.as_ref()?.hyperparameters.clone()).unwrap_or_default()
    }

    /// Checks every field as far as that can be done without the files.
    ///
    /// # Errors
    /// A field that is out of range, or that can't be honoured, named in `param`.
    pub fn check(&self) -> Result<(), ModelCallError> {
        if self.integrations.as_ref().is_some_and(|list| !list.is_empty()) {
            let message = "integrations are not supported; leave the field out. GET …/events tells all metrics";
            return Err(invalid("integrations", message));
        }
        self.check_method()?;
        if let Some(suffix) = &self.suffix {
            let is_fine = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
            if suffix.is_empty() || suffix.len() > MOST_SUFFIX || !suffix.chars().all(is_fine) {
                let message = format!("suffix takes 1 to {MOST_SUFFIX} letters, digits, `-`, `_` and `.`");
                return Err(invalid("suffix", message));
            }
        }
        check_metadata(self.metadata.as_ref())?;
        self.quern.as_ref().map_or(Ok(()), check_options)
    }

    fn check_method(&self) -> Result<(), ModelCallError> {
        let method = self.method.as_ref();
        let has_both = method.is_some_and(|method| method.kind == MethodKind::Dpo || method.supervised.is_some());
        if self.hyperparameters.is_some() && has_both {
            let message = "hyperparameters is the older form of method.supervised.hyperparameters; give one of them";
            return Err(invalid("hyperparameters", message));
        }
        if let Some(method) = method {
            let (other, is_given) = match method.kind {
                MethodKind::Supervised => ("method.dpo", method.dpo.is_some()),
                MethodKind::Dpo => ("method.supervised", method.supervised.is_some()),
            };
            if is_given {
                return Err(invalid(
                    other,
                    format!("{other} belongs to another method than method.type; leave it out"),
                ));
            }
        }
        let (place, batch_size, multiplier, epochs) = match self.kind() {
            MethodKind::Supervised => {
                let numbers = self.supervised();
                let is_older = method.is_none_or(|method| method.supervised.is_none());
                let place = if is_older { "hyperparameters" } else { "method.supervised.hyperparameters" };
                (place, numbers.batch_size, numbers.learning_rate_multiplier, numbers.n_epochs)
            }
            MethodKind::Dpo => {
                let numbers = self.dpo();
                let place = "method.dpo.hyperparameters";
                check_range(
                    &format!("{place}.beta"),
                    numbers.beta.number(),
                    |beta| beta > 0.0 && beta <= 2.0,
                    "more than 0, at most 2",
                )?;
                (place, numbers.batch_size, numbers.learning_rate_multiplier, numbers.n_epochs)
            }
        };
        check_range(
            &format!("{place}.batch_size"),
            batch_size.number(),
            |rows| (1..=256).contains(&rows),
            "from 1 to 256",
        )?;
        check_range(
            &format!("{place}.n_epochs"),
            epochs.number(),
            |epochs| (1..=50).contains(&epochs),
            "from 1 to 50",
        )?;
        check_range(
            &format!("{place}.learning_rate_multiplier"),
            multiplier.number(),
            |multiplier| multiplier > 0.0 && multiplier <= 1000.0,
            "more than 0, at most 1000",
        )
    }
}

fn check_metadata(metadata: Option<&Metadata>) -> Result<(), ModelCallError> {
    let Some(metadata) = metadata else { return Ok(()) };
    let fits = |(key, value): (&String, &String)| {
        key.chars().count() <= MOST_METADATA_KEY && value.chars().count() <= MOST_METADATA_VALUE
    };
    if metadata.len() <= MOST_METADATA_PAIRS && metadata.iter().all(fits) {
        return Ok(());
    }
    Err(invalid(
        "metadata",
        format!(
            "metadata takes up to {MOST_METADATA_PAIRS} pairs, their keys of up to {MOST_METADATA_KEY} characters and \
             their values of up to {MOST_METADATA_VALUE}"
        ),
    ))
}

fn check_options(options: &TrainingOptions) -> Result<(), ModelCallError> {
    let TrainingOptions { rank, alpha, targets, learning_rate, sequence_tokens, packed_tokens, .. } = options;
    check_range("quern.rank", *rank, |rank| (1..=MOST_RANK).contains(&rank), &format!("from 1 to {MOST_RANK}"))?;
    check_range("quern.alpha", *alpha, |alpha| alpha > 0.0 && alpha.is_finite(), "more than 0")?;
    let is_rate = |rate: f32| rate > 0.0 && rate <= 1.0;
    check_range("quern.learning_rate", *learning_rate, is_rate, "more than 0, at most 1")?;
    if options.full == Some(true) {
        let of_adapters = [
            ("quern.rank", rank.is_some()),
            ("quern.alpha", alpha.is_some()),
            ("quern.targets", targets.is_some()),
            ("quern.rslora", options.rslora.is_some()),
        ];
        if let Some((param, _)) = of_adapters.iter().find(|(_, is_given)| *is_given) {
            return Err(invalid(param, format!("{param} is of adapters, and full trains all weights; leave one out")));
        }
    }
    if let Some(targets) = targets {
        let known = TrainingOptions::TARGETS;
        let is_distinct = |index: usize| !targets[..index].contains(&targets[index]);
        let is_fine = |index: usize| known.contains(&targets[index].as_str()) && is_distinct(index);
        if targets.is_empty() || !(0..targets.len()).all(is_fine) {
            return Err(invalid("quern.targets", format!("targets takes some of {}, each once", known.join(", "))));
        }
    }
    let is_length = |tokens: u32| (8..=1 << 20).contains(&tokens);
    check_range("quern.sequence_tokens", *sequence_tokens, is_length, "from 8 to 1048576")?;
    check_range("quern.packed_tokens", *packed_tokens, is_length, "from 8 to 1048576")?;
    let is_count = |steps: u64| steps > 0;
    check_range("quern.checkpoint_steps", options.checkpoint_steps, is_count, "at least 1")?;
    check_range("quern.validation_steps", options.validation_steps, is_count, "at least 1")?;
    check_range("quern.threads", options.threads, |threads| (1..=1024).contains(&threads), "from 1 to 1024")?;
    if let Some(optimizer) = &options.optimizer {
        let is_share = |beta: f32| (0.0..1.0).contains(&beta);
        let is_positive = |number: f32| number > 0.0 && number.is_finite();
        let is_amount = |number: f32| number >= 0.0 && number.is_finite();
        check_range("quern.optimizer.beta1", optimizer.beta1, is_share, "at least 0, less than 1")?;
        check_range("quern.optimizer.beta2", optimizer.beta2, is_share, "at least 0, less than 1")?;
        check_range("quern.optimizer.epsilon", optimizer.epsilon, is_positive, "more than 0")?;
        check_range("quern.optimizer.weight_decay", optimizer.weight_decay, is_amount, "at least 0")?;
        check_range("quern.optimizer.most_gradient_norm", optimizer.most_gradient_norm, is_amount, "at least 0")?;
    }
    let prompts = options.sample_prompts.as_deref().unwrap_or_default();
    if prompts.len() > MOST_SAMPLE_PROMPTS || prompts.iter().any(String::is_empty) {
        let message = format!("sample_prompts takes up to {MOST_SAMPLE_PROMPTS} texts, none of them empty");
        return Err(invalid("quern.sample_prompts", message));
    }
    Ok(())
}

fn check_range<T: Copy + std::fmt::Display>(
    param: &str,
    number: Option<T>,
    is_fine: impl Fn(T) -> bool,
    range: &str,
) -> Result<(), ModelCallError> {
    match number {
        Some(number) if !is_fine(number) => Err(invalid(param, format!("{param} is {number}; it must be {range}"))),
        _ => Ok(()),
    }
}
