//! Where files are: state, models, the app.

use std::path::PathBuf;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// Flags and the `[storage]` table.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Files ([storage] in the configuration file)")]
pub struct StorageOptions {
    /// Folder of the database and of providers' keys [default: ~/.local/share/quern, or where this system keeps such data]
    #[arg(long, env = "QUERN_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Folder of downloaded models [default: ~/.cache/quern/models, or where this system keeps caches]
    #[arg(long, env = "QUERN_MODELS_DIR", global = true)]
    pub models_dir: Option<PathBuf>,
    /// Folder of the built app [default: `dist` beside the binary, or here]
    #[arg(long, env = "QUERN_APP_DIR", global = true)]
    pub app_dir: Option<PathBuf>,
}

/// Where files are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Storage {
    /// Folder of the database.
    pub data_dir: PathBuf,
    /// Folder of downloaded models.
    pub models_dir: PathBuf,
    /// Folder of the built app; without one only the API is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_dir: Option<PathBuf>,
}

impl StorageOptions {
    pub(super) fn decide(self, file: Self) -> anyhow::Result<Storage> {
        let data_dir = self.data_dir.or(file.data_dir);
        let models_dir = self.models_dir.or(file.models_dir);
        Ok(Storage {
            data_dir: data_dir
                .or_else(|| Some(dirs::data_dir()?.join("quern")))
                .context("this user has no home folder: name a folder with --data-dir or QUERN_DATA_DIR")?,
            models_dir: models_dir
                .or_else(|| Some(dirs::cache_dir()?.join("quern").join("models")))
                .context("this user has no home folder: name a folder with --models-dir or QUERN_MODELS_DIR")?,
            app_dir: self.app_dir.or(file.app_dir).or_else(find_app),
        })
    }
}

/// The first `dist` with a page in it: beside the binary, then in the current folder.
fn find_app() -> Option<PathBuf> {
    let beside_binary = std::env::current_exe().ok().and_then(|binary| Some(binary.parent()?.join("dist")));
    let here = Some(PathBuf::from("dist"));
    [beside_binary, here].into_iter().flatten().find(|folder| folder.join("index.html").is_file())
}
