//! Both sides of every message between the page and a worker.
//!
//! A call has a number. The page sends [`ToWorker`], the worker answers with any number of `Event`s and exactly one
//! `Ended`. [`Request::Cancel`] and [`Request::Hold`] carry the number of the call that they are about. The worker's first
//! message is `Ready`.

use serde::{Deserialize, Serialize};
use shared::api::companion::PreviewRequest;
use shared::catalog::ModelDimensions;
use shared::model_call::{Embeddings, GenerationEvent, GenerationRequest, ModelCallErrorKind};
use shared::prompt::Preview;

use super::dataset_protocol::{DatasetCall, DatasetProgress, DatasetReply};

/// From the page to a worker.
#[derive(Serialize, Deserialize)]
pub struct ToWorker {
    /// The call's number, chosen by the page, never used twice.
    pub call: u32,
    /// What to do.
    pub request: Request,
}

/// What a worker can be asked.
#[derive(Serialize, Deserialize)]
pub enum Request {
    /// End the call with this message's number as soon as possible. Has no answer of its own.
    Cancel,
    /// Wait with the call with this message's number, or go on with it. Has no answer of its own.
    Hold(bool),
    /// Which GPU the engine would use. Answer: [`Reply::Gpu`].
    DescribeGpu,
    /// Take a model file into memory. Events: [`Event::Load`]. Answer: [`Reply::Loaded`].
    Load(LoadRequest),
    /// Give the model's memory back. Answer: [`Reply::Done`].
    Unload,
    /// Keep an adapter, in place of one of that name, for as long as the worker lives. Answer: [`Reply::Done`].
    LoadAdapter(AdapterFile),
    /// Give an adapter's memory back. Answer: [`Reply::Done`].
    RemoveAdapter(String),
    /// Let the loaded model answer. Events: [`Event::Generation`]. Answer: [`Reply::Done`].
    Generate(WithAdapter<GenerationRequest>),
    /// Let the loaded model turn texts into vectors. Answer: [`Reply::Embeddings`].
    Embed(WithAdapter<Vec<String>>),
    /// Teacher-forced logits of the loaded model, for tests. Answer: [`Reply::Scores`].
    Score(WithAdapter<ScoreRequest>),
    /// What a stored model sees of messages, from its file's header alone. Answer: [`Reply::Preview`].
    Preview(PreviewRequest),
    /// Fetch a model file, going on where an earlier attempt stopped. Events: [`Event::Transfer`]. Answer:
    /// [`Reply::Stored`]. Cancelling pauses it.
    Download(DownloadRequest),
    /// Copy a file of the person's own. Events: [`Event::Transfer`]. Answer: [`Reply::Stored`].
    Import(ImportRequest),
    /// Something about a dataset. Events: [`Event::Dataset`]. Answer: [`Reply::Dataset`].
    Dataset(DatasetCall),
}

/// From a worker to the page.
#[derive(Serialize, Deserialize)]
pub enum FromWorker {
    /// The worker is set up; requests sent before this would be lost.
    Ready,
    /// The worker is broken and answers nothing any more.
    Crashed {
        /// The panic's message.
        message: String,
    },
    /// Something happened during a call.
    Event {
        /// The call's number.
        call: u32,
        /// What happened.
        event: Event,
    },
    /// The last message of a call.
    Ended {
        /// The call's number.
        call: u32,
        /// How it ended.
        result: Result<Reply, Failure>,
    },
}

/// What happens during a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A model is being loaded.
    Load(LoadStage),
    /// A model answers.
    Generation(GenerationEvent),
    /// A model file is being fetched or copied.
    Transfer(TransferProgress),
    /// A dataset is being worked on.
    Dataset(DatasetProgress),
}

/// How a call ended well.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// Nothing more to say.
    Done,
    /// Which GPU there is.
    Gpu(Result<GpuDescription, String>),
    /// The model is in memory.
    Loaded(Box<LoadedModel>),
    /// Texts as vectors.
    Embeddings(Embeddings),
    /// Teacher-forced logits.
    Scores(Vec<PositionScore>),
    /// What a model sees.
    Preview(Box<Preview>),
    /// A file is stored and verified.
    Stored(StoredModel),
    /// What was asked of a dataset.
    Dataset(DatasetReply),
}

/// How a call ended badly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Whose fault it is.
    pub kind: FailureKind,
    /// A sentence for the person.
    pub message: String,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The page cancelled the call.
    Cancelled,
    /// The request can't be served as it is.
    Refused(ModelCallErrorKind),
    /// The model is not in memory (any more); load it again.
    ModelGone,
    /// The file, the network or the storage.
    Storage,
    /// The worker broke.
    Crashed,
}

/// Where the engine computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// WebAssembly with SIMD.
    Cpu,
    /// WebGPU.
    Gpu,
}

impl Backend {
    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Gpu => "WebGPU",
        }
    }
}

/// What the person chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendChoice {
    /// The faster of the two, measured.
    #[default]
    Auto,
    /// Always the CPU.
    Cpu,
    /// Always WebGPU.
    Gpu,
}

/// Which model to load and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadRequest {
    /// Name of the stored file.
    pub name: String,
    /// What the person chose.
    pub backend: BackendChoice,
    /// What an earlier measurement found, used where the choice is `Auto`.
    pub remembered: Option<Backend>,
    /// Longest context to make room for; the model's own limit applies as well.
    pub context_tokens: u32,
}

/// An adapter for the worker.
#[derive(Serialize, Deserialize)]
pub struct AdapterFile {
    /// What calls name it by.
    pub name: String,
    /// A GGUF file of type `adapter`.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub bytes: js_sys::Uint8Array,
}

/// Work for the loaded model together with one of the adapters, or for the model as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WithAdapter<T> {
    /// The adapter's name.
    pub adapter: Option<String>,
    /// What to do.
    pub work: T,
}

impl<T> WithAdapter<T> {
    /// Work for the model as it is.
    pub fn none(work: T) -> Self {
        Self { adapter: None, work }
    }
}

/// How far loading is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum LoadStage {
    /// Weights are on their way.
    Reading {
        /// Where to.
        backend: Backend,
        /// Bytes taken so far.
        done_bytes: u64,
        /// Bytes in all.
        total_bytes: u64,
    },
    /// The backend's speed is being measured.
    Measuring {
        /// Which one.
        backend: Backend,
    },
}

/// A model in memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadedModel {
    /// Name of the stored file.
    pub name: String,
    /// What the file says of itself.
    pub facts: ModelFacts,
    /// Where it runs.
    pub backend: Backend,
    /// The device's own name.
    pub device_name: String,
    /// What it occupies.
    pub memory: MemoryFigures,
    /// Present when this load measured.
    pub measurement: Option<Measurement>,
    /// Why WebGPU is not used although it was wanted or possible.
    pub gpu_problem: Option<String>,
    /// From the request to here, measuring included.
    pub load_seconds: f64,
}

/// What a GGUF file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelFacts {
    /// The model's own name.
    pub name: String,
    /// `llama`, `gemma3`, ...
    pub architecture: String,
    /// `Q4_1`, ...
    pub quantization: String,
    /// How many weights it has.
    pub parameter_count: u64,
    /// Longest context.
    pub context_tokens: u32,
    /// Whether it knows how a conversation is written.
    pub has_chat_template: bool,
    /// The sizes of its parts; files stored by earlier versions have none noted.
    #[serde(default)]
    pub dimensions: Option<ModelDimensions>,
}

/// Bytes a loaded model occupies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryFigures {
    /// The weights.
    pub weights_bytes: u64,
    /// Keys and values of the context.
    pub cache_bytes: u64,
    /// Everything between.
    pub scratch_bytes: u64,
    /// All of the worker's WebAssembly memory; holds the three above where the model runs on the CPU.
    pub wasm_bytes: u64,
}

impl MemoryFigures {
    /// What the model occupies, wherever it lies.
    pub fn model_bytes(&self) -> u64 {
        self.weights_bytes + self.cache_bytes + self.scratch_bytes
    }
}

/// Speeds of both backends with one model on this device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The GPU's name; the memory of a measurement is keyed by it.
    pub adapter: String,
    /// The stored model it was measured with.
    pub model: String,
    /// On the CPU.
    pub cpu: SpeedFigures,
    /// On WebGPU.
    pub gpu: SpeedFigures,
    /// The faster one.
    pub chosen: Backend,
}

/// How fast a backend is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpeedFigures {
    /// Prompt tokens read per second.
    pub prefill_tokens_per_second: f64,
    /// Tokens written per second.
    pub decode_tokens_per_second: f64,
}

impl SpeedFigures {
    /// Seconds for an ordinary turn: 200 tokens read, 200 written.
    pub fn turn_seconds(&self) -> f64 {
        200.0 / self.prefill_tokens_per_second.max(1e-3) + 200.0 / self.decode_tokens_per_second.max(1e-3)
    }
}

/// The GPU that the engine would use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuDescription {
    /// The adapter's name.
    pub name: String,
    /// True for a GPU that is computed by the CPU.
    pub is_software: bool,
    /// Largest buffer it allows.
    pub largest_buffer_bytes: u64,
}

/// Which logits to report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRequest {
    /// The text as tokens; position `p` predicts `ids[p + 1]`.
    pub ids: Vec<u32>,
    /// Tokens whose logits are wanted as well: empty, or one list for each position.
    pub watched: Vec<Vec<u32>>,
}

/// What the model thinks follows one position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PositionScore {
    /// The most probable next token.
    pub argmax: u32,
    /// Its logit.
    pub top1_logit: f32,
    /// The next best logit.
    pub top2_logit: f32,
    /// The logit of the token that does follow, where one does.
    pub next_logit: Option<f32>,
    /// Logits of the watched tokens of this position.
    pub watched_logits: Vec<f32>,
}

/// What to fetch and what must arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DownloadRequest {
    /// Name to store it under.
    pub name: String,
    /// Where from: the companion's `/models/...` or an `https:` address.
    pub url: String,
    /// Its length, where known.
    pub size_bytes: Option<u64>,
    /// Its SHA-256 in hex, where known.
    pub sha256: Option<String>,
}

/// A file of the person's own.
#[derive(Serialize, Deserialize)]
pub struct ImportRequest {
    /// Name to store it under.
    pub name: String,
    /// The file, handed over by reference.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub file: web_sys::File,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransferProgress {
    /// What is being done.
    pub stage: TransferStage,
    /// Bytes of this stage so far.
    pub done_bytes: u64,
    /// Bytes in all, where known.
    pub total_bytes: Option<u64>,
}

/// What a transfer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransferStage {
    /// Bytes of an earlier attempt are read again, to go on with their hash.
    CheckingEarlierPart,
    /// Bytes arrive.
    Receiving,
}

/// A model file in the browser's storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredModel {
    /// Its name.
    pub name: String,
    /// Whole or not.
    pub state: StoredState,
}

/// Whether a stored file can be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StoredState {
    /// All there and verified.
    Complete(StoredRecord),
    /// Only its beginning is there.
    Partial {
        /// Bytes there.
        done_bytes: u64,
        /// What was being fetched; `None` for a copy that was interrupted.
        request: Option<DownloadRequest>,
    },
}

/// What is known of a complete file; written after the payload, so its presence means that the payload is whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredRecord {
    /// The payload's length.
    pub size_bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// Where it came from: an address, or the file's own name.
    pub origin: String,
    /// When it was complete, in milliseconds since 1970.
    pub completed_unix_ms: f64,
    /// What its header says.
    pub facts: ModelFacts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_turn_weighs_reading_and_writing() {
        let fast_reader = SpeedFigures { prefill_tokens_per_second: 1000.0, decode_tokens_per_second: 10.0 };
        let fast_writer = SpeedFigures { prefill_tokens_per_second: 100.0, decode_tokens_per_second: 50.0 };
        assert!(fast_writer.turn_seconds() < fast_reader.turn_seconds());
        assert!(SpeedFigures::default().turn_seconds().is_finite());
    }
}
