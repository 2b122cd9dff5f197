//! `/v1/files`: what clients upload, and what jobs write.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use shared::api::files::{Deleted, ExpiresAfter, FileObject, FilePurpose};
use shared::api::page::Page;
use tokio_util::io::ReaderStream;

use super::list_query::ListQuery;
use super::multipart::{Form, receive, text, unknown};
use super::name_in_path::NameInPath;
use crate::database::FileFilter;
use crate::error::ApiError;
use crate::files::FileError;
use crate::state::AppState;

/// The most files of a page, and how many it has where nothing is said, as at OpenAI.
const MOST_LISTED: usize = 10_000;

/// `POST /v1/files`.
pub(crate) async fn create(State(state): State<AppState>, mut form: Form) -> Result<Json<FileObject>, ApiError> {
    let (mut file, mut purpose, mut anchor, mut seconds) = (None, None, None, None);
    while let Some((name, field)) = form.next().await? {
        match name.as_str() {
            "file" => {
                let filename = field.file_name().unwrap_or("upload").to_owned();
                file = Some((filename, receive(field, state.files().begin()?).await?));
            }
            "purpose" => purpose = Some(read_purpose(&text(&name, field).await?)?),
            "expires_after[anchor]" => anchor = Some(text(&name, field).await?),
            "expires_after[seconds]" => seconds = Some(text(&name, field).await?),
            _ => return Err(unknown(&name)),
        }
    }
    let keep_s = match (anchor, seconds) {
        (None, None) => None,
        (Some(anchor), Some(seconds)) if anchor == "created_at" => {
            Some(check_keep(seconds.parse().unwrap_or_default())?)
        }
        _ => {
            let message = "expires_after takes the anchor created_at, and seconds";
            return Err(ApiError::invalid(message).with_param("expires_after"));
        }
    };
    let missing = |name: &str| ApiError::invalid(format!("{name} is missing in the form")).with_param(name);
    let purpose = purpose.ok_or_else(|| missing("purpose"))?;
    let (filename, arrived) = file.ok_or_else(|| missing("file"))?;
    Ok(Json(state.files().add(arrived, filename, purpose, keep_s).await?))
}

/// `GET /v1/files`: newest first, where nothing else is said.
pub(crate) async fn list(
    State(state): State<AppState>,
    mut query: ListQuery,
) -> Result<Json<Page<FileObject>>, ApiError> {
    let limit = query.limit(MOST_LISTED, MOST_LISTED)?;
    let purpose = match query.take("purpose") {
        None => None,
        Some(name) => Some(FilePurpose::from_name(&name).ok_or_else(|| wrong_purpose(&name))?),
    };
    let is_ascending = match query.take("order").as_deref() {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(other) => {
            return Err(ApiError::invalid(format!("order is {other}; it must be asc or desc")).with_param("order"));
        }
    };
    let after = query.take("after");
    query.finish()?;
    if let Some(after) = &after {
        state.files().get(after).map_err(|error| ApiError::invalid(error.to_string()).with_param("after"))?;
    }
    let mut files = state.files().list(&FileFilter { purpose, after, limit: limit + 1, is_ascending })?;
    let has_more = files.len() > limit;
    files.truncate(limit);
    Ok(Json(Page::new(files, has_more)))
}

/// `GET /v1/files/{id}`.
pub(crate) async fn one(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
) -> Result<Json<FileObject>, ApiError> {
    Ok(Json(state.files().get(&id)?))
}

/// `GET /v1/files/{id}/content`: its bytes, as something to keep, never as a page of ours.
pub(crate) async fn content(State(state): State<AppState>, NameInPath(id): NameInPath) -> Result<Response, ApiError> {
    let file = state.files().get(&id)?;
    let opened = tokio::fs::File::open(state.files().path(&file)).await.map_err(FileError::from)?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.id)),
        (CONTENT_LENGTH, file.bytes.to_string()),
    ];
    Ok((headers, Body::from_stream(ReaderStream::new(opened))).into_response())
}

/// `DELETE /v1/files/{id}`.
pub(crate) async fn delete(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
) -> Result<Json<Deleted>, ApiError> {
    state.files().delete(&id)?;
    Ok(Json(Deleted::new("file", id)))
}

/// How long a file is kept, where that is within what can be asked for.
pub(super) fn check_keep(seconds: u32) -> Result<u32, ApiError> {
    let range = ExpiresAfter::SECONDS;
    if range.contains(&seconds) {
        return Ok(seconds);
    }
    let message = format!("expires_after.seconds must be from {} to {}", range.start(), range.end());
    Err(ApiError::invalid(message).with_param("expires_after.seconds"))
}

fn read_purpose(name: &str) -> Result<FilePurpose, ApiError> {
    let purpose = FilePurpose::from_name(name).filter(|purpose| purpose.can_be_uploaded());
    purpose.ok_or_else(|| wrong_purpose(name))
}

/// The purpose of an upload can't be that.
pub(super) fn wrong_purpose(name: &str) -> ApiError {
    let names: Vec<&str> = FilePurpose::ALL.iter().filter(|it| it.can_be_uploaded()).map(|it| it.name()).collect();
    ApiError::invalid(format!("purpose is {name}; it must be one of {}", names.join(", "))).with_param("purpose")
}
