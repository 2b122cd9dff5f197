//! A model that is trained on a GPU.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::driver::{Driver, Element};
use super::kernels::tile_rows;
use super::nvidia::Nvidia;
use super::operations::{self, CHUNK};
use super::tensor::Tensor;
use super::tiles_of;
use super::walk::{Walk, elements};
use super::weight::{DeviceParameters, Weight};
use crate::adapter::LoraAdapter;
use crate::error::EngineError;
use crate::gguf::{GgufFile, RewriteError};
use crate::models::hugging_face::Modules;
use crate::models::{self, Hyperparameters};
use crate::plan::{self, Plan};
use crate::source::ReadAt;
use crate::training::adapter::Adapter;
use crate::training::nf4_tensor::Nf4Tensor;
use crate::training::program::Program;
use crate::training::trained::{self, Holding, Trained};
use crate::training::{AdamW, Method, PackedBatch, Parameters, Recompute};

/// A model that is trained on the first NVIDIA GPU.
///
/// Parameters, their gradients and what the optimizer remembers live on the GPU; they come to this side when they are asked for.
pub struct CudaTrainer {
    driver: Arc<dyn Driver>,
    architecture: String,
    method: Method,
    plan: Plan,
    program: Program,
    elements: Vec<Element>,
    weights: Vec<Weight>,
    /// By weight of the plan: its adapters.
    adapters: Vec<Vec<Adapter>>,
    adapter_factor: f32,
    adapter_count: usize,
    recompute: Recompute,
    head_size: usize,
    device: DeviceParameters,
    moments: Option<Moments>,
    parameters: Parameters,
}

/// What an optimizer remembers.
struct Moments {
    /// Steps after which it was so.
    steps: u64,
    means: Tensor,
    squares: Tensor,
}

impl CudaTrainer {
    /// As [`super::super::CpuTrainer::load`]; compiled kernels are kept in the folder `cache`.
    ///
    /// # Errors
    /// The file is no model that the engine knows, it can't be read; there is no GPU (as [`super::CudaDevice::find`] tells), or
    /// no memory on it.
    pub fn load(
        file: &GgufFile,
        source: &dyn ReadAt,
        method: &Method,
        recompute: Recompute,
        seed: u64,
        cache: Option<&Path>,
    ) -> Result<Self, EngineError> {
        Self::load_on(&|head_size| Nvidia::open(head_size, cache), file, source, method, recompute, seed)
    }

    /// The same on a device that `open` gives for heads of a size.
    pub(super) fn load_on(
        open: &dyn Fn(usize) -> Result<Arc<dyn Driver>, EngineError>,
        file: &GgufFile,
        source: &dyn ReadAt,
        method: &Method,
        recompute: Recompute,
        seed: u64,
    ) -> Result<Self, EngineError> {
        if method.adapters().is_some_and(|settings| settings.dora) {
            let what = "lengths of rows (DoRA) are trained on the processor only";
            return Err(EngineError::Gpu(what.to_owned()));
        }
        let sizes = Hyperparameters::read(file)?;
        let plan = models::plan(file, &sizes)?;
        let program = Program::of(&plan)?;
        let head_size = plan.caches.first().map_or(0, |cache| cache.head_size);
        if let Some(other) = plan.caches.iter().find(|cache| cache.head_size != head_size) {
            return Err(EngineError::Gpu(format!(
                "heads of {head_size} and of {} values are in this model; train it on the CPU",
                other.head_size
            )));
        }
        let driver = open(head_size)?;
        let Trained { parameters, holdings, adapters, adapter_factor, adapter_count } =
            Trained::of(file, source, &plan, method, seed)?;
        let modules = Modules::of(&sizes);
        let load = |(weight, holding): (&plan::Weight, &Holding)| match *holding {
            Holding::Trained(number) => Ok(Weight::Trained(number)),
            Holding::Norm => Weight::norm(&driver, source, file, weight),
            Holding::Nf4 { double_quantization } => {
                Weight::nf4(&driver, &Nf4Tensor::load(source, file, &modules, weight, double_quantization)?)
            }
            Holding::AsStored => Weight::matrix(&driver, source, file, weight),
        };
        let weights = plan.weights.iter().zip(&holdings).map(load).collect::<Result<_, EngineError>>()?;
        let device = DeviceParameters::new(&driver, &parameters)?;
        let elements = elements(&program);
        Ok(Self {
            driver,
            architecture: sizes.architecture,
            method: method.clone(),
            plan,
            program,
            elements,
            weights,
            adapters,
            adapter_factor,
            adapter_count,
            recompute,
            head_size,
            device,
            moments: None,
            parameters,
        })
    }

    /// As [`super::super::CpuTrainer::loss`].
    ///
    /// # Errors
    /// A token is not in the vocabulary, or the GPU fails or has no memory left.
    pub fn loss(&mut self, batch: &PackedBatch) -> Result<f64, EngineError> {
        self.run(batch, None)
    }

    /// As [`super::super::CpuTrainer::learn`].
    ///
    /// # Errors
    /// As [`CudaTrainer::loss`].
    pub fn learn(&mut self, batch: &PackedBatch, scale: f32) -> Result<f64, EngineError> {
        self.run(batch, Some(scale))
    }

    /// As [`super::super::CpuTrainer::logits`].
    ///
    /// # Errors
    /// As [`CudaTrainer::loss`].
    pub fn logits(&mut self, tokens: &[u32], places: Range<usize>) -> Result<Vec<f32>, EngineError> {
        let mut batch = PackedBatch::default();
        batch.push(tokens, &vec![false; tokens.len()]);
        let logits = self.walk(&batch, |walk| {
            let stream = walk.go_through(false)?;
            walk.logits(stream, &places)
        })?;
        Ok(logits.unwrap_or_default())
    }

    fn run(&self, batch: &PackedBatch, scale: Option<f32>) -> Result<f64, EngineError> {
        Ok(self.walk(batch, |walk| walk.run(scale))?.unwrap_or_default())
    }

    /// Gives a batch to `go`; nothing comes of one without tokens.
    fn walk<T>(
        &self,
        batch: &PackedBatch,
        go: impl FnOnce(&mut Walk<'_>) -> Result<T, EngineError>,
    ) -> Result<Option<T>, EngineError> {
        batch.check(self.plan.vocabulary_size)?;
        if batch.tokens().is_empty() {
            return Ok(None);
        }
        let angles = |rope: &plan::Rope| {
            let pairs = rope.angles(batch.positions());
            let angles: Vec<f32> = pairs.iter().flat_map(|(cosine, sine)| [*cosine, *sine]).collect();
            Tensor::of(&self.driver, Element::F32, &angles)
        };
        let mut walk = Walk {
            driver: &self.driver,
            plan: &self.plan,
            program: &self.program,
            elements: &self.elements,
            weights: &self.weights,
            adapters: &self.adapters,
            adapter_factor: self.adapter_factor,
            recompute: self.recompute,
            batch,
            parameters: &self.parameters,
            device: &self.device,
            tokens: Tensor::of(&self.driver, Element::U32, batch.tokens())?,
            tiles: tiles_of(&self.driver, batch.sequences(), tile_rows(self.head_size))?,
            angles: self.plan.ropes.iter().map(angles).collect::<Result<_, EngineError>>()?,
            values: vec![None; self.program.columns.len()],
            adapter_inputs: vec![None; self.adapter_count],
        };
        go(&mut walk).map(Some)
    }

    /// What is trained: the values and gradients as they are on the GPU now.
    ///
    /// # Errors
    /// The GPU fails.
    pub fn parameters(&mut self) -> Result<&Parameters, EngineError> {
        self.parameters.values = self.device.values.download()?;
        self.parameters.gradients = self.device.gradients.download()?;
        Ok(&self.parameters)
    }

    /// Other values of what is trained, in the order of [`CudaTrainer::parameters`].
    ///
    /// # Errors
    /// The GPU fails.
    ///
    /// # Panics
    /// They are not as many.
    pub fn set_values(&mut self, values: &[f32]) -> Result<(), EngineError> {
        self.device.values.upload(values)?;
        operations::convert(&self.device.copies, &self.device.values)
    }

    /// The gradient begins anew.
    ///
    /// # Errors
    /// The GPU fails.
    pub fn clear_gradients(&mut self) -> Result<(), EngineError> {
        self.device.gradients.clear()
    }

    /// The adapter as it is now; there is none where every weight is trained.
    ///
    /// # Errors
    /// The GPU fails.
    pub fn adapter(&mut self) -> Result<Option<LoraAdapter>, EngineError> {
        self.parameters()?;
        Ok(trained::adapter(&self.architecture, &self.method, &self.parameters))
    }

    /// As [`super::super::CpuTrainer::write_model`].
    ///
    /// # Errors
    /// The GPU fails, the file can't be read any more, or `out` can't be written to.
    pub fn write_model(
        &mut self,
        file: &GgufFile,
        source: &dyn ReadAt,
        out: &mut dyn Write,
    ) -> Result<(), RewriteError> {
        let adapter = self.adapter()?;
        trained::write_model(adapter.as_ref(), &self.parameters, file, source, out)
    }

    /// As [`AdamW::step`], on the GPU. What `optimizer` remembers stays there until [`CudaTrainer::read_optimizer`] brings it.
    ///
    /// # Errors
    /// The GPU fails.
    pub fn step(&mut self, optimizer: &mut AdamW, learning_rate: f32) -> Result<f64, EngineError> {
        let gradients = &self.device.gradients;
        let sums = Tensor::new(&self.driver, Element::F64, 1, gradients.length().div_ceil(CHUNK))?;
        operations::square_sums(gradients, &sums)?;
        let moments = match self.moments.take().filter(|moments| moments.steps == optimizer.steps) {
            Some(moments) => moments,
            // Another one, or one that comes back from a checkpoint.
            None => Moments {
                steps: optimizer.steps,
                means: Tensor::of(&self.driver, Element::F32, &optimizer.means)?,
                squares: Tensor::of(&self.driver, Element::F32, &optimizer.squares)?,
            },
        };
        let norm = sums.download::<f64>()?.iter().sum::<f64>().sqrt();
        if !norm.is_finite() {
            self.moments = Some(moments);
            return Ok(norm);
        }
        optimizer.steps += 1;
        let factors = optimizer.settings.rates(optimizer.steps, norm, learning_rate);
        let moved = [&self.device.values, gradients, &moments.means, &moments.squares];
        operations::adam_w(moved, &self.device.copies, &factors)?;
        self.moments = Some(Moments { steps: optimizer.steps, ..moments });
        Ok(norm)
    }

    /// Brings to `optimizer` what it remembers, for a checkpoint.
    ///
    /// # Errors
    /// The GPU fails.
    pub fn read_optimizer(&self, optimizer: &mut AdamW) -> Result<(), EngineError> {
        if let Some(moments) = self.moments.as_ref().filter(|moments| moments.steps == optimizer.steps) {
            optimizer.means = moments.means.download()?;
            optimizer.squares = moments.squares.download()?;
        }
        Ok(())
    }
}
