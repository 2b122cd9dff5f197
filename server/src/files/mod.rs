//! Files that clients upload, in one piece or in parts, and that jobs write. Their bytes are in a folder, under their ids;
//! what is known of them is in the database.

mod arriving;
mod rows;
mod uploads;

pub(crate) use arriving::{Arrived, Arriving};
pub(crate) use rows::Rows;

use std::io;
use std::path::{Path, PathBuf};

use shared::api::files::{FileObject, FilePurpose};

use crate::config::Config;
use crate::database::{Database, DatabaseError, FileFilter, now_unix_s};
use crate::random;

/// Something with files did not work.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("there is no file {id}; GET /v1/files lists those there are")]
    Unknown {
        /// As asked for.
        id: String,
    },
    /// It may not be that large.
    #[error("the file has more than {most_bytes} bytes; --max-file-bytes sets the limit")]
    TooLarge {
        /// The limit.
        most_bytes: u64,
    },
    /// Its lines are no rows.
    #[error("the file is no JSON Lines, which its purpose asks for: {reason}")]
    NoRows {
        /// Which lines, and why.
        reason: String,
    },
    /// There is no such upload.
    #[error("there is no upload {id}")]
    UnknownUpload {
        /// As asked for.
        id: String,
    },
    /// The upload has ended.
    #[error("the upload {id} is {status}, so nothing more can be done with it; begin another with POST /v1/uploads")]
    UploadEnded {
        /// The upload.
        id: String,
        /// How it ended.
        status: &'static str,
    },
    /// What came is not what was announced.
    #[error("{message}")]
    Mismatch {
        /// The field at fault.
        param: &'static str,
        /// What was expected and came.
        message: String,
    },
    /// The disk refused.
    #[error("the disk refused: {0}. Is it full?")]
    Disk(#[from] io::Error),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The files there are.
#[derive(Clone)]
pub struct FileStore {
    database: Database,
    folder: PathBuf,
    uploads_folder: PathBuf,
    most_bytes: u64,
}

impl FileStore {
    /// The files of a data folder.
    pub fn new(database: Database, config: &Config) -> Self {
        let data = &config.storage.data_dir;
        let most_bytes = config.limits.max_file_bytes;
        Self { database, folder: data.join("files"), uploads_folder: data.join("uploads"), most_bytes }
    }

    /// Begins to take a file; see [`FileStore::add`].
    pub(crate) fn begin(&self) -> Result<Arriving, FileError> {
        Arriving::begin(&self.folder, self.most_bytes)
    }

    /// Adds a file that has come.
    pub(crate) async fn add(
        &self,
        arrived: Arrived,
        filename: String,
        purpose: FilePurpose,
        keep_s: Option<u32>,
    ) -> Result<FileObject, FileError> {
        let (file, sha256) = self.stage(arrived, filename, purpose, keep_s).await?;
        self.database.put_file(&file, &sha256).inspect_err(|_| self.remove_bytes(&file.id))?;
        Ok(file)
    }

    /// Puts a file that has come under its id, for a caller who adds it to the database with what else happens at once.
    /// With it comes its SHA-256.
    pub(crate) async fn stage(
        &self,
        arrived: Arrived,
        filename: String,
        purpose: FilePurpose,
        keep_s: Option<u32>,
    ) -> Result<(FileObject, String), FileError> {
        let arrived = check_rows(arrived, purpose).await?;
        let file = new_file(arrived.bytes, filename, purpose, keep_s);
        let sha256 = arrived.sha256.clone();
        arrived.keep(&self.folder.join(&file.id))?;
        Ok((file, sha256))
    }

    /// The same for a small file whose bytes are here.
    pub(crate) fn stage_now(
        &self,
        bytes: &[u8],
        filename: String,
        purpose: FilePurpose,
    ) -> Result<(FileObject, String), FileError> {
        let file = new_file(bytes.len() as u64, filename, purpose, None);
        let arrived = Arrived::write(&self.folder, bytes)?;
        let sha256 = arrived.sha256.clone();
        arrived.keep(&self.folder.join(&file.id))?;
        Ok((file, sha256))
    }

    /// Takes back what [`FileStore::stage`] has put there.
    pub(crate) fn remove_bytes(&self, id: &str) {
        if let Err(error) = std::fs::remove_file(self.folder.join(id)) {
            tracing::warn!(%error, id, "a file could not be deleted");
        }
    }

    /// What is known of a file.
    pub(crate) fn get(&self, id: &str) -> Result<FileObject, FileError> {
        let file = self.database.file(id)?.filter(|file| file.expires_at.is_none_or(|time| time > now_unix_s()));
        file.ok_or_else(|| FileError::Unknown { id: id.to_owned() })
    }

    /// Where a file's bytes are.
    pub(crate) fn path(&self, file: &FileObject) -> PathBuf {
        self.folder.join(&file.id)
    }

    /// Files in the order in which they came.
    pub(crate) fn list(&self, filter: &FileFilter) -> Result<Vec<FileObject>, FileError> {
        Ok(self.database.files(filter)?)
    }

    /// Deletes a file.
    pub(crate) fn delete(&self, id: &str) -> Result<(), FileError> {
        let file = self.get(id)?;
        self.database.delete_file(&file.id)?;
        self.remove_bytes(&file.id);
        Ok(())
    }

    /// Deletes what has had its time: files, and uploads that nobody has completed.
    pub(crate) fn sweep(&self) -> Result<(), FileError> {
        for id in self.database.expired_files()? {
            self.database.delete_file(&id)?;
            self.remove_bytes(&id);
        }
        self.sweep_uploads()
    }
}

fn new_file(bytes: u64, filename: String, purpose: FilePurpose, keep_s: Option<u32>) -> FileObject {
    let now = now_unix_s();
    FileObject {
        id: random::identifier("file"),
        object: "file".to_owned(),
        bytes,
        created_at: now,
        expires_at: keep_s.map(|seconds| now + i64::from(seconds)),
        filename,
        purpose,
        status: "processed".to_owned(),
        status_details: None,
    }
}

/// Whether a file is what its purpose asks for.
async fn check_rows(arrived: Arrived, purpose: FilePurpose) -> Result<Arrived, FileError> {
    if !matches!(purpose, FilePurpose::FineTune | FilePurpose::Batch) {
        return Ok(arrived);
    }
    let read = tokio::task::spawn_blocking(move || Rows::read(arrived.path(), None).map(|rows| (rows, arrived)));
    let (rows, arrived) = read.await.map_err(|_| io::Error::other("the thread that reads the file died"))??;
    match rows.fault() {
        Some(reason) => Err(FileError::NoRows { reason }),
        None => Ok(arrived),
    }
}

/// Makes `to` a second name of a file, or a copy where the disk has no second names.
pub(crate) fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::hard_link(from, to).or_else(|_| std::fs::copy(from, to).map(|_| ()))
}
