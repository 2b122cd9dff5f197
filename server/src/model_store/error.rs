//! What can go wrong between a name and a model's file.

use std::path::PathBuf;

use crate::database::DatabaseError;
use crate::downloads::error::DownloadError;

/// Why a model is not there.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// In the catalogue, but not on this machine.
    #[error("{name} is not on this machine yet. Fetch it with `quern models pull {name}`, or on the Models page")]
    NotFetched {
        /// Catalogue name.
        name: String,
    },
    /// Not even in the catalogue.
    #[error(
        "no model is called {name}. `quern models list` shows the names; a model can also be given as a file, an https: address, hf:owner/repo/file or pypi:package==version/file"
    )]
    Unknown {
        /// As given.
        name: String,
    },
    /// A source that can't be read.
    #[error("`{text}` names no model: {reason}")]
    BadSource {
        /// As given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Its file is in another folder of models than the one in force.
    #[error(
        "nothing was deleted: {name} is {}, which is not in the folder of models ({}). To delete it, name its own folder \
         with --models-dir",
        path.display(), folder.display()
    )]
    Elsewhere {
        /// The model.
        name: String,
        /// Its file.
        path: PathBuf,
        /// The folder in force.
        folder: PathBuf,
    },
    /// Fetching it failed.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}
