//! What can go wrong in the engine, each case with its facts and a sentence for people.

use shared::model_call::{ModelCallError, ModelCallErrorKind};

use crate::adapter::AdapterError;

/// What can go wrong in the engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The file could not be read.
    #[error("reading {wanted_bytes} bytes at offset {offset_bytes} of the model file failed: {cause}")]
    Read {
        /// Where reading began.
        offset_bytes: u64,
        /// How much was asked for.
        wanted_bytes: u64,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Not a GGUF file, or a damaged one.
    #[error("this is not a usable GGUF file: {0}. If it was downloaded, delete it and download it again")]
    Malformed(String),
    /// A field that the architecture needs is missing or of the wrong type.
    #[error("the model file has no usable field {key:?} (expected {expected})")]
    Metadata {
        /// The metadata key.
        key: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A tensor that the architecture needs is missing or has another shape.
    #[error("tensor {name:?}: expected {expected}, found {found}")]
    Tensor {
        /// The tensor's name.
        name: String,
        /// What the architecture needs.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// The engine has no forward pass for this architecture.
    #[error("models of architecture {0:?} are not supported yet; supported are {supported}", supported = crate::models::NAMES.join(", "))]
    UnsupportedArchitecture(String),
    /// The file uses a weight format the engine can't read.
    #[error(
        "tensor {tensor:?} is stored as GGUF type {type_name}, which is not supported; use a file with Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, F16 or F32 weights"
    )]
    UnsupportedType {
        /// The first tensor of that type.
        tensor: String,
        /// The type's name, or its number where it has none.
        type_name: String,
    },
    /// The tokenizer in the file can't be built.
    #[error("the tokenizer in the model file can't be used: {0}")]
    Tokenizer(String),
    /// The chat template in the file can't be used.
    #[error("the chat template in the model file can't be used: {0}")]
    ChatTemplate(String),
    /// There is no WebGPU, or no adapter behind it.
    #[error("no usable GPU was found: {0}. The model can run on the CPU instead")]
    NoGpu(String),
    /// The GPU went away.
    #[error("the GPU device was lost ({0}). Load the model again; if it happens again, choose the CPU in Settings")]
    DeviceLost(String),
    /// The GPU refused a command.
    #[error("the GPU reported an error: {0}. Choose the CPU in Settings, and please report this")]
    Gpu(String),
    /// The weights or the cache don't fit.
    #[error(
        "{what} needs {needed_bytes} bytes, more than this device can hold ({limit}). Close other tabs, choose a smaller model or a shorter context"
    )]
    OutOfMemory {
        /// What was to be placed.
        what: String,
        /// Its size.
        needed_bytes: u64,
        /// The limit that was met, in words.
        limit: String,
    },
    /// The sequence is longer than the context the model was loaded with.
    #[error(
        "{tokens} tokens don't fit the context of {context_tokens} tokens. Shorten the conversation or load the model with a longer context"
    )]
    ContextFull {
        /// Tokens wanted.
        tokens: usize,
        /// Tokens there is room for.
        context_tokens: usize,
    },
    /// The answer can't be held to what was asked.
    #[error("the answer could not be held to its JSON Schema: {0}. Ask again with a simpler schema")]
    Constraint(String),
    /// An adapter that the model can't be run with.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// A request for an adapter that is not loaded.
    #[error("no adapter called {name:?} is loaded; loaded are {loaded}")]
    UnknownAdapter {
        /// The name.
        name: String,
        /// The names that there are, or `none`.
        loaded: String,
    },
    /// A token id outside the vocabulary.
    #[error("token id {id} is outside the vocabulary of {vocabulary_size} tokens")]
    UnknownToken {
        /// The id.
        id: u32,
        /// Ids must be below this.
        vocabulary_size: usize,
    },
}

impl From<EngineError> for ModelCallError {
    fn from(error: EngineError) -> Self {
        let kind = match &error {
            EngineError::ContextFull { .. } => ModelCallErrorKind::ContextLengthExceeded,
            EngineError::UnknownToken { .. } | EngineError::UnknownAdapter { .. } | EngineError::Constraint(_) => {
                ModelCallErrorKind::InvalidRequest
            }
            _ => ModelCallErrorKind::Unavailable,
        };
        Self { kind, message: error.to_string(), param: None }
    }
}
