//! The companion's own endpoints, under `/api`: what is installed, downloads, the machine.

use serde::{Deserialize, Serialize};

use crate::catalog::{CatalogEntry, DeviceLimits, DevicePeak};
use crate::model_call::ChatMessage;

/// `GET /api/models`: the catalogue and what of it is here, other fetched models included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanionModels {
    /// One entry per model.
    pub models: Vec<CompanionModel>,
}

/// One model as the companion knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanionModel {
    /// The name requests use.
    pub name: String,
    /// The catalogue's entry, for models that are in it.
    pub entry: Option<CatalogEntry>,
    /// Where it stands.
    pub state: CompanionModelState,
}

/// Where a model stands on the companion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CompanionModelState {
    /// Known, but not here.
    Absent,
    /// On its way.
    Fetching {
        /// Bytes here so far.
        done_bytes: u64,
        /// Bytes in all, where known.
        total_bytes: Option<u64>,
    },
    /// Here, whole and verified.
    Installed {
        /// Its length.
        size_bytes: u64,
        /// Its SHA-256, in hexadecimal.
        sha256: String,
    },
}

/// `GET /api/device`: the machine that the companion runs on, as far as models care.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanionDevice {
    /// What it can hold: memory that a process may take, storage left where models are kept, the GPU.
    pub limits: DeviceLimits,
    /// The GPU's name, where there is one.
    pub gpu_name: Option<String>,
    /// What its processor can do at best, by a small measurement.
    pub peak: Option<DevicePeak>,
}

/// `POST /api/models/pull`: starts a download, or joins one under way. The answer is a stream of [`PullEvent`]s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// A catalogue name; other sources are for `quern models pull`, so that no page can name addresses and files.
    pub model: String,
    /// The person has accepted the model's licence.
    #[serde(default)]
    pub accept_licence: bool,
}

/// News of a download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum PullEvent {
    /// Bytes have arrived.
    Progress {
        /// Bytes here so far.
        done_bytes: u64,
        /// Bytes in all, where known.
        total_bytes: Option<u64>,
    },
    /// The model is here, whole and verified. The last event.
    Done {
        /// The name requests use.
        name: String,
    },
    /// It failed. The last event.
    Failed {
        /// What was tried, what came, what to do.
        message: String,
    },
}

/// `POST /api/preview`: what a model sees of messages, from its file's header alone. The answer is a
/// [`crate::prompt::Preview`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// Which model.
    pub model: String,
    /// The messages.
    pub messages: Vec<ChatMessage>,
}

/// `GET /health`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`
    pub status: String,
    /// The companion's version.
    pub version: String,
    /// Names of the models in memory or on their way there.
    pub loaded_models: Vec<String>,
}
