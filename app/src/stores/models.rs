//! The models in this browser's storage, and the transfers that bring them there.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use shared::catalog::CatalogEntry;
use shared::model_pool::ModelReference;
use wasm_bindgen_futures::spawn_local;

use super::catalogue::{self, Route};
use super::companion::CompanionStore;
use super::devices::DeviceStore;
use super::engine::EngineStore;
use super::settings::Settings;
use crate::browser::clock::now_ms;
use crate::companion;
use crate::components::Toaster;
use crate::engine_worker::client::{Call, CallControl, WorkerClient};
use crate::engine_worker::protocol::{
    DownloadRequest, Event, Failure, FailureKind, ImportRequest, Request, StoredModel, StoredState, TransferProgress,
    TransferStage,
};
use crate::quantities::SpeedMeter;
use crate::storage::model_files;

/// The models in this browser's storage.
#[derive(Clone, Copy)]
pub struct ModelStore {
    /// What is stored, whole and partial; `None` until it was looked at.
    pub stored: RwSignal<Option<Vec<StoredModel>>>,
    /// Transfers under way, by name.
    pub transfers: RwSignal<BTreeMap<String, Transfer>>,
    /// Why the last attempt at a model failed, by name.
    pub problems: RwSignal<BTreeMap<String, String>>,
    stoppers: StoredValue<HashMap<String, Stopper>, LocalStorage>,
    to_delete: StoredValue<HashSet<String>>,
    client: StoredValue<WorkerClient, LocalStorage>,
    settings: Settings,
    toaster: Toaster,
    engine: EngineStore,
    companion: CompanionStore,
    device: DeviceStore,
}

/// A transfer under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// What is happening.
    pub step: TransferStep,
    /// Bytes so far.
    pub done_bytes: u64,
    /// Bytes in all, where known.
    pub total_bytes: Option<u64>,
    /// How fast, once that can be told.
    pub bytes_per_second: Option<f64>,
}

/// What a transfer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferStep {
    /// Nothing has come back yet.
    Starting,
    /// The companion fetches the file from its source.
    CompanionFetches,
    /// What an earlier attempt left is read again.
    CheckingEarlierPart,
    /// Bytes arrive in this browser.
    Receiving,
    /// A file of the person's own is copied.
    Copying,
}

impl Transfer {
    const STARTING: Self =
        Self { step: TransferStep::Starting, done_bytes: 0, total_bytes: None, bytes_per_second: None };

    /// From 0 to 1.
    pub fn fraction(&self) -> Option<f64> {
        let total_bytes = self.total_bytes.filter(|total| *total > 0)?;
        Some(self.done_bytes as f64 / total_bytes as f64)
    }

    /// At the speed of the last seconds.
    pub fn seconds_left(&self) -> Option<f64> {
        let left = self.total_bytes?.saturating_sub(self.done_bytes) as f64;
        self.bytes_per_second.filter(|speed| *speed > 0.0).map(|speed| left / speed)
    }
}

#[derive(Clone)]
enum Stopper {
    Companion(AbortHandle),
    Worker(CallControl),
}

impl Stopper {
    fn stop(&self) {
        match self {
            Self::Companion(handle) => handle.abort(),
            Self::Worker(control) => control.cancel(),
        }
    }
}

impl ModelStore {
    /// Looks at the storage.
    pub fn start(
        settings: Settings,
        toaster: Toaster,
        engine: EngineStore,
        companion: CompanionStore,
        device: DeviceStore,
    ) -> Self {
        let client = WorkerClient::new("worker for model files", "fetch the file again", |message| {
            leptos::logging::error!("the worker for model files stopped: {message}");
        });
        let store = Self {
            stored: RwSignal::new(None),
            transfers: RwSignal::new(BTreeMap::new()),
            problems: RwSignal::new(BTreeMap::new()),
            stoppers: StoredValue::new_local(HashMap::new()),
            to_delete: StoredValue::new(HashSet::new()),
            client: StoredValue::new_local(client),
            settings,
            toaster,
            engine,
            companion,
            device,
        };
        spawn_local(async move { store.look().await });
        store
    }

    /// Reads what is stored.
    pub async fn look(self) {
        match model_files::list().await {
            Ok(stored) => self.stored.set(Some(stored)),
            Err(message) => {
                self.toaster.warn(format!("Models can't be kept here: {message}"));
                self.stored.set(Some(Vec::new()));
            }
        }
        self.device.look_at_storage();
    }

    /// Names of the models that can be used, tracked.
    pub fn complete_names(self) -> Vec<String> {
        self.stored.with(|stored| {
            let stored = stored.iter().flatten();
            stored
                .filter(|model| matches!(model.state, StoredState::Complete(_)))
                .map(|model| model.name.clone())
                .collect()
        })
    }

    /// Whether and how `name` is stored, tracked.
    pub fn state(self, name: &str) -> Option<StoredState> {
        self.stored
            .with(|stored| stored.iter().flatten().find(|model| model.name == name).map(|model| model.state.clone()))
    }

    /// Brings a model of the catalogue here, or goes on with it.
    pub fn download(self, entry: CatalogEntry) {
        let name = entry.name.clone();
        if !self.begin(&name) {
            return;
        }
        spawn_local(async move {
            let route = catalogue::route(&entry, self.companion.is_there().await);
            let result = self.download_by(&entry, route).await;
            self.end(&name, result).await;
        });
    }

    async fn download_by(self, entry: &CatalogEntry, route: Route) -> Result<(), Failure> {
        let url = match route {
            Route::ThroughCompanion { url } => {
                self.let_companion_fetch(entry).await?;
                url
            }
            Route::Direct { url } => url,
            Route::NeedsCompanion => {
                return Err(Failure {
                    kind: FailureKind::Storage,
                    message: "Browsers can't read this model's source by themselves. Start the companion (quern \
                              serve) and open the app from its address, or add the model's file below."
                        .to_owned(),
                });
            }
        };
        let request = DownloadRequest {
            name: entry.name.clone(),
            url,
            size_bytes: Some(entry.size_bytes),
            sha256: Some(entry.sha256.clone()),
        };
        self.transfer(&entry.name, Request::Download(request), TransferStep::Receiving).await
    }

    async fn let_companion_fetch(self, entry: &CatalogEntry) -> Result<(), Failure> {
        // The person accepted where the licence asks for it; the button leads here by no other way.
        let has_accepted = self.settings.now(|data| data.accepted_licences.contains(&entry.licence.id));
        let mut meter = SpeedMeter::default();
        let pulling = companion::pull(&entry.name, has_accepted, |done_bytes, total_bytes| {
            self.report(&entry.name, TransferStep::CompanionFetches, done_bytes, total_bytes, &mut meter);
        });
        let (handle, registration) = AbortHandle::new_pair();
        self.stoppers.update_value(|stoppers| {
            stoppers.insert(entry.name.clone(), Stopper::Companion(handle));
        });
        match Abortable::new(pulling, registration).await {
            Ok(result) => result.map_err(|message| Failure { kind: FailureKind::Storage, message }),
            Err(_) => Err(Failure { kind: FailureKind::Cancelled, message: "paused".to_owned() }),
        }
    }

    /// Brings the file at an address here.
    pub fn download_url(self, url: &str) {
        let request = DownloadRequest {
            name: catalogue::name_from_file(url, &self.taken_names()),
            url: url.to_owned(),
            size_bytes: None,
            sha256: None,
        };
        self.resume(request);
    }

    /// Goes on with a transfer that is not of the catalogue.
    pub fn resume(self, request: DownloadRequest) {
        let name = request.name.clone();
        if !self.begin(&name) {
            return;
        }
        spawn_local(async move {
            let result = self.transfer(&name, Request::Download(request), TransferStep::Receiving).await;
            self.end(&name, result).await;
        });
    }

    /// Copies a file of the person's own here.
    pub fn import(self, file: web_sys::File) {
        let name = catalogue::name_from_file(&file.name(), &self.taken_names());
        if !self.begin(&name) {
            return;
        }
        spawn_local(async move {
            let request = Request::Import(ImportRequest { name: name.clone(), file });
            let result = self.transfer(&name, request, TransferStep::Copying).await;
            self.end(&name, result).await;
        });
    }

    /// Stops a transfer; what arrived is kept.
    pub fn pause(self, name: &str) {
        self.stoppers.with_value(|stoppers| {
            if let Some(stopper) = stoppers.get(name) {
                stopper.stop();
            }
        });
    }

    /// Removes a model, whole or partial, and stops its transfer.
    pub fn delete(self, name: String) {
        if self.transfers.with_untracked(|transfers| transfers.contains_key(&name)) {
            self.to_delete.update_value(|names| {
                names.insert(name.clone());
            });
            self.pause(&name);
            return;
        }
        spawn_local(async move { self.delete_now(&name).await });
    }

    async fn delete_now(self, name: &str) {
        if self.engine.loaded_name().as_deref() == Some(name) {
            self.engine.unload().await;
        }
        if let Err(message) = model_files::delete(name).await {
            self.toaster.warn(format!("{name} could not be deleted: {message}"));
        }
        self.problems.update(|problems| {
            problems.remove(name);
        });
        self.look().await;
        let was_chosen = self.settings.now(|data| data.runs_on == Some(ModelReference::browser(name)));
        if was_chosen {
            let other = untrack(|| self.complete_names()).into_iter().next();
            self.settings.change(|data| data.runs_on = other.map(ModelReference::browser));
        }
    }

    fn taken_names(self) -> Vec<String> {
        let stored = self.stored.get_untracked().unwrap_or_default();
        let transfers = self.transfers.get_untracked();
        stored.into_iter().map(|model| model.name).chain(transfers.into_keys()).collect()
    }

    /// False where the model is on its way already.
    fn begin(self, name: &str) -> bool {
        if self.transfers.with_untracked(|transfers| transfers.contains_key(name)) {
            return false;
        }
        self.problems.update(|problems| {
            problems.remove(name);
        });
        self.transfers.update(|transfers| {
            transfers.insert(name.to_owned(), Transfer::STARTING);
        });
        spawn_local(self.device.ask_to_persist());
        true
    }

    async fn transfer(self, name: &str, request: Request, step: TransferStep) -> Result<(), Failure> {
        let call: Call = self.client.get_value().call(request);
        self.stoppers.update_value(|stoppers| {
            stoppers.insert(name.to_owned(), Stopper::Worker(call.control()));
        });
        let mut meter = SpeedMeter::default();
        let on_event = |event| {
            if let Event::Transfer(TransferProgress { stage, done_bytes, total_bytes }) = event {
                let step = match stage {
                    TransferStage::CheckingEarlierPart => TransferStep::CheckingEarlierPart,
                    TransferStage::Receiving => step,
                };
                self.report(name, step, done_bytes, total_bytes, &mut meter);
            }
        };
        call.finish(on_event).await.map(|_| ())
    }

    fn report(self, name: &str, step: TransferStep, done_bytes: u64, total_bytes: Option<u64>, meter: &mut SpeedMeter) {
        meter.note(now_ms(), done_bytes);
        let transfer = Transfer { step, done_bytes, total_bytes, bytes_per_second: meter.bytes_per_second() };
        self.transfers.update(|transfers| {
            transfers.insert(name.to_owned(), transfer);
        });
    }

    async fn end(self, name: &str, result: Result<(), Failure>) {
        self.stoppers.update_value(|stoppers| {
            stoppers.remove(name);
        });
        let is_to_delete = self.to_delete.try_update_value(|names| names.remove(name)).unwrap_or_default();
        if is_to_delete {
            self.delete_now(name).await;
        } else {
            self.look().await;
        }
        self.transfers.update(|transfers| {
            transfers.remove(name);
        });
        match result {
            _ if is_to_delete => {}
            Ok(()) => {
                let title = untrack(|| catalogue::title(self.companion, name));
                self.toaster.say(format!("{title} is ready."));
                let is_nothing_chosen = self.settings.now(|data| data.runs_on.is_none());
                if is_nothing_chosen {
                    self.settings.change(|data| data.runs_on = Some(ModelReference::browser(name)));
                }
                self.companion.look();
            }
            Err(failure) if failure.kind == FailureKind::Cancelled => {}
            Err(failure) => self.problems.update(|problems| {
                problems.insert(name.to_owned(), failure.message);
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_from_the_speed() {
        let transfer = Transfer {
            step: TransferStep::Receiving,
            done_bytes: 25,
            total_bytes: Some(100),
            bytes_per_second: Some(5.0),
        };
        assert_eq!(transfer.fraction(), Some(0.25));
        assert_eq!(transfer.seconds_left(), Some(15.0));
        assert_eq!(Transfer { total_bytes: None, ..transfer.clone() }.fraction(), None);
        assert_eq!(Transfer { bytes_per_second: Some(0.0), ..transfer }.seconds_left(), None);
    }
}
