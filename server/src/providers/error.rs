//! What is wrong with a provider as it was given, or with the file that keeps it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a provider can't be kept, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No name.
    #[error(
        "{0:?} can't be a provider's name; expected 1 to 32 small letters, digits and hyphens, the first one no hyphen"
    )]
    Name(String),
    /// No address that a key may be sent to.
    #[error("the base URL can't be used: {reason}")]
    BaseUrl {
        /// Why, and what to write.
        reason: String,
    },
    /// No key.
    #[error("the key can't be used: expected at most 4096 visible ASCII characters without spaces")]
    Key,
    /// The key that is kept is for another address.
    #[error(
        "the address of {name} changed, and its key was given for the old one: give the key again, or say that it needs \
         none"
    )]
    KeyIsForAnotherAddress {
        /// The provider.
        name: String,
    },
    /// No model's id.
    #[error("the models can't be used: {reason}")]
    Models {
        /// Why.
        reason: String,
    },
    /// There is none.
    #[error("there is no provider called {0:?}; `quern providers list` shows those there are")]
    Unknown(String),
    /// A file of the data folder can't be used.
    #[error("{doing} {} failed: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the data folder holds something else.
    #[error("{} holds no provider ({reason}); remove the file, and add the provider again", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl ProviderError {
    /// For `map_err`.
    pub(super) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { doing, path: path.to_owned(), source }
    }
}
