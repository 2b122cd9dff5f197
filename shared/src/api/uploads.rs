//! `/v1/uploads`: a large file in parts.

use serde::{Deserialize, Serialize};

use super::files::{ExpiresAfter, FileObject, FilePurpose};

/// `POST /v1/uploads`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadRequest {
    /// Size of the whole file.
    pub bytes: u64,
    /// What its owner calls it.
    pub filename: String,
    /// What it holds; not looked at.
    pub mime_type: String,
    /// What it is for.
    pub purpose: FilePurpose,
    /// When the file goes by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<ExpiresAfter>,
}

/// `POST /v1/uploads/{id}/complete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompleteUploadRequest {
    /// The parts in the order of the file.
    pub part_ids: Vec<String>,
    /// MD5 of the whole file in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
}

/// A file that comes in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// What requests call it: `upload_…`.
    pub id: String,
    /// Always `upload`.
    pub object: String,
    /// Size of the whole file.
    pub bytes: u64,
    /// When it began, in seconds since 1970.
    pub created_at: i64,
    /// When it ends by itself, an hour later.
    pub expires_at: i64,
    /// What its owner calls the file.
    pub filename: String,
    /// What the file is for.
    pub purpose: FilePurpose,
    /// How far it is.
    pub status: UploadStatus,
    /// The file, once it is whole.
    pub file: Option<FileObject>,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadStatus {
    /// Parts may come.
    Pending,
    /// The file is whole.
    Completed,
    /// It was given up.
    Cancelled,
    /// Its time was over.
    Expired,
}

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadPart {
    /// What the request that completes the upload calls it: `part_…`.
    pub id: String,
    /// Always `upload.part`.
    pub object: String,
    /// When it came, in seconds since 1970.
    pub created_at: i64,
    /// Of which upload.
    pub upload_id: String,
}
