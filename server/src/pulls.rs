//! Downloads that clients have started: they go on when the client leaves, and any number of clients can watch one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::database::StoredModel;
use crate::downloads::progress::{Progress, Step};
use crate::error::ApiError;
use crate::model_store::{Consent, ModelStore};

/// How far a download is.
#[derive(Clone, Debug)]
pub enum PullState {
    /// On its way.
    Running(Progress),
    /// The model is on this machine.
    Done(Box<StoredModel>),
    /// It is not, and why.
    Failed(ApiError),
}

/// Downloads by model name.
#[derive(Default)]
pub struct Pulls {
    running: Mutex<HashMap<String, Pull>>,
}

struct Pull {
    state: watch::Receiver<PullState>,
    task: AbortHandle,
}

impl Pull {
    /// By its state, not its task: that may not have ended yet when a client, told of a failure, tries again. A closed
    /// channel is a task that panicked.
    fn is_running(&self) -> bool {
        self.state.has_changed().is_ok() && matches!(*self.state.borrow(), PullState::Running(_))
    }
}

impl Pulls {
    /// Starts a download, or joins the one of the same model that is on its way.
    pub fn start(&self, store: &ModelStore, model: &str, consent: Consent) -> watch::Receiver<PullState> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, pull| pull.is_running());
        if let Some(pull) = running.get(model) {
            return pull.state.clone();
        }
        let waiting = Progress { step: Step::Waiting, done_bytes: 0, total_bytes: None };
        let (sender, state) = watch::channel(PullState::Running(waiting));
        let (store, name) = (store.clone(), model.to_owned());
        let task = tokio::spawn(async move {
            let listen = |progress| {
                sender.send_replace(PullState::Running(progress));
            };
            let outcome = match store.pull(&name, consent, &listen).await {
                Ok(model) => PullState::Done(Box::new(model)),
                Err(error) => PullState::Failed(error.into()),
            };
            sender.send_replace(outcome);
        });
        running.insert(model.to_owned(), Pull { state: state.clone(), task: task.abort_handle() });
        state
    }

    /// Stops a download; what came is kept, so that starting it again goes on from there. True if there was one.
    pub fn stop(&self, model: &str) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pull) = running.remove(model) else { return false };
        let was_running = pull.is_running();
        pull.task.abort();
        was_running
    }

    /// How far the download of a model is, if one is on its way.
    pub fn progress(&self, model: &str) -> Option<Progress> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match &*running.get(model)?.state.borrow() {
            PullState::Running(progress) => Some(*progress),
            PullState::Done(_) | PullState::Failed(_) => None,
        }
    }
}
