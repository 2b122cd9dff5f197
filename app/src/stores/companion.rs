//! The companion: whether it is there, and which models it answers with.

use leptos::prelude::*;
use shared::api::companion::{CompanionDevice, CompanionModel};
use shared::catalog::DeviceLimits;
use shared::model_pool::ModelReference;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;

use crate::companion;

/// How often a companion that is away is looked for, while the page is in sight.
const LOOK_AGAIN_MS: u32 = 20_000;

/// Whether the companion is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompanionStatus {
    /// Not known yet.
    Unknown,
    /// It answers.
    Connected,
    /// It does not.
    Away,
}

/// The companion.
#[derive(Clone, Copy)]
pub struct CompanionStore {
    /// Whether it is there.
    pub status: RwSignal<CompanionStatus>,
    /// Ids of the models it answers with, those of external addresses among them.
    pub models: RwSignal<Vec<String>>,
    /// Its catalogue, and what of it is there.
    pub catalogue: RwSignal<Vec<CompanionModel>>,
    /// The machine that it runs on, once it has told.
    pub device: RwSignal<Option<CompanionDevice>>,
}

impl CompanionStore {
    /// Looks for the companion now and whenever the page comes back into sight.
    pub fn start() -> Self {
        let store = Self {
            status: RwSignal::new(CompanionStatus::Unknown),
            models: RwSignal::new(Vec::new()),
            catalogue: RwSignal::new(Vec::new()),
            device: RwSignal::new(None),
        };
        store.look();
        let on_focus = Closure::<dyn Fn()>::new(move || store.look());
        if let Err(exception) = window().add_event_listener_with_callback("focus", on_focus.as_ref().unchecked_ref()) {
            leptos::logging::warn!("the companion is looked for only once: {exception:?}");
        }
        on_focus.forget();
        gloo_timers::callback::Interval::new(LOOK_AGAIN_MS, move || {
            if !document().hidden() && store.status.get_untracked() != CompanionStatus::Connected {
                store.look();
            }
        })
        .forget();
        store
    }

    /// Asks what the companion has.
    pub fn look(self) {
        spawn_local(async move {
            self.look_now().await;
        });
    }

    /// True if the companion is there; asks it where that is not known yet or was otherwise a while ago.
    pub async fn is_there(self) -> bool {
        self.status.get_untracked() == CompanionStatus::Connected || self.look_now().await
    }

    async fn look_now(self) -> bool {
        let models = companion::served_models().await;
        let status = if models.is_ok() { CompanionStatus::Connected } else { CompanionStatus::Away };
        let models = models.unwrap_or_default();
        if status == CompanionStatus::Connected
            && let Ok(catalogue) = companion::catalogue().await
        {
            self.catalogue.set(catalogue.models);
        }
        // Its free memory changes: asked again with every look.
        if status == CompanionStatus::Connected
            && let Ok(device) = companion::device().await
        {
            self.device.set(Some(device));
        }
        // Lists that are redrawn for no reason lose the place of whoever reads them.
        if self.models.with_untracked(|known| *known != models) {
            self.models.set(models);
        }
        if self.status.get_untracked() != status {
            self.status.set(status);
        }
        status == CompanionStatus::Connected
    }

    /// Models that run on it; tracked.
    pub fn own_models(self) -> Vec<ModelReference> {
        self.references().filter(|model| model.external().is_none()).collect()
    }

    /// Offered models of external addresses, in the order of these; tracked.
    pub fn external_models(self) -> Vec<ModelReference> {
        let mut models: Vec<_> = self.references().filter(|model| model.external().is_some()).collect();
        models.sort_by(|a, b| a.external().map(|it| it.provider).cmp(&b.external().map(|it| it.provider)));
        models
    }

    fn references(self) -> impl Iterator<Item = ModelReference> {
        self.models.get().into_iter().map(ModelReference::companion)
    }

    /// What a model may take there; `None` while it does not answer. Tracked.
    pub fn limits(self) -> Option<DeviceLimits> {
        let limits = || self.device.with(|device| device.as_ref().map(|device| device.limits).unwrap_or_default());
        self.is_connected().then(limits)
    }

    /// True while it answers.
    pub fn is_connected(self) -> bool {
        self.status.get() == CompanionStatus::Connected
    }
}
