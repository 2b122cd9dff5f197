//! The engine in this browser: its worker, the model in it, and what became of it.

use leptos::prelude::*;

use super::devices::DeviceStore;
use super::settings::Settings;
use crate::components::Toaster;
use crate::engine_worker::client::WorkerClient;
use crate::engine_worker::protocol::{
    Event, Failure, FailureKind, GpuDescription, LoadRequest, LoadStage, LoadedModel, Reply, Request,
};

/// What helps where it breaks again and again.
const ADVICE: &str = "choose a smaller model, a shorter context, or another place to compute";

/// What the engine is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineStatus {
    /// No model is in memory.
    Empty,
    /// A model is on its way.
    Loading {
        /// Which one.
        name: String,
        /// How far; `None` before the first report.
        stage: Option<LoadStage>,
    },
    /// A model is in memory.
    Ready(Box<LoadedModel>),
    /// Loading failed.
    Failed {
        /// Which one.
        name: String,
        /// A sentence for the person.
        message: String,
    },
}

/// The engine in this browser.
#[derive(Clone, Copy)]
pub struct EngineStore {
    /// What it is doing.
    pub status: RwSignal<EngineStatus>,
    client: StoredValue<WorkerClient, LocalStorage>,
    settings: Settings,
    device: DeviceStore,
    loaded_as: StoredValue<Option<LoadRequest>>,
}

impl EngineStore {
    /// The engine, not started yet.
    pub fn new(settings: Settings, toaster: Toaster, device: DeviceStore) -> Self {
        let status = RwSignal::new(EngineStatus::Empty);
        let loaded_as = StoredValue::new(None);
        let client = WorkerClient::new("engine", ADVICE, move |message| {
            status.set(EngineStatus::Empty);
            loaded_as.set_value(None);
            leptos::logging::error!("the engine worker stopped: {message}");
            toaster.warn("The engine stopped unexpectedly. It starts afresh with your next message.");
        });
        Self { status, client: StoredValue::new_local(client), settings, device, loaded_as }
    }

    /// The worker that computes.
    pub fn client(self) -> WorkerClient {
        self.client.get_value()
    }

    /// Makes sure that the stored model `name` is in memory, on the backend that the settings ask for.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn ensure_loaded(self, name: &str) -> Result<Box<LoadedModel>, Failure> {
        let (backend, context_tokens) = self.settings.now(|data| (data.backend, data.context_tokens));
        let request = LoadRequest {
            name: name.to_owned(),
            backend,
            remembered: self.settings.remembered_backend(name, self.device.adapter_name().as_deref()),
            context_tokens,
        };
        if let EngineStatus::Ready(loaded) = self.status.get_untracked()
            && self.loaded_as.with_value(|loaded_as| loaded_as.as_ref().is_some_and(|as_| is_same_load(as_, &request)))
        {
            return Ok(loaded);
        }
        self.load(request).await
    }

    /// Loads a model in the place of the one in memory.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn load(self, request: LoadRequest) -> Result<Box<LoadedModel>, Failure> {
        let name = request.name.clone();
        self.loaded_as.set_value(None);
        self.status.set(EngineStatus::Loading { name: name.clone(), stage: None });
        let status = self.status;
        let loading_name = name.clone();
        let on_event = move |event| {
            if let Event::Load(stage) = event {
                status.set(EngineStatus::Loading { name: loading_name.clone(), stage: Some(stage) });
            }
        };
        let mut guard = LoadingGuard { status, is_done: false };
        let result = self.client().ask(Request::Load(request.clone()), on_event).await;
        guard.is_done = true;
        let result = match result {
            Ok(Reply::Loaded(loaded)) => Ok(loaded),
            Ok(_) => Err(unexpected_reply()),
            Err(failure) => Err(failure),
        };
        match &result {
            Ok(loaded) => {
                if let Some(measurement) = &loaded.measurement {
                    let mut measurement = measurement.clone();
                    // The page can ask for this name without starting the engine.
                    measurement.adapter = self.device.adapter_name().unwrap_or(measurement.adapter);
                    self.settings.remember(measurement);
                }
                self.loaded_as.set_value(Some(request));
                self.status.set(EngineStatus::Ready(loaded.clone()));
            }
            Err(failure) => {
                self.status.set(EngineStatus::Failed { name, message: failure.message.clone() });
            }
        }
        result
    }

    /// Notes that the worker has no model any more, so that the next message loads it again.
    pub fn note_failure(self, failure: &Failure) {
        if matches!(failure.kind, FailureKind::ModelGone | FailureKind::Crashed) {
            self.loaded_as.set_value(None);
            self.status.set(EngineStatus::Empty);
        }
    }

    /// Gives the model's memory back.
    pub async fn unload(self) {
        self.loaded_as.set_value(None);
        self.status.set(EngineStatus::Empty);
        if let Err(failure) = self.client().ask(Request::Unload, |_| {}).await {
            leptos::logging::warn!("the model could not be unloaded: {}", failure.message);
        }
    }

    /// Name of the model in memory.
    pub fn loaded_name(self) -> Option<String> {
        self.status.with_untracked(|status| match status {
            EngineStatus::Ready(loaded) => Some(loaded.name.clone()),
            _ => None,
        })
    }

    /// Which GPU the engine would use, or why none.
    ///
    /// # Errors
    /// A sentence for the person.
    pub async fn describe_gpu(self) -> Result<GpuDescription, String> {
        match self.client().ask(Request::DescribeGpu, |_| {}).await {
            Ok(Reply::Gpu(gpu)) => gpu,
            Ok(_) => Err(unexpected_reply().message),
            Err(failure) => Err(failure.message),
        }
    }
}

/// Loading that is dropped half-way (Stop was pressed) leaves no model.
struct LoadingGuard {
    status: RwSignal<EngineStatus>,
    is_done: bool,
}

impl Drop for LoadingGuard {
    fn drop(&mut self) {
        if !self.is_done {
            self.status.set(EngineStatus::Empty);
        }
    }
}

/// True where what `loaded` asked for still serves `wanted`.
fn is_same_load(loaded: &LoadRequest, wanted: &LoadRequest) -> bool {
    loaded.name == wanted.name && loaded.backend == wanted.backend && loaded.context_tokens == wanted.context_tokens
}

fn unexpected_reply() -> Failure {
    Failure {
        kind: FailureKind::Crashed,
        message: "the worker and the page are of different versions; reload the page".to_owned(),
    }
}
