//! Walks a [`Program`] forwards and back on the processor, in 32-bit floats.

mod attention;
pub(super) mod cross_entropy;
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
use self::walk::Walk;
use self::weight::Weight;
use super::adapter::Adapter;
use super::nf4_tensor::Nf4Tensor;
use super::program::Program;
use super::trained::{self, Holding, Trained};
use super::{Method, PackedBatch, Parameters, Recompute};
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
        let Trained { parameters, holdings, adapters, adapter_factor, adapter_count } =
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
        let weights = plan.weights.iter().zip(&holdings).map(load).collect::<Result<_, EngineError>>()?;
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
        self.run(batch, None)
    }

    /// The same, and adds `scale` times its gradient to that of the parameters. With a `scale` of one over the tokens that
    /// all batches of a step learn, it does not matter how they are cut.
    ///
    /// # Errors
    /// A token is not in the vocabulary.
    pub fn learn(&mut self, batch: &PackedBatch, scale: f32) -> Result<f64, EngineError> {
        self.run(batch, Some(scale))
    }

    /// The logits after some places of a sequence, `[places, vocabulary]`.
    ///
    /// # Errors
    /// A token is not in the vocabulary.
    pub fn logits(&mut self, tokens: &[u32], places: Range<usize>) -> Result<Vec<f32>, EngineError> {
        let mut batch = PackedBatch::default();
        batch.push(tokens, &vec![false; tokens.len()]);
        Ok(self.walk(&batch, |walk| walk.logits(places))?.unwrap_or_default())
    }

    fn run(&mut self, batch: &PackedBatch, scale: Option<f32>) -> Result<f64, EngineError> {
        Ok(self.walk(batch, |walk| walk.run(scale))?.unwrap_or_default())
    }

    /// Gives a batch to `go`, on the trainer's threads; nothing comes of one without tokens.
    fn walk<T: Send>(
        &mut self,
        batch: &PackedBatch,
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
            scratch: Vec::new(),
        };
        Ok(Some(threads.install(|| go(&mut walk))))
    }
}
