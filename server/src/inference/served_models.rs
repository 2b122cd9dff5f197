//! The models in memory: loaded on first use, the least recently used one makes room for the next.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use engine::ModelText;
use futures::stream::{self, StreamExt};
use shared::model_call::{GenerationEvent, GenerationRequest, GenerationStream, ModelCallError};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::backend::Backend;
use super::device_choice::load_on_best_device;
use super::engine_backend::unavailable;
use super::job_queue::{Job, PushError, SubmitError};
use super::model_texts::ModelTexts;
use super::worker::{DIED, Worker};
use crate::config::Inference;
use crate::database::Database;

/// A model as the caller knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelToServe {
    /// What clients call it, and what speeds are remembered under.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
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
    /// Too many requests are waiting.
    pub fn submit(
        &self,
        model: &ModelToServe,
        requests: Vec<GenerationRequest>,
    ) -> Result<Vec<GenerationStream>, SubmitError> {
        let (mut jobs, mut streams) = (Vec::new(), Vec::new());
        for request in requests {
            let (events, receiver) = unbounded_channel();
            jobs.push(Job { request, events });
            streams.push(event_stream(receiver));
        }
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = workers.iter().position(|(served, _)| served == model) {
            let served = workers.remove(index);
            match served.1.queue.push(jobs) {
                Ok(()) => {
                    workers.push(served);
                    return Ok(streams);
                }
                Err(PushError::Full { waiting }) => {
                    workers.push(served);
                    return Err(SubmitError::QueueFull { waiting });
                }
                // Its thread failed to load the model or died: a new one tries again.
                Err(PushError::Closed(returned)) => jobs = returned,
            }
        }
        match self.start_worker(model, jobs, &mut workers) {
            Ok(worker) => workers.push((model.clone(), worker)),
            Err(error) => {
                let error = unavailable(format!("no thread could be started for {}: {error}", model.name));
                let failed = streams.into_iter().map(|_| {
                    let error = error.clone();
                    stream::once(async { Err(error) }).boxed()
                });
                return Ok(failed.collect());
            }
        }
        Ok(streams)
    }

    /// Loads a model ahead of the first request.
    pub fn preload(&self, model: &ModelToServe) {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if workers.iter().any(|(served, _)| served == model) {
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
            None => Some((Err(unavailable(DIED)), None)),
        }
    })
    .boxed()
}
