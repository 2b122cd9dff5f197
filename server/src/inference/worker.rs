//! The thread of one model: loads it, then answers one request after the other until its queue is closed.

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::thread::JoinHandle;

use shared::model_call::ModelCallError;

use super::backend::LoadedModel;
use super::job_queue::{Job, JobQueue, Work};

/// What clients hear when a model's thread dies.
pub(crate) const DIED: &str = "the model stopped unexpectedly; it is loaded again on the next request";

/// A model's queue and thread.
pub(crate) struct Worker {
    pub(crate) queue: Arc<JobQueue>,
    pub(crate) thread: JoinHandle<()>,
}

impl Worker {
    /// Starts a thread that waits for `predecessor` to give its memory back, loads the model and serves. Requests
    /// can be queued at once, beginning with `first`; if loading fails, each of them gets the reason.
    pub(crate) fn start(
        name: &str,
        queue_length: usize,
        first: Vec<Job>,
        predecessor: Option<JoinHandle<()>>,
        load: impl FnOnce() -> Result<Box<dyn LoadedModel>, ModelCallError> + Send + 'static,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(JobQueue::new(queue_length));
        // A new queue is open and takes the jobs of one client.
        let _ = queue.push(first);
        let jobs = CloseOnDrop(Arc::clone(&queue));
        let owned_name = name.to_owned();
        let thread = std::thread::Builder::new().name(format!("model {name}")).spawn(move || {
            if let Some(predecessor) = predecessor {
                // A thread that panicked has given its memory back too.
                let _ = predecessor.join();
            }
            tracing::info!(model = owned_name, "loading");
            match load() {
                Ok(mut model) => {
                    tracing::info!(model = owned_name, device = model.device_name(), "loaded");
                    while let Some(job) = jobs.0.pop() {
                        let answering = AssertUnwindSafe(|| answer(model.as_mut(), &job));
                        if std::panic::catch_unwind(answering).is_err() {
                            // Closed before anybody hears of it: who asks again at once gets a new thread.
                            let waiting = jobs.0.close_and_drain();
                            tell_all(waiting.iter().chain([&job]), &ModelCallError::unavailable(DIED));
                        }
                    }
                    tracing::info!(model = owned_name, "unloaded");
                }
                Err(error) => {
                    tracing::warn!(model = owned_name, %error, "loading failed");
                    tell_all(&jobs.0.close_and_drain(), &error);
                }
            }
        })?;
        Ok(Self { queue, thread })
    }
}

fn answer(model: &mut dyn LoadedModel, job: &Job) {
    let done = model.use_adapter(job.adapter.as_deref()).and_then(|()| match &job.work {
        Work::Generate { request, events } => model.generate(request, &mut |event| match events.send(Ok(event)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }),
        Work::Embed { input, answer } => model.embed(input).map(|embedding| {
            // A client that has left does not wait for it.
            let _ = answer.send(Ok(embedding));
        }),
    });
    if let Err(error) = done {
        job.fail(error);
    }
}

fn tell_all<'a>(jobs: impl IntoIterator<Item = &'a Job>, error: &ModelCallError) {
    for job in jobs {
        job.fail(error.clone());
    }
}

/// Closes the queue however the thread ends, a panic included: the next request then starts a new thread, and
/// those waiting see their event channels close.
struct CloseOnDrop(Arc<JobQueue>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        drop(self.0.close_and_drain());
    }
}
