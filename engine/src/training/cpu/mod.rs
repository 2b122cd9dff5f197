//! Walks a [`Program`] forwards and back on the processor, in 32-bit floats.

mod attention;
pub(super) mod cross_entropy;
mod dora;
mod gate;
mod matrix;
mod norm;
mod pool;
mod rows;
mod walk;
mod weight;

use std::ops::Range;

use rayon::ThreadPool;

use self::pool::Pool;
use self::walk::{Walk, Wanted};
use self::weight::Weight;
use super::adapter::Adapter;
use super::nf4_tensor::Nf4Tensor;
use super::program::Program;
use super::trained::{self, Holding, Trained};
use super::{Beside, Method, PackedBatch, Parameters, Preference, Recompute};
use crate::adapter::LoraAdapter;
use crate::cpu::lanes::InstructionSet;
use crate::cpu::weight::CpuWeight;
use crate::error::EngineError;
use crate::gguf::{GgufFile, RewriteError};
use crate::models::hugging_face::Modules;
use crate::models::{self, Hyperparameters};
use crate::plan::{self, Plan};
use crate::source::ReadAt;
use crate::weights;

/// A model that is trained on the processor.
pub struct CpuTrainer {
    set: InstructionSet,
    architecture: String,
    method: Method,
    threads: ThreadPool,
    plan: Plan,
    program: Program,
    weights: Vec<Weight>,
    /// By weight of the plan: its adapters.
    adapters: Vec<Vec<Adapter>>,
    adapter_factor: f32,
    adapter_count: usize,
    recompute: Recompute,
    pool: Pool,
    pool_tokens: usize,
    /// What is trained.
    pub parameters: Parameters,
}

impl CpuTrainer {
    /// Takes a model's weights from `source`, and makes what is trained ready: with adapters, B is zero and A spread evenly as
    /// PEFT does it, by `seed`.
    ///
    /// # Errors
    /// The file is no model that the engine knows, it can't be read, or there is no memory for it.
    pub fn load(
        file: &GgufFile,
        source: &dyn ReadAt,
        method: &Method,
        recompute: Recompute,
        threads: usize,
        seed: u64,
    ) -> Result<Self, EngineError> {
        let sizes = Hyperparameters::read(file)?;
        let plan = models::plan(file, &sizes)?;
        let program = Program::of(&plan)?;
        let Trained { mut parameters, holdings, adapters, adapter_factor, adapter_count } =
            Trained::of(file, source, &plan, method, seed)?;
        let modules = Modules::of(&sizes);
        let load = |(weight, holding): (&plan::Weight, &Holding)| match *holding {
            Holding::Trained(number) => Ok(Weight::Trained(number)),
            Holding::Norm => Ok(Weight::FrozenNorm(weights::read_floats(source, file, weight)?)),
            Holding::Nf4 { double_quantization } => {
                Ok(Weight::Nf4(Nf4Tensor::load(source, file, &modules, weight, double_quantization)?))
            }
            Holding::AsStored => Ok(Weight::Frozen(CpuWeight::load(source, file, weight)?)),
        };
        let weights = plan.weights.iter().zip(&holdings).map(load).collect::<Result<Vec<Weight>, EngineError>>()?;
        let mut scratch = Vec::new();
        for (weight, (beside, of_plan)) in weights.iter().zip(adapters.iter().zip(&plan.weights)) {
            for adapter in beside {
                let Some(magnitude) = adapter.magnitude else { continue };
                let rows = adapter.first_row..adapter.first_row + adapter.rows;
                let rows = weight.rows(rows, of_plan.columns, &parameters, &mut scratch);
                let lengths = dora::lengths(rows, of_plan.columns);
                let range = parameters.range(magnitude);
                parameters.values[range].copy_from_slice(&lengths);
            }
        }
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).thread_name(|index| format!("trainer-{index}"));
        let threads =
            pool.build().map_err(|cause| EngineError::Malformed(format!("no threads could be started: {cause}")))?;
        Ok(Self {
            set: InstructionSet::detect(),
            architecture: sizes.architecture,
            method: method.clone(),
            threads,
            plan,
            program,
            weights,
            adapters,
            adapter_factor,
            adapter_count,
            recompute,
            pool: Pool::default(),
            pool_tokens: 0,
            parameters,
        })
    }

    /// The adapter as it is now; there is none where every weight is trained.
    pub fn adapter(&self) -> Option<LoraAdapter> {
        trained::adapter(&self.architecture, &self.method, &self.parameters)
    }

    /// Writes the model as it is now, adapters in its weights, in 32-bit floats. `file` and `source` are what it was loaded from.
    ///
    /// # Errors
    /// The file can't be read any more, or `out` can't be written to.
    pub fn write_model(
        &self,
        file: &GgufFile,
        source: &dyn ReadAt,
        out: &mut dyn std::io::Write,
    ) -> Result<(), RewriteError> {
        trained::write_model(self.adapter().as_ref(), &self.parameters, file, source, out)
    }

    /// The sum of the losses of all learned tokens of a batch (what is lacking in their log-probabilities, in nats).
    ///
    /// # Errors
    /// A token is not in the vocabulary.
    pub fn loss(&mut self, batch: &PackedBatch) -> Result<f64, EngineError> {
        Ok(sum(&self.run(batch, Beside::Adapters, Wanted::Losses)?))
    }

    /// The same, and adds `scale` times its gradient to that of the parameters. With a `scale` of one over the tokens that
    /// all batches of a step learn, it does not matter how they are cut.
    ///
    /// # Errors
    /// A token is not in the vocabulary.
    pub fn learn(&mut self, batch: &PackedBatch, scale: f32) -> Result<f64, EngineError> {
        Ok(sum(&self.run(batch, Beside::Adapters, Wanted::Gradient(scale))?))
    }

    /// The logits after some places of a sequence, `[places, vocabulary]`.
    ///
    /// # Errors
    /// A token is not in the vocabulary.
    pub fn logits(&mut self, tokens: &[u32], places: Range<usize>) -> Result<Vec<f32>, EngineError> {
        let mut batch = PackedBatch::default();
        batch.push(tokens, &vec![false; tokens.len()]);
        Ok(self.walk(&batch, Beside::Adapters, |walk| walk.logits(places))?.unwrap_or_default())
    }

    /// The log-probability of all learned tokens of each sequence, by the model or its base.
    ///
    /// # Errors
    /// A token is not in the vocabulary.
    pub fn sequence_log_probabilities(&mut self, batch: &PackedBatch, by: Beside) -> Result<Vec<f64>, EngineError> {
        let losses = self.run(batch, by, Wanted::Losses)?;
        Ok(batch.sums(&losses).into_iter().map(|loss| -loss).collect())
    }

    /// What the model makes of pairs of answers: each pair is two sequences of the batch, the preferred one first, and `base`
    /// has the base's log-probability of each sequence (with adapters, what
    /// [`sequence_log_probabilities`](Self::sequence_log_probabilities) says without them; where every weight is trained, what
    /// it said before the first step). `beta` is how dear it is to go away from the base.
    ///
    /// # Errors
    /// A token is not in the vocabulary, or the sequences are no pairs with a log-probability each.
    pub fn preferences(
        &mut self,
        batch: &PackedBatch,
        base: &[f64],
        beta: f32,
    ) -> Result<Vec<Preference>, EngineError> {
        are_pairs(batch, base)?;
        let losses = self.run(batch, Beside::Adapters, Wanted::Losses)?;
        Ok(preferences(&batch.sums(&losses), base, beta))
    }

    /// The same, and adds `scale` times the gradient of the sum of their losses to that of the parameters. A `scale` of one
    /// over the pairs of a step gives the gradient of the mean.
    ///
    /// # Errors
    /// As [`preferences`](Self::preferences).
    pub fn learn_preferences(
        &mut self,
        batch: &PackedBatch,
        base: &[f64],
        beta: f32,
        scale: f32,
    ) -> Result<Vec<Preference>, EngineError> {
        are_pairs(batch, base)?;
        let scales = |losses: &[f64]| {
            let slopes = preferences(losses, base, beta).into_iter().flat_map(|preference| preference.slopes(beta));
            slopes.map(|slope| scale * slope).collect()
        };
        let losses = self.run(batch, Beside::Adapters, Wanted::GradientBy(&scales))?;
        Ok(preferences(&batch.sums(&losses), base, beta))
    }

    fn run(&mut self, batch: &PackedBatch, by: Beside, wanted: Wanted<'_>) -> Result<Vec<f32>, EngineError> {
        Ok(self.walk(batch, by, |walk| walk.run(wanted))?.unwrap_or_default())
    }

    /// Gives a batch to `go`, on the trainer's threads; nothing comes of one without tokens.
    fn walk<T: Send>(
        &mut self,
        batch: &PackedBatch,
        by: Beside,
        go: impl FnOnce(&mut Walk<'_>) -> T + Send,
    ) -> Result<Option<T>, EngineError> {
        batch.check(self.plan.vocabulary_size)?;
        if batch.tokens().is_empty() {
            return Ok(None);
        }
        if self.pool_tokens != batch.tokens().len() {
            self.pool.clear();
            self.pool_tokens = batch.tokens().len();
        }
        let Self { set, threads, plan, program, weights, adapters, adapter_factor, adapter_count, .. } = self;
        let none = vec![Vec::new(); adapters.len()];
        let adapters = if by == Beside::Nothing { &none } else { &*adapters };
        let (pool, parameters) = (&mut self.pool, &mut self.parameters);
        let mut walk = Walk {
            set: *set,
            plan,
            program,
            weights,
            adapters,
            adapter_factor: *adapter_factor,
            recompute: self.recompute,
            batch,
            angles: Vec::new(),
            pool,
            parameters,
            values: vec![Vec::new(); program.columns.len()],
            adapter_inputs: vec![Vec::new(); *adapter_count],
            decomposed: Vec::new(),
            unscaled: vec![Vec::new(); plan.weights.len()],
            scratch: Vec::new(),
        };
        Ok(Some(threads.install(|| go(&mut walk))))
    }
}

fn sum(losses: &[f32]) -> f64 {
    losses.iter().map(|loss| f64::from(*loss)).sum()
}

fn are_pairs(batch: &PackedBatch, base: &[f64]) -> Result<(), EngineError> {
    let sequences = batch.sequences().len();
    if sequences.is_multiple_of(2) && sequences == base.len() {
        return Ok(());
    }
    let said = base.len();
    let what = format!("{sequences} sequences with {said} log-probabilities of the base are no pairs with two each");
    Err(EngineError::Malformed(what))
}

/// From what is lacking in the log-probabilities of pairs.
fn preferences(losses: &[f64], base: &[f64], beta: f32) -> Vec<Preference> {
    let pairs = losses.chunks_exact(2).zip(base.chunks_exact(2));
    pairs.map(|(losses, base)| Preference::of([-losses[0], -losses[1]], [base[0], base[1]], beta)).collect()
}
