//! What the person chose, kept in this browser.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::model_pool::ModelReference;
use shared::sampling::SamplingParameters;

use crate::browser::local_storage;
use crate::engine_worker::protocol::{Backend, BackendChoice, Measurement};

const KEY: &str = "settings";

/// What the person chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettingsData {
    /// Light, dark, or the system's.
    pub theme: Theme,
    /// CPU, WebGPU, or the faster one.
    pub backend: BackendChoice,
    /// Longest context to make room for in this browser.
    pub context_tokens: u32,
    /// Who answers in Chat.
    pub runs_on: Option<ModelReference>,
    /// How tokens are chosen in Chat.
    pub sampling: SamplingParameters,
    /// A new seed for every answer; the seed in `sampling` is used otherwise.
    pub is_seed_random: bool,
    /// Most tokens in one answer.
    pub max_tokens: u32,
    /// What new conversations begin with.
    pub system_prompt: String,
    /// Licences that were accepted, by licence name.
    pub accepted_licences: Vec<String>,
    /// Speeds found on this device.
    pub measurements: Vec<Measurement>,
    /// Whether the settings panel in Chat is in sight.
    pub is_chat_panel_open: bool,
}

impl Default for SettingsData {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            backend: BackendChoice::Auto,
            context_tokens: 4096,
            runs_on: None,
            sampling: SamplingParameters::default(),
            is_seed_random: true,
            max_tokens: 1024,
            system_prompt: String::new(),
            accepted_licences: Vec::new(),
            measurements: Vec::new(),
            is_chat_panel_open: true,
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Its name in CSS and in storage.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that name; the system's for anything else.
    pub fn from_name(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// The settings of this browser.
#[derive(Clone, Copy)]
pub struct Settings {
    data: RwSignal<SettingsData>,
}

impl Settings {
    /// Reads what was kept, keeps what changes, and gives the page its theme.
    pub fn load() -> Self {
        let data = RwSignal::new(local_storage::load::<SettingsData>(KEY).unwrap_or_default());
        Effect::new(move |_| {
            if let Err(error) = data.with(|data| local_storage::save(KEY, data)) {
                leptos::logging::warn!("settings are not kept: {error}");
            }
        });
        let theme = Memo::new(move |_| data.with(|data| data.theme));
        Effect::new(move |_| {
            let root = document().document_element();
            if let Some(Err(exception)) = root.map(|root| root.set_attribute("data-theme", theme.get().name())) {
                leptos::logging::warn!("the theme can't be set: {exception:?}");
            }
        });
        Self { data }
    }

    /// A part of the settings, tracked.
    pub fn get<T>(self, part: impl FnOnce(&SettingsData) -> T) -> T {
        self.data.with(part)
    }

    /// A part of the settings as it is now.
    pub fn now<T>(self, part: impl FnOnce(&SettingsData) -> T) -> T {
        self.data.with_untracked(part)
    }

    /// A part of the settings as a signal that changes only with that part.
    pub fn part<T>(self, part: impl Fn(&SettingsData) -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| self.data.with(&part))
    }

    /// Changes the settings.
    pub fn change(self, change: impl FnOnce(&mut SettingsData)) {
        self.data.update(change);
    }

    /// The faster backend for `model`, if it was measured on the GPU called `adapter`; `None` stands for any GPU.
    pub fn remembered_backend(self, model: &str, adapter: Option<&str>) -> Option<Backend> {
        self.now(|data| {
            let mut measurements = data.measurements.iter();
            let found = measurements
                .find(|found| found.model == model && adapter.is_none_or(|adapter| found.adapter == adapter))?;
            Some(found.chosen)
        })
    }

    /// Keeps a measurement in the place of an older one.
    pub fn remember(self, measurement: Measurement) {
        self.change(|data| {
            data.measurements.retain(|old| old.model != measurement.model);
            data.measurements.push(measurement);
        });
    }
}
