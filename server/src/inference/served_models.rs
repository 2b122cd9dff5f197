//! The models in memory: loaded on first use, the least recently used one makes room for the next.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use engine::ModelText;
use futures::stream::{self, StreamExt};
use shared::model_call::{Embeddings, GenerationEvent, GenerationRequest, GenerationStream, ModelCallError, Prompt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::backend::Backend;
use super::device_choice::load_on_best_device;
use super::job_queue::{Job, PushError, SubmitError, Work};
use super::model_texts::ModelTexts;
use super::worker::{DIED, Worker};
use crate::config::Inference;
use crate::database::Database;

/// A model as the caller knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelToServe {
    /// What the model in the file is called, and what speeds are remembered under.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// The adapter to compute with, a GGUF file or a PEFT folder. One model in memory serves all of them.
    pub adapter: Option<PathBuf>,
}

/// The models in memory.
pub struct ServedModels {
    backend: Arc<dyn Backend>,
    database: Database,
    settings: Inference,
    /// Most recently used last.
    workers: Mutex<Vec<(ModelToServe, Worker)>>,
    texts: ModelTexts,
}

impl ServedModels {
    /// Nothing loaded yet.
    pub fn new(backend: Arc<dyn Backend>, database: Database, settings: Inference) -> Self {
        Self { backend, database, settings, workers: Mutex::default(), texts: ModelTexts::default() }
    }

    /// Queues the requests of one client and returns the events of each. The model is loaded if it is not in memory; an
    /// error in that is each stream's first item. Dropping a stream cancels its request.
    ///
    /// # Errors
    /// Too many requests are waiting, or the model can't have a thread.
    pub fn submit(
        &self,
        model: &ModelToServe,
        requests: Vec<GenerationRequest>,
    ) -> Result<Vec<GenerationStream>, SubmitError> {
        let (jobs, streams) = requests
            .into_iter()
            .map(|request| {
                let (events, receiver) = unbounded_channel();
                (
                    Job { adapter: model.adapter.clone(), work: Work::Generate { request, events } },
                    event_stream(receiver),
                )
            })
            .unzip();
        self.queue(model, jobs)?;
        Ok(streams)
    }

    /// As [`ServedModels::submit`], in the order that costs least: prompts with a common beginning follow each other, so
    /// that what one has left in the model's cache the next need not read. The streams are in the order of `requests`.
    ///
    /// # Errors
    /// Too many requests are waiting, or the model can't have a thread.
    pub fn submit_in_any_order(
        &self,
        model: &ModelToServe,
        requests: Vec<GenerationRequest>,
    ) -> Result<Vec<GenerationStream>, SubmitError> {
        let mut requests: Vec<_> = requests.into_iter().enumerate().collect();
        requests.sort_by(|(_, a), (_, b)| by_beginning(&a.prompt, &b.prompt));
        let (indices, requests): (Vec<usize>, _) = requests.into_iter().unzip();
        let mut streams: Vec<_> = indices.into_iter().zip(self.submit(model, requests)?).collect();
        streams.sort_by_key(|(index, _)| *index);
        Ok(streams.into_iter().map(|(_, stream)| stream).collect())
    }

    /// Queues the texts of one client, and returns what will be their vectors. The model is loaded if it is not in
    /// memory. Dropping the future cancels the work.
    ///
    /// # Errors
    /// Too many requests are waiting, or the model can't have a thread.
    pub fn embed(
        &self,
        model: &ModelToServe,
        inputs: Vec<Prompt>,
    ) -> Result<impl Future<Output = Result<Embeddings, ModelCallError>> + Send + use<>, SubmitError> {
        let (jobs, receivers): (_, Vec<_>) = inputs
            .into_iter()
            .map(|input| {
                let (answer, receiver) = unbounded_channel();
                (Job { adapter: model.adapter.clone(), work: Work::Embed { input, answer } }, receiver)
            })
            .unzip();
        self.queue(model, jobs)?;
        Ok(async move {
            let mut embeddings = Vec::with_capacity(receivers.len());
            for mut receiver in receivers {
                embeddings.push(receiver.recv().await.unwrap_or_else(|| Err(ModelCallError::unavailable(DIED)))?);
            }
            Ok(embeddings.into_iter().collect())
        })
    }

    fn queue(&self, model: &ModelToServe, mut jobs: Vec<Job>) -> Result<(), SubmitError> {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = workers.iter().position(|(served, _)| served.path == model.path) {
            let served = workers.remove(index);
            match served.1.queue.push(jobs) {
                Ok(()) => {
                    workers.push(served);
                    return Ok(());
                }
                Err(PushError::Full { waiting }) => {
                    workers.push(served);
                    return Err(SubmitError::QueueFull { waiting });
                }
                // Its thread failed to load the model or died: a new one tries again.
                Err(PushError::Closed(returned)) => jobs = returned,
            }
        }
        let worker = self
            .start_worker(model, jobs, &mut workers)
            .map_err(|error| SubmitError::NoThread { model: model.name.clone(), reason: error.to_string() })?;
        workers.push((model.clone(), worker));
        Ok(())
    }

    /// Loads a model ahead of the first request.
    pub fn preload(&self, model: &ModelToServe) {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if workers.iter().any(|(served, _)| served.path == model.path) {
            return;
        }
        match self.start_worker(model, Vec::new(), &mut workers) {
            Ok(worker) => workers.push((model.clone(), worker)),
            Err(error) => tracing::warn!(model = model.name, %error, "no thread could be started"),
        }
    }

    /// The tokenizer and chat template of the model at `path`, whether it is in memory or not. Reads a file.
    ///
    /// # Errors
    /// The file can't be used.
    pub fn text(&self, path: &Path) -> Result<Arc<ModelText>, ModelCallError> {
        self.texts.get(path, || self.backend.read_text(path))
    }

    /// Lets go of a model's file once the requests waiting for it are done.
    pub fn unload(&self, path: &Path) {
        self.texts.forget(path);
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.retain(|(served, worker)| {
            if served.path == path {
                worker.queue.close();
            }
            served.path != path
        });
    }

    /// Names of the models in memory or on their way there.
    pub fn loaded_names(&self) -> Vec<String> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = workers.iter().filter(|(_, worker)| !worker.thread.is_finished());
        alive.map(|(served, _)| served.name.clone()).collect()
    }

    fn start_worker(
        &self,
        model: &ModelToServe,
        first: Vec<Job>,
        workers: &mut Vec<(ModelToServe, Worker)>,
    ) -> std::io::Result<Worker> {
        workers.retain(|(_, worker)| !worker.thread.is_finished());
        let mut predecessor = None;
        if workers.len() >= usize::from(self.settings.max_loaded_models) {
            // The least recently used idle one, or else the least recently used one, which finishes its queue first.
            let leaving = workers.iter().position(|(_, worker)| worker.queue.is_idle()).unwrap_or(0);
            let (_, worker) = workers.remove(leaving);
            worker.queue.close();
            predecessor = Some(worker.thread);
        }
        let (backend, database) = (Arc::clone(&self.backend), self.database.clone());
        let (choice, loading) = (self.settings.device, model.clone());
        Worker::start(&model.name, usize::from(self.settings.queue_length), first, predecessor, move || {
            load_on_best_device(backend.as_ref(), &database, choice, &loading.name, &loading.path)
        })
    }
}

impl Drop for ServedModels {
    fn drop(&mut self) {
        let workers = self.workers.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (_, worker) in workers.iter() {
            worker.queue.close();
        }
    }
}

/// An order in which prompts of one kind that begin alike are neighbours.
fn by_beginning(one: &Prompt, other: &Prompt) -> Ordering {
    match (one, other) {
        (Prompt::Text(one), Prompt::Text(other)) => one.cmp(other),
        (Prompt::Tokens(one), Prompt::Tokens(other)) => one.cmp(other),
        _ => Ordering::Equal,
    }
}

/// Events until the last one; a channel that closes before it means that the model's thread died.
fn event_stream(receiver: UnboundedReceiver<Result<GenerationEvent, ModelCallError>>) -> GenerationStream {
    let unfinished = Some(receiver);
    stream::unfold(unfinished, |receiver| async {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(event) => {
                let is_last = matches!(event, Err(_) | Ok(GenerationEvent::Finished { .. }));
                Some((event, (!is_last).then_some(receiver)))
            }
            None => Some((Err(ModelCallError::unavailable(DIED)), None)),
        }
    })
    .boxed()
}
