//! Copies a GGUF file of the person's own into the browser's storage.

use std::cell::Cell;

use wasm_bindgen_futures::JsFuture;

use super::blob_source::BlobSource;
use super::model_files::{self, PAYLOAD};
use super::opfs::Directory;
use super::payload_hash::PayloadHash;
use crate::browser::errors::describe;
use crate::engine_worker::protocol::{ImportRequest, StoredModel, StoredState, TransferProgress, TransferStage};

/// Large enough to be fast, small enough to stay out of the way in memory.
const PIECE_BYTES: u64 = 4 << 20;

/// Copies `request.file`; its header is checked first, so a wrong file costs no copy.
///
/// # Errors
/// A file the engine can't use, a name already taken, a full disk; nothing is left behind.
pub async fn run(
    request: &ImportRequest,
    cancelled: &Cell<bool>,
    on_progress: &dyn Fn(TransferProgress),
) -> Result<StoredModel, String> {
    model_files::check_name(&request.name)?;
    let source = BlobSource::new(request.file.clone().into())?;
    engine::read_summary(&source).map_err(|error| error.to_string())?;

    let models = model_files::directory().await?;
    let folder = models.make_directory(&request.name).await?;
    if matches!(model_files::state(&folder).await, StoredState::Complete(_)) {
        return Err(format!("a model named {:?} is already stored; delete it first", request.name));
    }
    let copied = copy(request, &folder, cancelled, on_progress).await;
    if copied.is_err() {
        models.remove(&request.name).await?;
    }
    copied
}

async fn copy(
    request: &ImportRequest,
    folder: &Directory,
    cancelled: &Cell<bool>,
    on_progress: &dyn Fn(TransferProgress),
) -> Result<StoredModel, String> {
    let total_bytes = request.file.size() as u64;
    let payload = folder.open_to_write(PAYLOAD).await?;
    payload.truncate(0)?;
    let mut hash = PayloadHash::default();
    let mut done_bytes = 0;
    while done_bytes < total_bytes {
        if cancelled.get() {
            return Err("the copy was stopped".to_owned());
        }
        let end_bytes = (done_bytes + PIECE_BYTES).min(total_bytes);
        let reading = |exception| format!("{:?} can't be read: {}", request.file.name(), describe(&exception));
        let piece = request.file.slice_with_f64_and_f64(done_bytes as f64, end_bytes as f64).map_err(reading)?;
        let piece = JsFuture::from(piece.array_buffer()).await.map_err(reading)?;
        let piece = js_sys::Uint8Array::new(&piece).to_vec();
        payload.write_at(done_bytes, &piece)?;
        hash.update(&piece);
        done_bytes = end_bytes;
        on_progress(TransferProgress { stage: TransferStage::Receiving, done_bytes, total_bytes: Some(total_bytes) });
    }
    payload.flush()?;
    drop(payload);
    model_files::commit(&request.name, folder, hash, None, request.file.name()).await
}
