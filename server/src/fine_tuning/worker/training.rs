//! Steps, one after the other.

use std::path::Path;
use std::time::Instant;

use engine::EngineError;
use engine::training::{AdamW, CpuTrainer, PackedBatch, permutation};

use super::super::{TrainingSpecification, WorkerCommand, WorkerEvent};
use super::base::BaseModel;
use super::checkpoint::{AdapterFiles, Checkpoint, Checkpoints, Identity, State};
use super::failure::Failure;
use super::history::{History, StepRecord, ValidationRecord};
use super::link::Link;
use super::outcome::{Outcome, write_served};
use super::rows::TokenRows;
use super::{End, sample};

/// A run on its way.
pub(super) struct Training<'a> {
    specification: &'a TrainingSpecification,
    base: &'a BaseModel,
    rows: &'a TokenRows,
    validation: Option<&'a TokenRows>,
    trainer: CpuTrainer,
    optimizer: AdamW,
    state: State,
    /// The step of the newest checkpoint.
    kept_step: u64,
    /// An epoch, and its rows in order.
    order: Option<(u32, Vec<usize>)>,
}

impl<'a> Training<'a> {
    /// At the beginning, or where `newest` is.
    pub(super) fn begin(
        specification: &'a TrainingSpecification,
        base: &'a BaseModel,
        rows: &'a TokenRows,
        validation: Option<&'a TokenRows>,
        identity: Identity,
        newest: Option<Checkpoint>,
    ) -> Result<Self, Failure> {
        let TrainingSpecification { threads, seed, optimizer, .. } = *specification;
        let (method, recompute) = (specification.method(), specification.recompute());
        let mut trainer = CpuTrainer::load(&base.file, &base.source, &method, recompute, threads, seed)
            .map_err(|error| Failure::of_base(&specification.base.path, &error))?;
        if trainer.parameters.list.is_empty() {
            return Err(Failure::at(
                "targets",
                "nothing_trained",
                "the model has none of the matrices that adapters are asked for".to_owned(),
            ));
        }
        let mut optimizer = AdamW::new(optimizer.adamw, &trainer.parameters);
        let state = match newest {
            Some(checkpoint) => {
                checkpoint.restore(&mut trainer, &mut optimizer)?;
                checkpoint.state
            }
            None => State {
                identity,
                step: 0,
                epoch: 0,
                row: 0,
                ends_epoch: false,
                optimizer_steps: 0,
                history: History::default(),
            },
        };
        let kept_step = state.step;
        let training =
            Self { specification, base, rows, validation, trainer, optimizer, state, kept_step, order: None };
        let (steps, most) = (specification.schedule.steps, training.epoch_steps() * u64::from(specification.epochs));
        if steps > most {
            let (count, epochs) = (rows.sequences.len(), specification.epochs);
            let message = format!("{count} rows make {most} steps in {epochs} epochs, and {steps} are asked for");
            return Err(Failure::new("invalid_specification", message));
        }
        Ok(training)
    }

    /// Steps that are made.
    pub(super) fn done_steps(&self) -> u64 {
        self.state.step
    }

    fn epoch_steps(&self) -> u64 {
        self.rows.sequences.len().div_ceil(self.specification.batch_rows) as u64
    }

    /// Makes all steps that are left; gives the end where somebody wished for one.
    pub(super) fn make_steps(&mut self, link: &Link, checkpoints: &Checkpoints) -> Result<Option<End>, Failure> {
        let TrainingSpecification { checkpoint_steps, validation_steps, .. } = *self.specification;
        let steps = self.specification.schedule.steps;
        while self.state.step < steps {
            match link.wish() {
                Some(WorkerCommand::Cancel) => return Ok(Some(End::Cancelled)),
                Some(WorkerCommand::Pause) => {
                    if self.kept_step < self.state.step {
                        self.keep(link, checkpoints)?;
                    }
                    return Ok(Some(End::Paused { step: self.state.step }));
                }
                None => {}
            }
            self.make_step(link)?;
            let step = self.state.step;
            let is_last = step == steps;
            if is_last || is_due(step, validation_steps) {
                self.validate(link)?;
            }
            if self.state.ends_epoch || is_last {
                self.sample(link)?;
            }
            if self.state.ends_epoch || is_last || is_due(step, checkpoint_steps) {
                self.keep(link, checkpoints)?;
            }
        }
        Ok(None)
    }

    /// The rows of the next step.
    fn next_rows(&mut self) -> Vec<usize> {
        let epoch = self.state.epoch;
        let count = self.rows.sequences.len();
        let order = match self.order.take() {
            Some((of, order)) if of == epoch => order,
            _ => permutation(self.specification.seed, epoch, count),
        };
        let end = (self.state.row + self.specification.batch_rows).min(count);
        let rows = order[self.state.row..end].to_vec();
        self.order = Some((epoch, order));
        rows
    }

    fn make_step(&mut self, link: &Link) -> Result<(), Failure> {
        let rows = self.next_rows();
        let seen = self.state.row + rows.len();
        let batches = self.rows.packed(rows.into_iter(), self.specification.packed_tokens);
        let learned_tokens: usize = batches.iter().map(PackedBatch::learned_tokens).sum();
        if learned_tokens > 0 {
            self.learn(&batches, learned_tokens, link)?;
        }
        self.state.step += 1;
        self.state.optimizer_steps = self.optimizer.steps;
        self.state.ends_epoch = seen == self.rows.sequences.len();
        (self.state.epoch, self.state.row) =
            if self.state.ends_epoch { (self.state.epoch + 1, 0) } else { (self.state.epoch, seen) };
        Ok(())
    }

    fn learn(&mut self, batches: &[PackedBatch], learned_tokens: usize, link: &Link) -> Result<(), Failure> {
        let began = Instant::now();
        let step = self.state.step + 1;
        self.trainer.parameters.clear_gradients();
        let mut loss = 0.0;
        for batch in batches {
            loss += self.trainer.learn(batch, 1.0 / learned_tokens as f32).map_err(|error| self.broken(&error))?;
        }
        let loss = loss / learned_tokens as f64;
        if !loss.is_finite() {
            return Err(self.not_finite("loss"));
        }
        let learning_rate = self.specification.schedule.learning_rate(self.state.step);
        let gradient_norm = self.optimizer.step(&mut self.trainer.parameters, learning_rate);
        if !gradient_norm.is_finite() {
            return Err(self.not_finite("gradient"));
        }
        let tokens: usize = batches.iter().map(|batch| batch.tokens().len()).sum();
        let history = &mut self.state.history;
        history.learned_tokens += learned_tokens as u64;
        let learned_tokens = learned_tokens as u64;
        history.steps.push(StepRecord { step, loss, learning_rate, gradient_norm, learned_tokens });
        link.say(&WorkerEvent::Step {
            step,
            loss,
            accuracy: None,
            learning_rate,
            gradient_norm,
            learned_tokens: history.learned_tokens,
            tokens_per_second: tokens as f64 / began.elapsed().as_secs_f64().max(1e-9),
        });
        Ok(())
    }

    fn validate(&mut self, link: &Link) -> Result<(), Failure> {
        let Some(rows) = self.validation.filter(|rows| rows.learned_tokens() > 0) else { return Ok(()) };
        let mut loss = 0.0;
        for batch in rows.packed(0..rows.sequences.len(), self.specification.packed_tokens) {
            loss += self.trainer.loss(&batch).map_err(|error| self.broken(&error))?;
        }
        let (step, loss) = (self.state.step, loss / rows.learned_tokens() as f64);
        if !loss.is_finite() {
            return Err(self.not_finite("validation loss"));
        }
        self.state.history.validations.push(ValidationRecord { step, loss });
        link.say(&WorkerEvent::Validation { step, loss });
        Ok(())
    }

    fn sample(&mut self, link: &Link) -> Result<(), Failure> {
        for prompt in &self.specification.sample_prompts {
            let today = &self.state.identity.today;
            let text = sample::answer(&mut self.trainer, &self.base.text, prompt, today);
            if let Some(text) = text.map_err(|error| self.broken(&error))? {
                link.say(&WorkerEvent::Sample { step: self.state.step, prompt: prompt.clone(), text });
            }
        }
        Ok(())
    }

    fn keep(&mut self, link: &Link, checkpoints: &Checkpoints) -> Result<(), Failure> {
        let adapter = self.trainer.adapter();
        let adapter =
            adapter.map(|adapter| AdapterFiles::of(&adapter, &self.base.sizes, &self.specification.base.name));
        let folder = checkpoints.write(&self.state, &self.trainer, &self.optimizer, adapter.transpose()?.as_ref())?;
        self.kept_step = self.state.step;
        link.say(&WorkerEvent::Checkpoint { step: self.state.step, folder });
        Ok(())
    }

    /// Writes what is served to the job's folder.
    pub(super) fn finish(mut self, folder: &Path) -> Result<Outcome, Failure> {
        let rows = self.validation.filter(|rows| rows.learned_tokens() > 0).unwrap_or(self.rows);
        let logit_difference = write_served(folder, self.specification, self.base, &mut self.trainer, rows)?;
        Ok(Outcome { identity: self.state.identity, logit_difference, history: self.state.history })
    }

    fn broken(&self, error: &EngineError) -> Failure {
        Failure::new("training_failed", format!("step {} could not be computed: {error}", self.state.step + 1))
    }

    fn not_finite(&self, what: &str) -> Failure {
        let kept = match self.kept_step {
            0 => String::new(),
            step => format!(" The checkpoint of step {step} is kept."),
        };
        let message = format!(
            "the {what} of step {} is no finite number: the steps before it were too large. Lower the learning rate.{kept}",
            self.state.step + 1
        );
        Failure::at("learning_rate_multiplier", "loss_not_finite", message)
    }
}

/// Whether something is done after a step that is done every so many; after none where that is 0.
fn is_due(step: u64, every: u64) -> bool {
    every > 0 && step.is_multiple_of(every)
}
