//! The stored models: list, open, delete, and what makes one complete.

use engine::source::ReadAt;

use super::blob_source::BlobSource;
use super::opfs::{Directory, SyncFileSource};
use super::payload_hash::PayloadHash;
use crate::engine_worker::model_host::facts;
use crate::engine_worker::protocol::{DownloadRequest, StoredModel, StoredRecord, StoredState};

/// The payload's file name in a model's folder.
pub const PAYLOAD: &str = "weights.gguf";
/// Present in a model's folder once the payload is whole and verified.
pub const RECORD: &str = "record.json";
/// What is being fetched, for going on later.
pub const UNFINISHED: &str = "download.json";

/// The folder that holds one folder per model.
///
/// # Errors
/// Where the browser keeps no files.
pub async fn directory() -> Result<Directory, String> {
    Directory::root().await?.make_directory("models").await
}

/// Refuses names that are no plain file name.
///
/// # Errors
/// The rule that was broken.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '(' | ')');
    if name.is_empty() || name.len() > 120 || name.starts_with('.') || !name.chars().all(plain) {
        return Err(format!("{name:?} can't be the name of a model: use up to 120 letters, digits, '-', '_' and '.'"));
    }
    Ok(())
}

/// Everything stored, whole and partial, by name.
///
/// # Errors
/// Where the browser keeps no files.
pub async fn list() -> Result<Vec<StoredModel>, String> {
    let models = directory().await?;
    let mut names = models.names().await?;
    names.sort();
    let mut stored = Vec::new();
    for name in names {
        if let Some(folder) = models.find_directory(&name).await {
            stored.push(StoredModel { state: state(&folder).await, name });
        }
    }
    Ok(stored)
}

/// Whether the model in `folder` is whole. The record alone is not believed: the payload must have its length.
pub async fn state(folder: &Directory) -> StoredState {
    let size_bytes = folder.find_file(PAYLOAD).await.map_or(0, |file| file.size() as u64);
    match folder.read_json::<StoredRecord>(RECORD).await {
        Some(record) if record.size_bytes == size_bytes => StoredState::Complete(record),
        _ => {
            let request = folder.read_json::<DownloadRequest>(UNFINISHED).await;
            StoredState::Partial { done_bytes: size_bytes, request }
        }
    }
}

/// Opens a whole model for reading.
///
/// # Errors
/// When it is missing or incomplete.
pub async fn open(name: &str) -> Result<Box<dyn ReadAt>, String> {
    let missing = || format!("model {name:?} is not stored in this browser; download it on the Models page");
    let folder = directory().await?.find_directory(name).await.ok_or_else(missing)?;
    if !matches!(state(&folder).await, StoredState::Complete(_)) {
        return Err(format!("model {name:?} is not completely downloaded; resume it on the Models page"));
    }
    match folder.open_to_read(PAYLOAD).await {
        Ok(file) => Ok(Box::new(SyncFileSource::new(file)?)),
        // Safari and Firefox allow one handle per file; a blob can be read beside it.
        Err(_) => {
            let file = folder.find_file(PAYLOAD).await.ok_or_else(missing)?;
            Ok(Box::new(BlobSource::new(file.into())?))
        }
    }
}

/// Removes a model, whole or partial.
///
/// # Errors
/// While another tab uses it.
pub async fn delete(name: &str) -> Result<(), String> {
    directory().await?.remove(name).await
}

/// Declares the payload in `folder` whole: checks its hash and its header, then writes the record.
///
/// # Errors
/// A wrong hash or a header the engine can't read; the folder's payload is then worthless.
pub async fn commit(
    name: &str,
    folder: &Directory,
    hash: PayloadHash,
    expected_sha256: Option<&str>,
    origin: String,
) -> Result<StoredModel, String> {
    let sha256 = hash.finish();
    if let Some(expected) = expected_sha256
        && !expected.eq_ignore_ascii_case(&sha256)
    {
        return Err(format!(
            "the file arrived damaged or is not the one expected (SHA-256 {sha256}, expected {expected}); it was \
             deleted, download it again"
        ));
    }
    let file = folder.find_file(PAYLOAD).await.ok_or("the payload disappeared while it was written")?;
    let size_bytes = file.size() as u64;
    let source = BlobSource::new(file.into())?;
    let summary = engine::read_summary(&source).map_err(|error| error.to_string())?;
    let record = StoredRecord {
        size_bytes,
        sha256,
        origin,
        completed_unix_ms: crate::browser::clock::unix_ms(),
        facts: facts(&summary),
    };
    folder.write_json(RECORD, &record).await?;
    folder.remove(UNFINISHED).await?;
    Ok(StoredModel { name: name.to_owned(), state: StoredState::Complete(record) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_file_names() {
        assert!(check_name("gemma-3-270m-q4_k_m").is_ok());
        assert!(check_name("SmolLM2 (copy).v2").is_ok());
        for bad in ["", ".", "..", ".hidden", "a/b", "a\\b", "a\0b", &"x".repeat(121)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
