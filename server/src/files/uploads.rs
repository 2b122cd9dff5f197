//! Large files in parts: each part is a file of its own until all are put together.

use std::path::PathBuf;

use md5::{Digest, Md5};
use shared::api::files::FileObject;
use shared::api::uploads::{CompleteUploadRequest, Upload, UploadPart, UploadRequest, UploadStatus};
use tokio::io::AsyncReadExt;

use super::{Arrived, Arriving, FileError, FileStore};
use crate::database::now_unix_s;
use crate::random;

/// How long parts may come.
const UPLOAD_SECONDS: i64 = 3600;

/// The largest part, as at OpenAI.
const MOST_PART_BYTES: u64 = 64 << 20;

/// Bytes that are read at once.
const WINDOW_BYTES: usize = 1 << 20;

impl FileStore {
    /// Begins an upload.
    pub(crate) fn begin_upload(&self, request: UploadRequest) -> Result<Upload, FileError> {
        if request.bytes > self.most_bytes {
            return Err(FileError::TooLarge { most_bytes: self.most_bytes });
        }
        let now = now_unix_s();
        let upload = Upload {
            id: format!("upload_{}", random::digits()),
            object: "upload".to_owned(),
            bytes: request.bytes,
            created_at: now,
            expires_at: now + UPLOAD_SECONDS,
            filename: request.filename,
            purpose: request.purpose,
            status: UploadStatus::Pending,
            file: None,
        };
        self.database.put_upload(&upload, request.expires_after.map(|after| after.seconds))?;
        Ok(upload)
    }

    /// Begins to take a part of an upload; see [`FileStore::add_part`].
    pub(crate) fn begin_part(&self, upload: &str) -> Result<Arriving, FileError> {
        let (upload, _) = self.pending(upload)?;
        Arriving::begin(&self.folder_of(&upload.id), MOST_PART_BYTES.min(self.most_bytes))
    }

    /// Adds a part that has come.
    pub(crate) fn add_part(&self, upload: &str, arrived: Arrived) -> Result<UploadPart, FileError> {
        let (upload, _) = self.pending(upload)?;
        let held: u64 = self.database.parts(&upload.id)?.iter().map(|(_, bytes)| bytes).sum();
        if held + arrived.bytes > upload.bytes {
            let message = format!("the upload has {} bytes; with this part it would have more", upload.bytes);
            return Err(FileError::Mismatch { param: "data", message });
        }
        let part = UploadPart {
            id: format!("part_{}", random::digits()),
            object: "upload.part".to_owned(),
            created_at: now_unix_s(),
            upload_id: upload.id,
        };
        let bytes = arrived.bytes;
        arrived.keep(&self.folder_of(&part.upload_id).join(&part.id))?;
        self.database.put_part(&part.id, &part.upload_id, bytes, part.created_at)?;
        Ok(part)
    }

    /// Puts the parts together to a file.
    pub(crate) async fn complete_upload(&self, id: &str, request: CompleteUploadRequest) -> Result<Upload, FileError> {
        let (mut upload, keep_s) = self.pending(id)?;
        let (file, sha256) = {
            let arrived = self.put_together(&upload, &request).await?;
            self.stage(arrived, upload.filename.clone(), upload.purpose, keep_s).await?
        };
        let ended = self.database.end_upload(id, UploadStatus::Completed, Some((&file, &sha256)));
        match ended {
            Ok(true) => {}
            Ok(false) => {
                self.remove_bytes(&file.id);
                return Err(self.ended(id)?);
            }
            Err(error) => {
                self.remove_bytes(&file.id);
                return Err(error.into());
            }
        }
        self.remove_parts(id);
        upload.status = UploadStatus::Completed;
        upload.file = Some(file);
        Ok(upload)
    }

    /// Gives an upload up.
    pub(crate) fn cancel_upload(&self, id: &str) -> Result<Upload, FileError> {
        let (mut upload, _) = self.pending(id)?;
        if !self.database.end_upload(id, UploadStatus::Cancelled, None)? {
            return Err(self.ended(id)?);
        }
        self.remove_parts(id);
        upload.status = UploadStatus::Cancelled;
        Ok(upload)
    }

    pub(super) fn sweep_uploads(&self) -> Result<(), FileError> {
        for id in self.database.expired_uploads()? {
            self.database.end_upload(&id, UploadStatus::Expired, None::<(&FileObject, &str)>)?;
            self.remove_parts(&id);
        }
        Ok(())
    }

    async fn put_together(&self, upload: &Upload, request: &CompleteUploadRequest) -> Result<Arrived, FileError> {
        let parts = self.database.parts(&upload.id)?;
        let mut bytes = 0;
        for (index, id) in request.part_ids.iter().enumerate() {
            let known = parts.iter().find(|(part, _)| part == id);
            let (Some((_, part_bytes)), false) = (known, request.part_ids[..index].contains(id)) else {
                let message = format!("{id} is no part of this upload, or is named twice; name each of its parts once");
                return Err(FileError::Mismatch { param: "part_ids", message });
            };
            bytes += part_bytes;
        }
        if bytes != upload.bytes {
            let message = format!("the parts have {bytes} bytes together, but {} were announced", upload.bytes);
            return Err(FileError::Mismatch { param: "part_ids", message });
        }
        let (mut arriving, mut sum) = (self.begin()?, Md5::new());
        let mut window = vec![0; WINDOW_BYTES];
        for id in &request.part_ids {
            let mut part = tokio::fs::File::open(self.folder_of(&upload.id).join(id)).await?;
            loop {
                let read = part.read(&mut window).await?;
                if read == 0 {
                    break;
                }
                sum.update(&window[..read]);
                arriving.write(&window[..read]).await?;
            }
        }
        let sum: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if request.md5.as_ref().is_some_and(|expected| !expected.eq_ignore_ascii_case(&sum)) {
            let message = format!("the MD5 sum of the parts is {sum}, which is not the one given; send them again");
            return Err(FileError::Mismatch { param: "md5", message });
        }
        arriving.finish().await
    }

    fn pending(&self, id: &str) -> Result<(Upload, Option<u32>), FileError> {
        match self.database.upload(id)? {
            Some((upload, keep_s)) if upload.status == UploadStatus::Pending => Ok((upload, keep_s)),
            Some(_) => Err(self.ended(id)?),
            None => Err(FileError::UnknownUpload { id: id.to_owned() }),
        }
    }

    fn ended(&self, id: &str) -> Result<FileError, FileError> {
        let status = match self.database.upload(id)?.map(|(upload, _)| upload.status) {
            Some(UploadStatus::Completed) => "completed",
            Some(UploadStatus::Cancelled) => "cancelled",
            _ => "expired",
        };
        Ok(FileError::UploadEnded { id: id.to_owned(), status })
    }

    fn folder_of(&self, upload: &str) -> PathBuf {
        self.uploads_folder.join(upload)
    }

    fn remove_parts(&self, upload: &str) {
        match std::fs::remove_dir_all(self.folder_of(upload)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, upload, "the parts of an upload could not be deleted");
            }
            _ => {}
        }
    }
}
