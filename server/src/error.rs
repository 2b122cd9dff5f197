//! One error type at the HTTP edge. Policy: whatever goes wrong, the client gets OpenAI's envelope
//! (`{"error": {message, type, param, code}}`) with a message for a person; details of our own failures go to the log.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use shared::api::error::ErrorBody;
use shared::model_call::{ModelCallError, ModelCallErrorKind};

use crate::database::DatabaseError;
use crate::downloads::error::DownloadError;
use crate::files::FileError;
use crate::fine_tuning::NotAllowed;
use crate::inference::SubmitError;
use crate::model_store::StoreError;
use crate::providers::{ProviderError, ProviderFailure};

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// OpenAI's `type`.
    pub kind: Cow<'static, str>,
    /// OpenAI's `code`.
    pub code: Option<Cow<'static, str>>,
    /// The field of the request at fault.
    pub param: Option<String>,
    /// What was tried, expected, came, and what to do.
    pub message: String,
    /// When to try again, where somebody says so.
    pub retry_after: Option<Box<HeaderValue>>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, code: Option<&'static str>, message: impl Into<String>) -> Self {
        let (kind, code) = (kind.into(), code.map(Cow::from));
        Self { status, kind, code, param: None, message: message.into(), retry_after: None }
    }

    /// 400: the request can't be served as it is.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", None, message)
    }

    /// 403: the caller may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "invalid_request_error", Some("forbidden"), message)
    }

    /// 404: no such route.
    pub fn unknown_route(method: &str, path: &str) -> Self {
        let message = format!("there is nothing at {method} {path}");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", Some("unknown_url"), message)
    }

    /// 405: the route has other methods.
    pub fn wrong_method(method: &str, path: &str) -> Self {
        let message = format!("{path} does not answer {method}; the Allow header of this answer says what it does");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", Some("method_not_allowed"), message)
    }

    /// 404: no such model, or it is not here.
    pub fn model_not_found(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::NOT_FOUND, "invalid_request_error", Some("model_not_found"), message);
        error.with_param("model")
    }

    /// 404: there is no such thing, which is no model.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", Some(code), message)
    }

    /// 409: the state of things does not allow it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "invalid_request_error", Some(code), message)
    }

    /// 500: our own fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", Some("internal_error"), message)
    }

    /// 429: too many requests for now.
    pub fn rate_limited(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", Some("rate_limit_exceeded"), message)
    }

    /// 503: not now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", Some("unavailable"), message)
    }

    /// Another status for a request that can't be served as it is.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Names the field at fault.
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Names the field that held the prompt, where none is named: what the engine refuses without naming a field is the
    /// prompt, and it doesn't know which field that came in.
    pub fn about(self, prompt_field: &str) -> Self {
        if self.status == StatusCode::BAD_REQUEST && self.param.is_none() {
            return self.with_param(prompt_field);
        }
        self
    }

    /// The envelope, for bodies and for events of a stream that has begun.
    pub fn envelope(&self) -> serde_json::Value {
        json!({"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}})
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::warn!(status = self.status.as_u16(), message = self.message, "request failed");
        }
        let mut response = (self.status, Json(self.envelope())).into_response();
        let is_for_now = matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if let Some(retry_after) = self.retry_after.map(|it| *it).or_else(|| is_for_now.then(|| 1.into())) {
            response.headers_mut().insert(RETRY_AFTER, retry_after);
        }
        response
    }
}

impl From<ModelCallError> for ApiError {
    fn from(error: ModelCallError) -> Self {
        let api_error = match error.kind {
            ModelCallErrorKind::InvalidRequest => Self::invalid(error.message),
            ModelCallErrorKind::ContextLengthExceeded => {
                Self { code: Some("context_length_exceeded".into()), ..Self::invalid(error.message) }
            }
            ModelCallErrorKind::ModelNotFound => Self::model_not_found(error.message),
            ModelCallErrorKind::RateLimited => Self::rate_limited(error.message),
            ModelCallErrorKind::Unavailable => Self::unavailable(error.message),
        };
        Self { param: error.param.or(api_error.param), ..api_error }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        let message = error.to_string();
        match error {
            SubmitError::QueueFull { .. } => Self::rate_limited(message),
            SubmitError::NoThread { .. } => Self::unavailable(message),
        }
    }
}

impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        let message = error.to_string();
        match error {
            FileError::Unknown { .. } => Self::not_found("file_not_found", message).with_param("id"),
            FileError::UnknownUpload { .. } => Self::not_found("upload_not_found", message).with_param("upload_id"),
            FileError::UploadEnded { .. } => Self::invalid(message).with_param("upload_id"),
            FileError::Mismatch { param, .. } => Self::invalid(message).with_param(param),
            FileError::NoRows { .. } => Self::invalid(message).with_param("file"),
            FileError::TooLarge { .. } => {
                Self::invalid(message).with_status(StatusCode::PAYLOAD_TOO_LARGE).with_param("file")
            }
            FileError::Disk(_) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "server_error", Some("insufficient_storage"), message)
            }
            FileError::Database(error) => error.into(),
        }
    }
}

impl From<NotAllowed> for ApiError {
    fn from(error: NotAllowed) -> Self {
        Self { code: Some("invalid_status".into()), ..Self::invalid(error.to_string()) }
    }
}

impl From<DownloadError> for ApiError {
    fn from(error: DownloadError) -> Self {
        let message = error.to_string();
        match error {
            DownloadError::LicenceNotAccepted { .. } => Self::conflict("licence_not_accepted", message),
            DownloadError::NoSuchFile { .. } | DownloadError::BadUrl { .. } => Self::invalid(message),
            _ => Self::new(StatusCode::BAD_GATEWAY, "server_error", Some("download_failed"), message),
        }
    }
}

impl From<ProviderFailure> for ApiError {
    fn from(failure: ProviderFailure) -> Self {
        let ErrorBody { message, kind, param, code } = failure.envelope.error;
        let (kind, code) = (kind.into(), code.map(Cow::from));
        Self { status: failure.status, kind, code, param, message, retry_after: failure.retry_after.map(Box::new) }
    }
}

impl From<ProviderError> for ApiError {
    fn from(error: ProviderError) -> Self {
        let message = error.to_string();
        match error {
            ProviderError::Name(_) => Self::invalid(message).with_param("name"),
            ProviderError::BaseUrl { .. } => Self::invalid(message).with_param("base_url"),
            ProviderError::Key | ProviderError::KeyIsForAnotherAddress { .. } => {
                Self::invalid(message).with_param("key")
            }
            ProviderError::Models { .. } => Self::invalid(message).with_param("models"),
            ProviderError::Unknown(_) => Self::not_found("provider_not_found", message),
            ProviderError::File { .. } | ProviderError::Damaged { .. } => Self::internal(message),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFetched { .. } | StoreError::Unknown { .. } => Self::model_not_found(error.to_string()),
            StoreError::BadSource { .. } | StoreError::Elsewhere { .. } => Self::invalid(error.to_string()),
            StoreError::Download(error) => error.into(),
            StoreError::Database(error) => error.into(),
        }
    }
}
