//! Inference: one thread per loaded model, which owns it; requests wait in a bounded queue, events come back.
//!
//! Text and HTTP are not known here. The engine is reached through [`Backend`], so that tests can put a small
//! deterministic model behind the very same threads and queues.

mod backend;
mod device_choice;
mod engine_backend;
mod job_queue;
mod loaded_adapters;
mod model_texts;
mod served_models;
mod worker;

pub use backend::{Backend, LoadedModel, Target};
pub use device_choice::load_on_best_device;
pub use engine_backend::EngineBackend;
pub use job_queue::SubmitError;
pub use served_models::{ModelToServe, ServedModels};
