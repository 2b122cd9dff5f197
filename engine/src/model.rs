//! A loaded model: tokenizer, template and executor together.

use serde::{Deserialize, Serialize};
use shared::catalog::ModelDimensions;
use shared::chat_template::ChatTemplate;
use shared::model_call::{GenerationRequest, ModelCallError, OutputConstraint};
use shared::sampling::SamplingParameters;
use shared::tokenizer::Tokenizer;

use crate::adapter::{AdaptableMatrices, LoraAdapter};
use crate::clock::now_seconds;
use crate::constraint::{AllowedTokens, Constraint, Grammars};
use crate::cpu::CpuExecutor;
use crate::error::EngineError;
use crate::executor::{Executor, LogitsWanted};
use crate::generation::Generation;
use crate::gguf::GgufFile;
use crate::gpu::{GpuDevice, GpuExecutor};
use crate::log_probabilities::Score;
use crate::models::{self, Hyperparameters};
use crate::plan::Plan;
use crate::source::ReadAt;
use crate::text::ModelText;

/// Where a model runs.
pub enum Device {
    /// On the processor.
    Cpu {
        /// Threads to compute on; on the web always one.
        threads: usize,
    },
    /// On a GPU.
    Gpu(GpuDevice),
}

/// How to load a model.
pub struct LoadOptions {
    /// Where it runs.
    pub device: Device,
    /// Most tokens a sequence may have; the model's own limit also applies.
    pub context_tokens: u32,
}

/// How far loading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadProgress {
    /// Bytes of weights in their place.
    pub done_bytes: u64,
    /// Bytes of all weights.
    pub total_bytes: u64,
}

/// What a file holds, from its header alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// `general.name`, or the architecture where the file has none.
    pub name: String,
    /// `general.architecture`.
    pub architecture: String,
    /// The weight format that most of its bytes are in.
    pub quantization: String,
    /// Number of parameters.
    pub parameter_count: u64,
    /// Longest sequence it was trained on.
    pub context_tokens: u32,
    /// Number of layers.
    pub layer_count: u32,
    /// Number of tokens.
    pub vocabulary_size: u32,
    /// The sizes of its parts.
    pub dimensions: ModelDimensions,
    /// Length of the file.
    pub file_size_bytes: u64,
    /// The file carries a chat template of its own.
    pub has_chat_template: bool,
}

/// Memory in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// Weights.
    pub weights_bytes: u64,
    /// Keys and values of the sequence so far.
    pub cache_bytes: u64,
    /// Activations and the like.
    pub scratch_bytes: u64,
}

/// How fast a model runs on a device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Prompt tokens read per second.
    pub prefill_tokens_per_second: f64,
    /// Tokens generated per second.
    pub decode_tokens_per_second: f64,
}

/// A model, ready to answer. One sequence at a time; the keys and values of the last one are kept, so that a
/// conversation's next turn only reads what is new.
pub struct Model {
    summary: ModelSummary,
    text: ModelText,
    executor: Executor,
    device_name: String,
    context_tokens: usize,
    adaptable: AdaptableMatrices,
    /// Tokens whose keys and values the cache holds.
    cached: Vec<u32>,
    /// Made for the first constrained answer.
    grammars: Option<Grammars>,
    /// What is known of how probable the sequence's tokens were, beginning with its second: `scores[i]` is of token
    /// `i + 1`, given the cached tokens before it.
    scores: Vec<Score>,
}

/// What the header of a model file says.
///
/// # Errors
/// The file is no usable GGUF file, or of an architecture the engine doesn't know.
pub fn read_summary(source: &dyn ReadAt) -> Result<ModelSummary, EngineError> {
    let file = GgufFile::read(source)?;
    let hyperparameters = Hyperparameters::read(&file)?;
    models::plan(&file, &hyperparameters)?;
    Ok(summarize(&file, &hyperparameters, source.size_bytes()))
}

impl Model {
    /// Loads a model, tensor by tensor, straight to the device.
    ///
    /// # Errors
    /// The file can't be used, or the device can't hold it.
    pub async fn load(
        source: Box<dyn ReadAt>,
        options: LoadOptions,
        progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Self, EngineError> {
        let source = &*source;
        let mut file = GgufFile::read(source)?;
        let hyperparameters = Hyperparameters::read(&file)?;
        let plan = models::plan(&file, &hyperparameters)?;
        let summary = summarize(&file, &hyperparameters, source.size_bytes());
        let text = ModelText::take(&mut file)?;
        if text.tokenizer().vocabulary_size() > plan.vocabulary_size {
            return Err(EngineError::Tokenizer(format!(
                "it has {} tokens, but the model has embeddings for {}",
                text.tokenizer().vocabulary_size(),
                plan.vocabulary_size
            )));
        }
        let context_tokens = hyperparameters.context_tokens.min(options.context_tokens as usize);
        let adaptable = AdaptableMatrices::of(&hyperparameters.architecture, &plan, &file)?;
        let total_bytes = weight_bytes(&plan);
        let mut report = |done_bytes| progress(LoadProgress { done_bytes, total_bytes });
        report(0);
        let (executor, device_name) = match options.device {
            Device::Cpu { threads } => {
                let executor = CpuExecutor::load(threads, plan, context_tokens, &file, source, &mut report)?;
                let threads = executor.threads();
                let name = format!("CPU, {} {}", threads, if threads == 1 { "thread" } else { "threads" });
                (Executor::Cpu(executor), format!("{name}, {}", crate::cpu::instruction_set()))
            }
            Device::Gpu(device) => {
                let name = device.name().to_owned();
                let executor = GpuExecutor::load(device, plan, &file, source, context_tokens, &mut report).await?;
                (Executor::Gpu(executor), name)
            }
        };
        Ok(Self {
            summary,
            text,
            executor,
            device_name,
            context_tokens,
            adaptable,
            cached: Vec::new(),
            grammars: None,
            scores: Vec::new(),
        })
    }

    /// What its file holds.
    pub fn summary(&self) -> &ModelSummary {
        &self.summary
    }

    /// Text to tokens and back.
    pub fn tokenizer(&self) -> &Tokenizer {
        self.text.tokenizer()
    }

    /// Messages to a prompt.
    pub fn chat_template(&self) -> &ChatTemplate {
        self.text.chat_template()
    }

    /// What it runs on, for people.
    pub fn device_name(&self) -> &str {
        &self.device_name
    }

    /// Most tokens a sequence may have.
    pub fn context_tokens(&self) -> usize {
        self.context_tokens
    }

    /// Memory in use now.
    pub fn memory(&self) -> MemoryUse {
        let (weights_bytes, cache_bytes, scratch_bytes) = match &self.executor {
            Executor::Cpu(executor) => executor.memory_bytes(),
            Executor::Gpu(executor) => executor.memory_bytes(),
        };
        MemoryUse { weights_bytes, cache_bytes, scratch_bytes }
    }

    /// Takes an adapter beside its weights, in place of one of that name. It is not in use before
    /// [`Model::use_adapter`] says so, but where it takes the place of the one in use.
    ///
    /// # Errors
    /// The adapter is of another model or damaged, or the device can't hold it.
    pub async fn load_adapter(&mut self, name: &str, adapter: &LoraAdapter) -> Result<(), EngineError> {
        let placement = self.adaptable.place(adapter)?;
        if self.executor.adapter_in_use() == Some(name) {
            self.forget();
        }
        self.executor.load_adapter(name, adapter, &placement).await
    }

    /// Lets go of an adapter; none is in use then if it was. False where there is none of that name.
    pub fn remove_adapter(&mut self, name: &str) -> bool {
        if self.executor.adapter_in_use() == Some(name) {
            self.forget();
        }
        self.executor.remove_adapter(name)
    }

    /// The adapters that are loaded.
    pub fn adapter_names(&self) -> Vec<&str> {
        self.executor.adapter_names()
    }

    /// Everything that follows is computed with an adapter, or with none: the weights stay as they are, and what the adapter
    /// adds is added to each product (Hu et al. 2021). Takes no time, but that the last sequence's keys and values are
    /// not kept where it changes.
    ///
    /// # Errors
    /// There is no adapter of that name.
    pub fn use_adapter(&mut self, name: Option<&str>) -> Result<(), EngineError> {
        if self.executor.adapter_in_use() == name {
            return Ok(());
        }
        if self.executor.use_adapter(name) {
            self.forget();
            return Ok(());
        }
        let names = self.adapter_names().join(", ");
        let loaded = if names.is_empty() { "none".to_owned() } else { names };
        Err(EngineError::UnknownAdapter { name: name.unwrap_or_default().to_owned(), loaded })
    }

    /// Starts answering; [`Generation::next`] does the work.
    ///
    /// # Errors
    /// The request can't be served: the template refuses it, it is empty, or it doesn't fit the context.
    pub fn generate(&mut self, request: &GenerationRequest) -> Result<Generation<'_>, ModelCallError> {
        Generation::start(self, request)
    }

    /// Teacher forcing: runs `ids` and hands over the logits after each of them, `[vocabulary]` at a time.
    ///
    /// # Errors
    /// The device failed, or `ids` don't fit.
    pub async fn score(&mut self, ids: &[u32], each: &mut dyn FnMut(usize, &[f32])) -> Result<(), EngineError> {
        self.check_tokens(ids)?;
        self.keep(0);
        let batch = self.executor.scored_tokens();
        for (index, tokens) in ids.chunks(batch).enumerate() {
            let first = index * batch;
            let logits = self.executor.forward(tokens, first, LogitsWanted::All).await?;
            for (offset, row) in logits.chunks_exact(self.summary.vocabulary_size as usize).enumerate() {
                each(first + offset, row);
            }
        }
        Ok(())
    }

    /// Times itself for a moment, to choose between devices.
    ///
    /// # Errors
    /// The device failed.
    pub async fn measure(&mut self) -> Result<Speed, EngineError> {
        const PROMPT_TOKENS: usize = 16;
        const MOST_TOKENS: usize = 32;
        const DECODE_SECONDS: f64 = 0.5;
        let prompt: Vec<u32> = (0..PROMPT_TOKENS as u32).collect();
        let prompt = &prompt[..PROMPT_TOKENS.min(self.context_tokens.saturating_sub(MOST_TOKENS)).max(1)];
        // The first runs pay for pipelines and cold caches.
        let last = self.begin_writing(&prompt[..prompt.len().min(2)]).await?;
        self.write(&[last], 1, None).await?;
        let started = now_seconds();
        let mut last = self.begin_writing(prompt).await?;
        let read = now_seconds();
        let (mut count, mut written) = (0, read);
        while count < MOST_TOKENS && written - read < DECODE_SECONDS {
            let tokens = self.write(&[last], MOST_TOKENS - count, None).await?;
            last = tokens.last().copied().unwrap_or(last);
            count += tokens.len();
            written = now_seconds();
        }
        let rate = |tokens: usize, seconds: f64| tokens as f64 / seconds.max(1e-6);
        Ok(Speed {
            prefill_tokens_per_second: rate(prompt.len(), read - started),
            decode_tokens_per_second: rate(count, written - read),
        })
    }

    /// Reads `prompt` into an empty cache; returns the most probable next token.
    async fn begin_writing(&mut self, prompt: &[u32]) -> Result<u32, EngineError> {
        self.keep(0);
        self.begin_answer(SamplingParameters::GREEDY, prompt);
        Ok(self.write(prompt, 1, None).await?.last().copied().unwrap_or_default())
    }

    /// The executor, for tests that compare backends step by step.
    pub fn executor_mut(&mut self) -> &mut Executor {
        self.keep(0);
        &mut self.executor
    }

    /// How many leading tokens of `ids` need no work; the last one always does, for its logits.
    pub(crate) fn keep_common_prefix(&mut self, ids: &[u32]) -> usize {
        let common = self.cached.iter().zip(ids).take_while(|(a, b)| a == b).count();
        let kept = common.min(ids.len().saturating_sub(1));
        self.keep(kept);
        kept
    }

    /// As [`Model::keep_common_prefix`], where every token of `ids` is to be scored, with `top` of the most probable
    /// tokens: what was scored before is not computed again.
    pub(crate) fn keep_scored_prefix(&mut self, ids: &[u32], top: usize) -> usize {
        let common = self.cached.iter().zip(ids).take_while(|(a, b)| a == b).count();
        let following = ids.iter().skip(1).take(common);
        let known = self.scores.iter().zip(following).take_while(|(score, id)| score.token == **id && score.tells(top));
        // The token after these has its score from the logits of the last of them.
        let kept = known.count().min(ids.len().saturating_sub(1));
        self.scores.truncate(kept);
        self.keep(kept);
        kept
    }

    /// Empties the cache.
    pub(crate) fn forget(&mut self) {
        self.keep(0);
    }

    fn keep(&mut self, tokens: usize) {
        self.cached.truncate(tokens);
        self.scores.truncate(tokens);
    }

    /// The beginning of an answer that `wanted` describes.
    pub(crate) fn begin_constraint(&mut self, wanted: &OutputConstraint) -> Result<Constraint, ModelCallError> {
        let grammars = match self.grammars.take() {
            Some(grammars) => grammars,
            None => Grammars::new(self.text.tokenizer_shared(), self.summary.vocabulary_size as usize)?,
        };
        self.grammars.insert(grammars).begin(wanted)
    }

    /// Tokens are chosen by `sampling` from here on; `context` is the prompt.
    pub(crate) fn begin_answer(&mut self, sampling: SamplingParameters, context: &[u32]) {
        self.executor.begin_answer(sampling, context);
    }

    /// Reads tokens that follow those in the cache.
    pub(crate) async fn read(&mut self, tokens: &[u32]) -> Result<(), EngineError> {
        self.executor.forward(tokens, self.cached.len(), LogitsWanted::None).await?;
        self.cached.extend_from_slice(tokens);
        Ok(())
    }

    /// Reads tokens that follow those in the cache, and returns the logits `[vocabulary]` after the last of them.
    pub(crate) async fn read_for_logits(&mut self, tokens: &[u32]) -> Result<Vec<f32>, EngineError> {
        let logits = self.executor.forward(tokens, self.cached.len(), LogitsWanted::Last).await?;
        self.cached.extend_from_slice(tokens);
        Ok(logits)
    }

    /// Reads the next tokens of `ids`, of which the cache holds a beginning, up to `end`, and scores the tokens that
    /// follow them. Returns the logits `[vocabulary]` after the last token read.
    pub(crate) async fn read_scored(&mut self, ids: &[u32], end: usize, top: usize) -> Result<Vec<f32>, EngineError> {
        let first = self.cached.len();
        let mut logits = self.executor.forward(&ids[first..end], first, LogitsWanted::All).await?;
        let vocabulary_size = self.summary.vocabulary_size as usize;
        for (row, &following) in logits.chunks_exact(vocabulary_size).zip(&ids[first + 1..]) {
            self.scores.push(Score::of(following, row, top));
        }
        self.cached.extend_from_slice(&ids[first..end]);
        Ok(logits.split_off(logits.len() - vocabulary_size))
    }

    /// Reads tokens that follow those in the cache, and returns what the last layer makes of each: `[tokens, width]`.
    pub(crate) async fn read_hidden_states(&mut self, tokens: &[u32]) -> Result<Vec<f32>, EngineError> {
        let states = self.executor.hidden_states(tokens, self.cached.len()).await?;
        self.cached.extend_from_slice(tokens);
        Ok(states)
    }

    /// What is known of how probable the tokens were, beginning with the second.
    pub(crate) fn scores(&self) -> &[Score] {
        &self.scores
    }

    /// Reads tokens that follow those in the cache, and writes at least one more and at most `most_tokens`. The last
    /// of them is not in the cache yet.
    pub(crate) async fn write(
        &mut self,
        tokens: &[u32],
        most_tokens: usize,
        allowed: Option<&AllowedTokens>,
    ) -> Result<Vec<u32>, EngineError> {
        let chosen = self.executor.choose(tokens, self.cached.len(), most_tokens, allowed).await?;
        self.cached.extend_from_slice(tokens);
        self.cached.extend(chosen.iter().rev().skip(1).rev());
        Ok(chosen)
    }

    /// Number of tokens whose keys and values the cache holds.
    pub(crate) fn cached_tokens(&self) -> usize {
        self.cached.len()
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    pub(crate) fn check_tokens(&self, ids: &[u32]) -> Result<(), EngineError> {
        let vocabulary_size = self.summary.vocabulary_size as usize;
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocabulary_size) {
            return Err(EngineError::UnknownToken { id, vocabulary_size });
        }
        if ids.len() > self.context_tokens {
            return Err(EngineError::ContextFull { tokens: ids.len(), context_tokens: self.context_tokens });
        }
        Ok(())
    }
}

fn weight_bytes(plan: &Plan) -> u64 {
    plan.weights.iter().map(crate::plan::Weight::size_bytes).sum()
}

fn summarize(file: &GgufFile, hyperparameters: &Hyperparameters, file_size_bytes: u64) -> ModelSummary {
    let mut bytes_by_type = std::collections::BTreeMap::new();
    for tensor in &file.tensors {
        *bytes_by_type.entry(tensor.block_type).or_insert(0) += tensor.size_bytes;
    }
    // The embeddings of small models outweigh their layers, so count the layers alone where there are any.
    let layers = file.tensors.iter().filter(|tensor| tensor.name.starts_with("blk."));
    let mut layer_bytes = std::collections::BTreeMap::new();
    for tensor in layers {
        *layer_bytes.entry(tensor.block_type).or_insert(0) += tensor.size_bytes;
    }
    let counted = if layer_bytes.is_empty() { bytes_by_type } else { layer_bytes };
    let quantization =
        counted.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(block_type, _)| block_type.to_string());
    ModelSummary {
        name: file.metadata.text("general.name").unwrap_or(&hyperparameters.architecture).to_owned(),
        architecture: hyperparameters.architecture.clone(),
        quantization: quantization.unwrap_or_default(),
        parameter_count: file.tensors.iter().map(|tensor| tensor.rows as u64 * tensor.columns as u64).sum(),
        context_tokens: hyperparameters.context_tokens as u32,
        layer_count: hyperparameters.layers as u32,
        vocabulary_size: hyperparameters.vocabulary_size as u32,
        dimensions: hyperparameters.dimensions(file),
        file_size_bytes,
        has_chat_template: file.metadata.text("tokenizer.chat_template").is_some(),
    }
}
