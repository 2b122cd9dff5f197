//! Files to learn from, and jobs that learn from them, as the page asks the companion for them.

use shared::api::files::{FileObject, FilePurpose};
use shared::api::fine_tuning::{FineTuningCheckpoint, FineTuningEvent, FineTuningJob, FineTuningRequest};
use shared::api::page::{Identified, Page};
use shared::api::uploads::{CompleteUploadRequest, Upload, UploadPart, UploadRequest};
use shared::model_call::ModelCallError;
use wasm_bindgen::JsValue;

use crate::browser::errors::describe;
use crate::browser::http::{EventConnection, delete, get_json, post_empty, post_form, post_json};

const JOBS: &str = "/v1/fine_tuning/jobs";
const UPLOADS: &str = "/v1/uploads";
/// A companion that trains on all cores answers somewhat later.
const PATIENCE_MS: u32 = 20_000;
/// A file is sent in parts of this size: each tells that it has come.
const PART_BYTES: f64 = 4_194_304.0;
const PART_PATIENCE_MS: u32 = 120_000;
/// Every line of the whole file is looked at.
const COMPLETE_PATIENCE_MS: u32 = 600_000;
/// Items of a page of a list.
const PAGE_ITEMS: usize = 100;

/// What can be asked of a job that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobRequest {
    /// To be put down after the step under way.
    Pause,
    /// To be taken up again.
    Resume,
    /// To be given up.
    Cancel,
}

/// Sends a file to learn from, called `filename`, and tells how much of it has come, from 0 to 1.
///
/// # Errors
/// Who could not be reached, or what is wrong with the file.
pub async fn upload(
    file: &web_sys::Blob,
    filename: &str,
    mut on_progress: impl FnMut(f64),
) -> Result<FileObject, ModelCallError> {
    let size = file.size();
    let request = UploadRequest {
        bytes: size as u64,
        filename: filename.to_owned(),
        mime_type: "application/jsonl".to_owned(),
        purpose: FilePurpose::FineTune,
        expires_after: None,
    };
    let upload: Upload = post_json(UPLOADS, &request, PATIENCE_MS).await?;
    let mut part_ids = Vec::new();
    let mut sent = 0.0;
    while sent < size {
        let end = (sent + PART_BYTES).min(size);
        let part = file.slice_with_f64_and_f64(sent, end).map_err(unexpected)?;
        let form = web_sys::FormData::new().map_err(unexpected)?;
        form.append_with_blob_and_filename("data", &part, filename).map_err(unexpected)?;
        let part: UploadPart = post_form(&format!("{UPLOADS}/{}/parts", upload.id), &form, PART_PATIENCE_MS).await?;
        part_ids.push(part.id);
        sent = end;
        on_progress(sent / size);
    }
    let request = CompleteUploadRequest { part_ids, md5: None };
    let done: Upload = post_json(&format!("{UPLOADS}/{}/complete", upload.id), &request, COMPLETE_PATIENCE_MS).await?;
    done.file
        .ok_or_else(|| ModelCallError::unavailable(format!("the companion has not kept {filename}; send it again")))
}

fn unexpected(exception: JsValue) -> ModelCallError {
    ModelCallError::unavailable(format!("the file can't be sent: {}", describe(&exception)))
}

/// Files to learn from, the newest first.
///
/// # Errors
/// Where there is no companion.
pub async fn files() -> Result<Vec<FileObject>, ModelCallError> {
    let page: Page<FileObject> = get_json("/v1/files?purpose=fine-tune&order=desc&limit=1000", PATIENCE_MS).await?;
    Ok(page.data)
}

/// Jobs, the newest first.
///
/// # Errors
/// Where there is no companion.
pub async fn jobs() -> Result<Vec<FineTuningJob>, ModelCallError> {
    let page: Page<FineTuningJob> = get_json(&format!("{JOBS}?limit={PAGE_ITEMS}"), PATIENCE_MS).await?;
    Ok(page.data)
}

/// A job.
///
/// # Errors
/// There is none of that name, or no companion.
pub async fn job(id: &str) -> Result<FineTuningJob, ModelCallError> {
    get_json(&job_url(id), PATIENCE_MS).await
}

/// Begins a job.
///
/// # Errors
/// What of the request is refused.
pub async fn create(request: &FineTuningRequest) -> Result<FineTuningJob, ModelCallError> {
    post_json(JOBS, request, PATIENCE_MS).await
}

/// Asks something of a job; the job as it is then.
///
/// # Errors
/// Why that can't be.
pub async fn ask(id: &str, request: JobRequest) -> Result<FineTuningJob, ModelCallError> {
    let action = match request {
        JobRequest::Pause => "pause",
        JobRequest::Resume => "resume",
        JobRequest::Cancel => "cancel",
    };
    post_empty(&format!("{}/{action}", job_url(id)), PATIENCE_MS).await
}

/// What happened to a job after the event `known`, or all of it, the oldest first.
///
/// # Errors
/// There is no such job, or no companion.
pub async fn events_after(id: &str, known: Option<&str>) -> Result<Vec<FineTuningEvent>, ModelCallError> {
    let mut events: Vec<FineTuningEvent> = Vec::new();
    loop {
        let after = events.last().map(|event| format!("&after={}", event.id)).unwrap_or_default();
        let page: Page<FineTuningEvent> =
            get_json(&format!("{}/events?limit={PAGE_ITEMS}{after}", job_url(id)), PATIENCE_MS).await?;
        let is_last = !page.has_more || page.data.is_empty();
        let before = page.data.len();
        let unknown = page.data.into_iter().take_while(|event| Some(event.id()) != known);
        let count = events.len();
        events.extend(unknown);
        if is_last || events.len() - count < before {
            events.reverse();
            return Ok(events);
        }
    }
}

/// What happens to a job from now on: each is a [`FineTuningEvent`].
///
/// # Errors
/// There is no such job, or no companion.
pub async fn live_events(id: &str) -> Result<EventConnection, ModelCallError> {
    EventConnection::get(&format!("{}/events?stream=true", job_url(id))).await
}

/// What a job left on the way, the newest first.
///
/// # Errors
/// There is no such job, or no companion.
pub async fn checkpoints(id: &str) -> Result<Vec<FineTuningCheckpoint>, ModelCallError> {
    let page: Page<FineTuningCheckpoint> =
        get_json(&format!("{}/checkpoints?limit={PAGE_ITEMS}", job_url(id)), PATIENCE_MS).await?;
    Ok(page.data)
}

/// Deletes a model that came of a job.
///
/// # Errors
/// Why that can't be.
pub async fn delete_model(name: &str) -> Result<(), ModelCallError> {
    delete(&format!("/v1/models/{}", js_sys::encode_uri_component(name)), PATIENCE_MS).await
}

fn job_url(id: &str) -> String {
    format!("{JOBS}/{}", js_sys::encode_uri_component(id))
}
