//! From what was asked for to what is done: every number that was left open is chosen by the rows there are. What is
//! chosen, and why, stands with the fields of `shared::api::fine_tuning`.

use std::path::Path;

use engine::adapter::{LoraSettings, Scaling};
use engine::training::{AdamWSettings, Decay, Schedule};
use shared::api::fine_tuning::{
    Auto, DpoHyperparameters, DpoMethod, FineTuningJob, FineTuningRequest, Method, MethodKind, OptimizerOptions,
    Scheduler, SupervisedHyperparameters, SupervisedMethod, TrainingOptions,
};

use super::specification::{Base, Objective, Optimizer, Output, TrainingSpecification};

/// Rows that a supervised job sees at least, all epochs together, where it chooses itself,
const LEAST_ROWS_SEEN: u64 = 100;
/// and at most,
const MOST_ROWS_SEEN: u64 = 25_000;
/// and the most epochs that it chooses.
const MOST_EPOCHS: u64 = 25;

/// The file names within a job's folder.
pub(super) const TRAINING_FILE: &str = "training.jsonl";
/// The same for rows whose loss is measured.
pub(super) const VALIDATION_FILE: &str = "validation.jsonl";

/// Every choice made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    hyperparameters: SupervisedHyperparameters,
    method: Method,
    options: TrainingOptions,
    steps: u64,
    seed: u32,
    kind: MethodKind,
    epochs: u32,
    batch_rows: u32,
    multiplier: f64,
    beta: f64,
}

impl Plan {
    /// For so many rows to learn.
    pub(super) fn new(request: &FineTuningRequest, seed: u32, rows: u64, threads: u16) -> Self {
        let kind = request.kind();
        let (supervised, dpo) = (request.supervised(), request.dpo());
        let (batch_size, multiplier, epochs, usual_epochs) = match kind {
            MethodKind::Supervised => {
                (supervised.batch_size, supervised.learning_rate_multiplier, supervised.n_epochs, 3)
            }
            MethodKind::Dpo => (dpo.batch_size, dpo.learning_rate_multiplier, dpo.n_epochs, 1),
        };
        let rows = rows.max(1);
        let batch_rows = u64::from(batch_size.number().unwrap_or_else(|| usual_batch_rows(rows))).min(rows) as u32;
        let epochs = epochs.number().unwrap_or_else(|| epochs_for(rows, usual_epochs));
        let multiplier = multiplier.number().unwrap_or(1.0);
        let beta = dpo.beta.number().unwrap_or(0.1);
        let epoch_steps = rows.div_ceil(u64::from(batch_rows));
        let steps = epoch_steps * u64::from(epochs);

        let hyperparameters = SupervisedHyperparameters {
            batch_size: Auto::Number(batch_rows),
            learning_rate_multiplier: Auto::Number(multiplier),
            n_epochs: Auto::Number(epochs),
        };
        let method = match kind {
            MethodKind::Supervised => Method {
                kind,
                supervised: Some(SupervisedMethod { hyperparameters: Some(hyperparameters.clone()) }),
                dpo: None,
            },
            MethodKind::Dpo => Method {
                kind,
                supervised: None,
                dpo: Some(DpoMethod {
                    hyperparameters: Some(DpoHyperparameters {
                        batch_size: Auto::Number(batch_rows),
                        beta: Auto::Number(beta),
                        learning_rate_multiplier: Auto::Number(multiplier),
                        n_epochs: Auto::Number(epochs),
                    }),
                }),
            },
        };
        let options = options_in_force(request.quern.clone().unwrap_or_default(), kind, epoch_steps, steps, threads);
        Self { hyperparameters, method, options, steps, seed, kind, epochs, batch_rows, multiplier, beta }
    }

    /// Shows the choices on a job.
    pub(super) fn show(&self, job: &mut FineTuningJob) {
        job.hyperparameters = self.hyperparameters.clone();
        job.method = self.method.clone();
        job.quern.options = self.options.clone();
        job.quern.steps = Some(self.steps);
    }

    /// What the worker of `job` is told, with its files in `folder`.
    pub(super) fn specification(&self, job: &str, base: Base, folder: &Path, validates: bool) -> TrainingSpecification {
        let options = &self.options;
        let objective = match self.kind {
            MethodKind::Supervised => Objective::Supervised,
            MethodKind::Dpo => Objective::Dpo { beta: self.beta as f32 },
        };
        let sequence_tokens = options.sequence_tokens.unwrap_or_default() as usize;
        TrainingSpecification {
            job: job.to_owned(),
            base,
            training_file: folder.join(TRAINING_FILE),
            validation_file: validates.then(|| folder.join(VALIDATION_FILE)),
            objective,
            output: output(options),
            optimizer: Optimizer { adamw: adamw(options.optimizer.as_ref()) },
            schedule: Schedule {
                peak: (f64::from(options.learning_rate.unwrap_or_default()) * self.multiplier) as f32,
                warmup_steps: options.warmup_steps.unwrap_or_default(),
                steps: self.steps,
                decay: match options.scheduler.unwrap_or_default() {
                    Scheduler::Constant => Decay::Constant,
                    Scheduler::Linear => Decay::Linear,
                    Scheduler::Cosine => Decay::Cosine,
                },
            },
            batch_rows: self.batch_rows as usize,
            epochs: self.epochs,
            sequence_tokens,
            packed_tokens: options.packed_tokens.map_or(sequence_tokens, |tokens| tokens as usize),
            recompute: options.recompute.unwrap_or(true),
            seed: u64::from(self.seed),
            threads: options.threads.unwrap_or(1) as usize,
            checkpoint_steps: options.checkpoint_steps.unwrap_or(1),
            validation_steps: options.validation_steps.unwrap_or(1),
            sample_prompts: options.sample_prompts.clone().unwrap_or_default(),
        }
    }
}

/// Fills in what was left out.
fn options_in_force(
    mut options: TrainingOptions,
    kind: MethodKind,
    epoch_steps: u64,
    steps: u64,
    threads: u16,
) -> TrainingOptions {
    let is_full = *options.full.get_or_insert(false);
    if !is_full {
        let rank = *options.rank.get_or_insert(16);
        options.alpha.get_or_insert(2.0 * rank as f32);
        options.targets.get_or_insert_with(|| TrainingOptions::TARGETS.map(str::to_owned).to_vec());
        options.rslora.get_or_insert(false);
    }
    options.learning_rate.get_or_insert(match (kind, is_full) {
        (MethodKind::Supervised, false) => 2e-4,
        (MethodKind::Supervised, true) | (MethodKind::Dpo, false) => 2e-5,
        (MethodKind::Dpo, true) => 2e-6,
    });
    options.scheduler.get_or_insert_default();
    options.warmup_steps.get_or_insert(steps * 3 / 100);
    let sequence_tokens = *options.sequence_tokens.get_or_insert(2048);
    options.packed_tokens.get_or_insert(sequence_tokens);
    options.recompute.get_or_insert(true);
    options.checkpoint_steps.get_or_insert(epoch_steps.clamp(1, 100));
    options.validation_steps.get_or_insert((steps / 10).max(1));
    options.sample_prompts.get_or_insert_default();
    options.threads.get_or_insert(u32::from(threads));
    let optimizer = options.optimizer.get_or_insert_default();
    let usual = AdamWSettings::default();
    optimizer.beta1.get_or_insert(usual.beta1);
    optimizer.beta2.get_or_insert(usual.beta2);
    optimizer.epsilon.get_or_insert(usual.epsilon);
    optimizer.weight_decay.get_or_insert(usual.weight_decay);
    optimizer.most_gradient_norm.get_or_insert(usual.most_gradient_norm.unwrap_or_default());
    options
}

fn output(options: &TrainingOptions) -> Output {
    if options.full == Some(true) {
        return Output::Full;
    }
    let rank = options.rank.unwrap_or(1);
    let scaling = if options.rslora == Some(true) { Scaling::RootOfRank } else { Scaling::Rank };
    let targets = options.targets.clone().unwrap_or_default();
    Output::Adapter {
        lora: LoraSettings {
            rank: rank as usize,
            alpha: options.alpha.unwrap_or(rank as f32),
            scaling,
            targets,
            dora: false,
        },
    }
}

fn adamw(options: Option<&OptimizerOptions>) -> AdamWSettings {
    let usual = AdamWSettings::default();
    let Some(options) = options else { return usual };
    AdamWSettings {
        beta1: options.beta1.unwrap_or(usual.beta1),
        beta2: options.beta2.unwrap_or(usual.beta2),
        epsilon: options.epsilon.unwrap_or(usual.epsilon),
        weight_decay: options.weight_decay.unwrap_or(usual.weight_decay),
        most_gradient_norm: match options.most_gradient_norm {
            None => usual.most_gradient_norm,
            Some(most) => (most > 0.0).then_some(most),
        },
    }
}

/// 0.2 % of the rows, from 4 to 32.
fn usual_batch_rows(rows: u64) -> u32 {
    (rows / 500).clamp(4, 32) as u32
}

fn epochs_for(rows: u64, usual: u64) -> u32 {
    let least = LEAST_ROWS_SEEN.div_ceil(rows).min(MOST_EPOCHS);
    let most = (MOST_ROWS_SEEN / rows).max(1);
    usual.max(least).min(most) as u32
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(more: serde_json::Value, rows: u64) -> Plan {
        let mut body = json!({"model": "m", "training_file": "file-1"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Plan::new(&serde_json::from_value(body).unwrap(), 7, rows, 2)
    }

    #[test]
    fn numbers_left_open_follow_the_rows() {
        let numbers = |rows| {
            let plan = plan(json!({}), rows);
            (plan.batch_rows, plan.epochs, plan.steps)
        };
        assert_eq!(numbers(1), (1, 25, 25));
        assert_eq!(numbers(10), (4, 10, 30));
        assert_eq!(numbers(200), (4, 3, 150));
        assert_eq!(numbers(10_000), (20, 2, 1000));
        assert_eq!(numbers(1_000_000), (32, 1, 31_250));
    }

    #[test]
    fn what_was_asked_for_is_told_to_the_worker() {
        let asked = json!({
            "hyperparameters": {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 0.5},
            "quern": {
                "rank": 8, "alpha": 4.0, "targets": ["attn_q"], "rslora": true, "learning_rate": 0.01,
                "scheduler": "cosine", "warmup_steps": 5, "sequence_tokens": 64, "packed_tokens": 128,
                "recompute": false, "optimizer": {"beta2": 0.5, "most_gradient_norm": 0}, "checkpoint_steps": 3,
                "validation_steps": 4, "sample_prompts": ["Hello"], "threads": 1
            }
        });
        let plan = plan(asked, 20);
        let base = Base { name: "m".to_owned(), path: "/m.gguf".into(), sha256: "0".repeat(64) };
        let specification = plan.specification("ftjob-1", base.clone(), Path::new("/jobs/1"), true);
        let lora = LoraSettings {
            rank: 8,
            alpha: 4.0,
            scaling: Scaling::RootOfRank,
            targets: vec!["attn_q".to_owned()],
            dora: false,
        };
        let expected = TrainingSpecification {
            job: "ftjob-1".to_owned(),
            base,
            training_file: "/jobs/1/training.jsonl".into(),
            validation_file: Some("/jobs/1/validation.jsonl".into()),
            objective: Objective::Supervised,
            output: Output::Adapter { lora },
            optimizer: Optimizer {
                adamw: AdamWSettings { beta2: 0.5, most_gradient_norm: None, ..AdamWSettings::default() },
            },
            schedule: Schedule { peak: 0.005, warmup_steps: 5, steps: 6, decay: Decay::Cosine },
            batch_rows: 8,
            epochs: 2,
            sequence_tokens: 64,
            packed_tokens: 128,
            recompute: false,
            seed: 7,
            threads: 1,
            checkpoint_steps: 3,
            validation_steps: 4,
            sample_prompts: vec!["Hello".to_owned()],
        };
        assert_eq!(specification, expected);
    }

    #[test]
    fn all_weights_and_preferences_are_learned_more_slowly() {
        let of = |more| {
            let base = Base { name: "m".to_owned(), path: "/m.gguf".into(), sha256: "0".repeat(64) };
            plan(more, 200).specification("ftjob-1", base, Path::new("/jobs/1"), false)
        };
        let full = of(json!({"quern": {"full": true}}));
        assert_eq!((full.output, full.schedule.peak), (Output::Full, 2e-5));
        let dpo = of(json!({"method": {"type": "dpo"}}));
        assert_eq!((dpo.objective, dpo.schedule.peak, dpo.epochs), (Objective::Dpo { beta: 0.1 }, 2e-5, 1));
    }
}
