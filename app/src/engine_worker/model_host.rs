//! The one model in the worker: loads it, chooses its backend, lets it answer.

use std::collections::HashMap;

use engine::adapter::LoraAdapter;
use engine::gpu::GpuDevice;
use engine::{Device, EngineError, LoadOptions, Model};
use shared::model_call::{Embeddings, GenerationRequest, ModelCallError, Prompt};

use super::host::{CallContext, cancelled};
use super::protocol::{
    AdapterFile, Backend, BackendChoice, Event, Failure, FailureKind, GpuDescription, LoadRequest, LoadStage,
    LoadedModel, Measurement, MemoryFigures, ModelFacts, PositionScore, Reply, Request, ScoreRequest, SpeedFigures,
    WithAdapter,
};
use crate::browser::clock::now_ms;
use crate::browser::event_loop::yield_to_messages;
use crate::storage::model_files;

/// WebAssembly's memory ends at 4 GiB; this leaves room for the cache and everything else.
const LARGEST_FILE_ON_CPU_BYTES: u64 = 3 << 30;

/// Holds at most one model, and adapters for it and for others.
#[derive(Default)]
pub struct ModelHost {
    model: Option<Model>,
    /// By name. The model takes those beside its weights that are used with it.
    adapters: HashMap<String, LoraAdapter>,
}

impl ModelHost {
    /// Serves one model call.
    ///
    /// # Errors
    /// Why it failed, in words for the person.
    pub async fn answer(&mut self, context: &CallContext, request: Request) -> Result<Reply, Failure> {
        match request {
            Request::DescribeGpu => Ok(Reply::Gpu(describe_gpu().await)),
            Request::Load(request) => self.load(context, &request).await.map(|loaded| Reply::Loaded(Box::new(loaded))),
            Request::Unload => {
                self.model = None;
                Ok(Reply::Done)
            }
            Request::LoadAdapter(file) => self.load_adapter(file).map(|()| Reply::Done),
            Request::RemoveAdapter(name) => {
                self.forget_adapter(&name);
                Ok(Reply::Done)
            }
            Request::Generate(request) => self.generate(context, &request).await.map(|()| Reply::Done),
            Request::Embed(texts) => self.embed(context, texts).await.map(Reply::Embeddings),
            Request::Score(request) => self.score(context, &request).await.map(Reply::Scores),
            _ => Err(refused("this is not a request to a model".to_owned())),
        }
    }

    async fn load(&mut self, context: &CallContext, request: &LoadRequest) -> Result<LoadedModel, Failure> {
        let started_ms = now_ms();
        // Two models at once may not fit.
        self.model = None;
        let loading = Loading { context, request };
        let loaded = match (request.backend, request.remembered) {
            (BackendChoice::Cpu, _) => loading.on_cpu(None).await,
            (BackendChoice::Gpu, _) => loading.on_gpu().await,
            (BackendChoice::Auto, Some(Backend::Cpu)) => loading.on_cpu(None).await,
            (BackendChoice::Auto, Some(Backend::Gpu)) => loading.on_gpu_or_else_cpu().await,
            (BackendChoice::Auto, None) => loading.on_the_faster().await,
        }?;
        let described = LoadedModel {
            name: request.name.clone(),
            facts: facts(loaded.model.summary()),
            backend: loaded.backend,
            device_name: loaded.model.device_name().to_owned(),
            memory: memory(&loaded.model),
            measurement: loaded.measurement,
            gpu_problem: loaded.gpu_problem,
            load_seconds: (now_ms() - started_ms) / 1000.0,
        };
        self.model = Some(loaded.model);
        Ok(described)
    }

    fn load_adapter(&mut self, file: AdapterFile) -> Result<(), Failure> {
        let adapter = LoraAdapter::from_gguf(&file.bytes.to_vec()).map_err(|error| refused(error.to_string()))?;
        self.forget_adapter(&file.name);
        self.adapters.insert(file.name, adapter);
        Ok(())
    }

    fn forget_adapter(&mut self, name: &str) {
        self.adapters.remove(name);
        if let Some(model) = &mut self.model {
            model.remove_adapter(name);
        }
    }

    /// The model, computing with an adapter or without one.
    async fn model_with(&mut self, adapter: Option<&str>) -> Result<&mut Model, Failure> {
        let model = self.model.as_mut().ok_or_else(model_gone)?;
        let failed = |error: EngineError| {
            let error = ModelCallError::from(error);
            Failure { kind: FailureKind::Refused(error.kind), message: error.message }
        };
        if let Some((name, adapter)) = adapter.and_then(|name| self.adapters.get_key_value(name))
            && !model.adapter_names().contains(&name.as_str())
        {
            model.load_adapter(name, adapter).await.map_err(failed)?;
        }
        model.use_adapter(adapter).map_err(failed)?;
        Ok(model)
    }

    async fn generate(
        &mut self,
        context: &CallContext,
        WithAdapter { adapter, work }: &WithAdapter<GenerationRequest>,
    ) -> Result<(), Failure> {
        let model = self.model_with(adapter.as_deref()).await?;
        let outcome = generate_with(model, context, work).await;
        match outcome {
            Err(GenerateProblem::Cancelled) => Err(cancelled()),
            Err(GenerateProblem::Call(error)) => Err(self.failed(error)),
            Ok(()) => Ok(()),
        }
    }

    async fn embed(
        &mut self,
        context: &CallContext,
        WithAdapter { adapter, work: texts }: WithAdapter<Vec<String>>,
    ) -> Result<Embeddings, Failure> {
        self.model_with(adapter.as_deref()).await?;
        let mut embeddings = Vec::with_capacity(texts.len());
        for text in texts {
            // A page that gave up says so in a message, and messages arrive only when the event loop runs.
            yield_to_messages().await;
            if context.is_cancelled() {
                return Err(cancelled());
            }
            let model = self.model.as_mut().ok_or_else(model_gone)?;
            let embedding = model.embed(&Prompt::Text(text)).await;
            embeddings.push(embedding.map_err(|error| self.failed(error))?);
        }
        Ok(embeddings.into_iter().collect())
    }

    async fn score(
        &mut self,
        context: &CallContext,
        WithAdapter { adapter, work: request }: &WithAdapter<ScoreRequest>,
    ) -> Result<Vec<PositionScore>, Failure> {
        let model = self.model_with(adapter.as_deref()).await?;
        let mut scores = Vec::with_capacity(request.ids.len());
        let result = model
            .score(&request.ids, &mut |position, logits: &[f32]| {
                scores.push(position_score(position, logits, request));
            })
            .await;
        if context.is_cancelled() {
            return Err(cancelled());
        }
        match result {
            Ok(()) => Ok(scores),
            Err(error) => Err(self.failed(ModelCallError::from(error))),
        }
    }

    /// After the device failed, the model in memory can't be trusted any more.
    fn failed(&mut self, error: ModelCallError) -> Failure {
        use shared::model_call::ModelCallErrorKind::Unavailable;
        let kind = if error.kind == Unavailable {
            self.model = None;
            FailureKind::ModelGone
        } else {
            FailureKind::Refused(error.kind)
        };
        Failure { kind, message: error.message }
    }
}

enum GenerateProblem {
    Cancelled,
    Call(ModelCallError),
}

async fn generate_with(
    model: &mut Model,
    context: &CallContext,
    request: &GenerationRequest,
) -> Result<(), GenerateProblem> {
    let mut generation = model.generate(request).map_err(GenerateProblem::Call)?;
    while let Some(event) = generation.next().await {
        context.event(Event::Generation(event.map_err(GenerateProblem::Call)?));
        // A Stop from the page is a message, and messages arrive only when the event loop runs.
        yield_to_messages().await;
        if context.is_cancelled() {
            return Err(GenerateProblem::Cancelled);
        }
    }
    Ok(())
}

struct LoadedOn {
    model: Model,
    backend: Backend,
    measurement: Option<Measurement>,
    gpu_problem: Option<String>,
}

struct Loading<'a> {
    context: &'a CallContext,
    request: &'a LoadRequest,
}

impl Loading<'_> {
    async fn on_cpu(&self, gpu_problem: Option<String>) -> Result<LoadedOn, Failure> {
        let model = self.load(Device::Cpu { threads: 1 }, Backend::Cpu).await?;
        Ok(LoadedOn { model, backend: Backend::Cpu, measurement: None, gpu_problem })
    }

    async fn on_gpu(&self) -> Result<LoadedOn, Failure> {
        let gpu = GpuDevice::request().await.map_err(engine_failure)?;
        let model = self.load(Device::Gpu(gpu), Backend::Gpu).await?;
        Ok(LoadedOn { model, backend: Backend::Gpu, measurement: None, gpu_problem: None })
    }

    async fn on_gpu_or_else_cpu(&self) -> Result<LoadedOn, Failure> {
        match self.on_gpu().await {
            Err(failure) if failure.kind != FailureKind::Cancelled => self.on_cpu(Some(failure.message)).await,
            loaded => loaded,
        }
    }

    /// Loads on both, one after the other, and keeps the faster one.
    async fn on_the_faster(&self) -> Result<LoadedOn, Failure> {
        let gpu = match GpuDevice::request().await {
            Ok(gpu) => gpu,
            Err(error) => return self.on_cpu(Some(error.to_string())).await,
        };
        let adapter = gpu.name().to_owned();
        // The likely winner goes last, so that it need not be loaded twice.
        let order = if gpu.is_software() { [Backend::Gpu, Backend::Cpu] } else { [Backend::Cpu, Backend::Gpu] };
        let mut speeds = [SpeedFigures::default(); 2];
        let mut gpu = Some(gpu);
        let mut last = None;
        for (backend, speed) in order.into_iter().zip(&mut speeds) {
            // The one before must be gone before the next one needs its memory.
            drop(last.take());
            match self.measured(backend, &mut gpu).await {
                Ok((model, measured)) => {
                    *speed = measured;
                    last = Some((model, backend));
                }
                Err(failure) if failure.kind == FailureKind::Cancelled => return Err(failure),
                Err(failure) if backend == Backend::Gpu => {
                    return self.on_cpu(Some(failure.message)).await;
                }
                // What does not fit WebAssembly's memory may well fit the GPU's.
                Err(_) => return self.on_gpu().await,
            }
        }
        let chosen = if speeds[0].turn_seconds() < speeds[1].turn_seconds() { order[0] } else { order[1] };
        let speed_of = |backend| {
            if order[0] == backend { speeds[0] } else { speeds[1] }
        };
        let measurement = Measurement {
            adapter,
            model: self.request.name.clone(),
            cpu: speed_of(Backend::Cpu),
            gpu: speed_of(Backend::Gpu),
            chosen,
        };
        let mut loaded = match last {
            Some((model, backend)) if backend == chosen => {
                LoadedOn { model, backend, measurement: None, gpu_problem: None }
            }
            other => {
                drop(other);
                match chosen {
                    Backend::Cpu => self.on_cpu(None).await?,
                    Backend::Gpu => self.on_gpu().await?,
                }
            }
        };
        loaded.measurement = Some(measurement);
        Ok(loaded)
    }

    async fn measured(&self, backend: Backend, gpu: &mut Option<GpuDevice>) -> Result<(Model, SpeedFigures), Failure> {
        let device = match (backend, gpu.take()) {
            (Backend::Gpu, Some(gpu)) => Device::Gpu(gpu),
            (Backend::Gpu, None) => Device::Gpu(GpuDevice::request().await.map_err(engine_failure)?),
            (Backend::Cpu, unused) => {
                *gpu = unused;
                Device::Cpu { threads: 1 }
            }
        };
        let mut model = self.load(device, backend).await?;
        self.context.event(Event::Load(LoadStage::Measuring { backend }));
        let speed = model.measure().await.map_err(engine_failure)?;
        let speed = SpeedFigures {
            prefill_tokens_per_second: speed.prefill_tokens_per_second,
            decode_tokens_per_second: speed.decode_tokens_per_second,
        };
        Ok((model, speed))
    }

    async fn load(&self, device: Device, backend: Backend) -> Result<Model, Failure> {
        // A page that gave up does not need the next model.
        yield_to_messages().await;
        if self.context.is_cancelled() {
            return Err(cancelled());
        }
        let source = model_files::open(&self.request.name)
            .await
            .map_err(|message| Failure { kind: FailureKind::Storage, message })?;
        if backend == Backend::Cpu && source.size_bytes() > LARGEST_FILE_ON_CPU_BYTES {
            return Err(refused(format!(
                "the file has {:.1} GB, and a browser tab can hold about 3 GB for the CPU; choose WebGPU in Settings, \
                 or a smaller model",
                source.size_bytes() as f64 / 1e9
            )));
        }
        let options = LoadOptions { device, context_tokens: self.request.context_tokens };
        Model::load(source, options, &mut |progress| {
            self.context.event(Event::Load(LoadStage::Reading {
                backend,
                done_bytes: progress.done_bytes,
                total_bytes: progress.total_bytes,
            }));
        })
        .await
        .map_err(engine_failure)
    }
}

async fn describe_gpu() -> Result<GpuDescription, String> {
    let gpu = GpuDevice::request().await.map_err(|error| error.to_string())?;
    Ok(GpuDescription {
        name: gpu.name().to_owned(),
        is_software: gpu.is_software(),
        largest_buffer_bytes: gpu.limits().max_buffer_size,
    })
}

/// What the app shows of a model's header.
pub fn facts(summary: &engine::ModelSummary) -> ModelFacts {
    ModelFacts {
        name: summary.name.clone(),
        architecture: summary.architecture.clone(),
        quantization: summary.quantization.clone(),
        parameter_count: summary.parameter_count,
        context_tokens: summary.context_tokens,
        has_chat_template: summary.has_chat_template,
        dimensions: Some(summary.dimensions),
    }
}

fn memory(model: &Model) -> MemoryFigures {
    let used = model.memory();
    MemoryFigures {
        weights_bytes: used.weights_bytes,
        cache_bytes: used.cache_bytes,
        scratch_bytes: used.scratch_bytes,
        wasm_bytes: wasm_memory_bytes(),
    }
}

#[cfg(target_arch = "wasm32")]
fn wasm_memory_bytes() -> u64 {
    core::arch::wasm32::memory_size(0) as u64 * 65_536
}

#[cfg(not(target_arch = "wasm32"))]
fn wasm_memory_bytes() -> u64 {
    0
}

fn position_score(position: usize, logits: &[f32], request: &ScoreRequest) -> PositionScore {
    let argmax = shared::sampling::argmax(logits);
    let second = logits
        .iter()
        .enumerate()
        .filter(|(token, _)| *token != argmax as usize)
        .map(|(_, logit)| *logit)
        .fold(f32::NEG_INFINITY, f32::max);
    let logit_of = |id: u32| logits.get(id as usize).copied().unwrap_or(f32::NAN);
    PositionScore {
        argmax,
        top1_logit: logit_of(argmax),
        top2_logit: second,
        next_logit: request.ids.get(position + 1).copied().map(logit_of),
        watched_logits: request.watched.get(position).into_iter().flatten().copied().map(logit_of).collect(),
    }
}

fn engine_failure(error: EngineError) -> Failure {
    Failure { kind: FailureKind::ModelGone, message: error.to_string() }
}

fn refused(message: String) -> Failure {
    Failure { kind: FailureKind::Refused(shared::model_call::ModelCallErrorKind::InvalidRequest), message }
}

fn model_gone() -> Failure {
    Failure { kind: FailureKind::ModelGone, message: "no model is loaded".to_owned() }
}
