//! The seam between the companion and the engine.

use std::ops::ControlFlow;
use std::path::Path;

use engine::ModelText;
use shared::model_call::{Embedding, GenerationEvent, GenerationRequest, ModelCallError, Prompt};

use crate::database::DeviceSpeed;

/// What a model is loaded onto.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The processor.
    Cpu,
    /// The graphics card.
    Gpu,
}

/// Something that can load models.
pub trait Backend: Send + Sync + 'static {
    /// What a measurement on this target is remembered under; `None` where the machine has no such device.
    fn device_name(&self, target: Target) -> Option<String>;

    /// Loads a model on the calling thread, which will own it.
    ///
    /// # Errors
    /// The file or the device can't be used.
    fn load(&self, path: &Path, target: Target) -> Result<Box<dyn LoadedModel>, ModelCallError>;

    /// Reads a model's tokenizer and chat template, and nothing more.
    ///
    /// # Errors
    /// The file can't be used.
    fn read_text(&self, path: &Path) -> Result<ModelText, ModelCallError>;
}

/// A model in memory. It never leaves the thread that loaded it.
pub trait LoadedModel {
    /// What it runs on, for a person.
    fn device_name(&self) -> &str;

    /// Computes what follows with the adapter at `adapter`, a GGUF file or a PEFT folder, or with none. It is read on first
    /// use, and again where it has changed.
    ///
    /// # Errors
    /// The adapter can't be used with this model.
    fn use_adapter(&mut self, adapter: Option<&Path>) -> Result<(), ModelCallError>;

    /// Generates, telling each event. `emit` answers `Break` when nobody listens any more; the work then ends at once.
    ///
    /// # Errors
    /// The request can't be served, or the device failed.
    fn generate(
        &mut self,
        request: &GenerationRequest,
        emit: &mut dyn FnMut(GenerationEvent) -> ControlFlow<()>,
    ) -> Result<(), ModelCallError>;

    /// Turns a text into a vector of Euclidean length 1.
    ///
    /// # Errors
    /// The text is empty or doesn't fit the context, or the device failed.
    fn embed(&mut self, input: &Prompt) -> Result<Embedding, ModelCallError>;

    /// Times itself for a moment.
    ///
    /// # Errors
    /// The device failed.
    fn measure(&mut self) -> Result<DeviceSpeed, ModelCallError>;
}
