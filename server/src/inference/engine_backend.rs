//! The engine behind [`Backend`]: memory-mapped files, `pollster` in place of an executor.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use engine::gpu::GpuDevice;
use engine::source::FileSource;
use engine::{Device, LoadOptions, Model, ModelText};
use shared::model_call::{Embedding, GenerationEvent, GenerationRequest, ModelCallError, Prompt};

use super::backend::{Backend, LoadedModel, Target};
use super::loaded_adapters::LoadedAdapters;
use crate::config::Inference;
use crate::database::DeviceSpeed;

/// Loads models with the engine.
pub struct EngineBackend {
    threads: u16,
    context_tokens: u32,
}

impl EngineBackend {
    /// A backend with these settings; which device is used is decided elsewhere.
    pub fn new(settings: &Inference) -> Self {
        Self { threads: settings.threads, context_tokens: settings.context_tokens }
    }
}

impl Backend for EngineBackend {
    fn device_name(&self, target: Target) -> Option<String> {
        match target {
            Target::Cpu => Some(format!("cpu, {} threads", self.threads)),
            Target::Gpu => match pollster::block_on(GpuDevice::request()) {
                Ok(gpu) => Some(gpu.name().to_owned()),
                Err(error) => {
                    tracing::debug!(%error, "no graphics card to use");
                    None
                }
            },
        }
    }

    fn load(&self, path: &Path, target: Target) -> Result<Box<dyn LoadedModel>, ModelCallError> {
        let device = match target {
            Target::Cpu => Device::Cpu { threads: usize::from(self.threads) },
            Target::Gpu => Device::Gpu(pollster::block_on(GpuDevice::request())?),
        };
        let source = Box::new(open(path)?);
        let options = LoadOptions { device, context_tokens: self.context_tokens };
        let model = pollster::block_on(Model::load(source, options, &mut |progress| {
            tracing::trace!(done_bytes = progress.done_bytes, total_bytes = progress.total_bytes, "loading");
        }))?;
        Ok(Box::new(EngineModel { model, path: path.to_owned(), adapters: LoadedAdapters::default() }))
    }

    fn read_text(&self, path: &Path) -> Result<ModelText, ModelCallError> {
        Ok(ModelText::read(&open(path)?)?)
    }
}

fn open(path: &Path) -> Result<FileSource, ModelCallError> {
    FileSource::open(path).map_err(|error| {
        ModelCallError::unavailable(format!("the model's file {} can't be opened: {error}", path.display()))
    })
}

struct EngineModel {
    model: Model,
    path: PathBuf,
    adapters: LoadedAdapters,
}

impl LoadedModel for EngineModel {
    fn device_name(&self) -> &str {
        self.model.device_name()
    }

    fn use_adapter(&mut self, adapter: Option<&Path>) -> Result<(), ModelCallError> {
        self.adapters.choose(&mut self.model, &self.path, adapter)
    }

    fn generate(
        &mut self,
        request: &GenerationRequest,
        emit: &mut dyn FnMut(GenerationEvent) -> ControlFlow<()>,
    ) -> Result<(), ModelCallError> {
        let mut generation = self.model.generate(request)?;
        while let Some(event) = pollster::block_on(generation.next()) {
            if emit(event?).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn embed(&mut self, input: &Prompt) -> Result<Embedding, ModelCallError> {
        pollster::block_on(self.model.embed(input))
    }

    fn measure(&mut self) -> Result<DeviceSpeed, ModelCallError> {
        let speed = pollster::block_on(self.model.measure())?;
        Ok(DeviceSpeed {
            prefill_tokens_per_second: speed.prefill_tokens_per_second,
            decode_tokens_per_second: speed.decode_tokens_per_second,
        })
    }
}
