//! Why the workspace can't do what it was asked.

use shared::workspace::UnreadableDocument;
use wasm_bindgen::JsValue;

use crate::browser::errors::{describe, name};

/// Why something could not be read or kept, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkspaceError {
    /// There is no room left.
    #[error(
        "the browser has no room left for this site; delete runs or models that you don't need, or free disk space"
    )]
    Full,
    /// The browser forbids it or failed.
    #[error("the browser's storage failed ({0}); in a private window, or with site data blocked, nothing can be kept")]
    Storage(String),
    /// Another tab runs a newer version.
    #[error("another tab runs a newer version of Quern; reload this page")]
    OtherVersion,
    /// The document itself.
    #[error(transparent)]
    Unreadable(#[from] UnreadableDocument),
    /// It is gone.
    #[error("it is not there any more; another tab may have deleted it")]
    Gone,
}

/// Why a document was not saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// It was changed since it was read.
    #[error("it was changed in another tab (revision {current}); keep yours or take theirs")]
    Conflict {
        /// The revision that is kept now; 0 where it was deleted.
        current: u64,
    },
    /// Everything else.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl From<idb::Error> for WorkspaceError {
    fn from(error: idb::Error) -> Self {
        match &error {
            idb::Error::DomException(exception) => Self::from_exception(exception),
            other => Self::Storage(other.to_string()),
        }
    }
}

impl WorkspaceError {
    pub(super) fn from_exception(exception: &JsValue) -> Self {
        match name(exception).as_str() {
            "QuotaExceededError" => Self::Full,
            "VersionError" => Self::OtherVersion,
            _ => Self::Storage(describe(exception)),
        }
    }
}
