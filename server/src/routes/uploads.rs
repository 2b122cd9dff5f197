//! `/v1/uploads`: large files in parts.

use axum::Json;
use axum::extract::State;
use shared::api::uploads::{CompleteUploadRequest, Upload, UploadPart, UploadRequest};

use super::files::{check_keep, wrong_purpose};
use super::multipart::{Form, receive, unknown};
use super::name_in_path::NameInPath;
use super::request_body::JsonBody;
use crate::error::ApiError;
use crate::state::AppState;

/// `POST /v1/uploads`.
pub(crate) async fn create(
    State(state): State<AppState>,
    JsonBody(request): JsonBody<UploadRequest>,
) -> Result<Json<Upload>, ApiError> {
    if !request.purpose.can_be_uploaded() {
        return Err(wrong_purpose(request.purpose.name()));
    }
    if let Some(expires_after) = &request.expires_after {
        check_keep(expires_after.seconds)?;
    }
    Ok(Json(state.files().begin_upload(request).map_err(|error| ApiError::from(error).with_param("bytes"))?))
}

/// `POST /v1/uploads/{id}/parts`.
pub(crate) async fn add_part(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
    mut form: Form,
) -> Result<Json<UploadPart>, ApiError> {
    let mut data = None;
    while let Some((name, field)) = form.next().await? {
        match name.as_str() {
            "data" => data = Some(receive(field, state.files().begin_part(&id)?).await?),
            _ => return Err(unknown(&name)),
        }
    }
    let data = data.ok_or_else(|| ApiError::invalid("data is missing in the form").with_param("data"))?;
    Ok(Json(state.files().add_part(&id, data)?))
}

/// `POST /v1/uploads/{id}/complete`.
pub(crate) async fn complete(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
    JsonBody(request): JsonBody<CompleteUploadRequest>,
) -> Result<Json<Upload>, ApiError> {
    Ok(Json(state.files().complete_upload(&id, request).await?))
}

/// `POST /v1/uploads/{id}/cancel`.
pub(crate) async fn cancel(
    State(state): State<AppState>,
    NameInPath(id): NameInPath,
) -> Result<Json<Upload>, ApiError> {
    Ok(Json(state.files().cancel_upload(&id)?))
}
