//! JSON bodies, with refusals in OpenAI's envelope.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::state::AppState;

/// A JSON body. The `Content-Type` is not looked at: curl's default is no reason to fail, and callers from other
/// sites are stopped by their `Origin`.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let limit_bytes = state.config().limits.max_body_bytes;
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| refuse(&rejection, limit_bytes))?;
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let refusal = ApiError::invalid(format!("the body is not what this route takes: {}", error.inner()));
            field_at_fault(&error).into_iter().fold(refusal, ApiError::with_param)
        })?;
        deserializer.end().map_err(|error| ApiError::invalid(format!("the body goes on after its JSON: {error}")))?;
        Ok(Self(value))
    }
}

/// The field that a JSON error is about, where it is about one.
fn field_at_fault(error: &serde_path_to_error::Error<serde_json::Error>) -> Option<String> {
    if !error.inner().is_data() {
        return None;
    }
    let path = error.path().to_string();
    let text = error.inner().to_string();
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match (path.as_str(), missing) {
        // A dot alone is the body as a whole.
        (".", missing) => missing.map(str::to_owned),
        (_, Some(missing)) => Some(format!("{path}.{missing}")),
        (_, None) => Some(path),
    }
}

fn refuse(rejection: &BytesRejection, limit_bytes: usize) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::invalid(format!("the body is larger than {limit_bytes} bytes; --max-body-bytes sets the limit"))
                .with_status(StatusCode::PAYLOAD_TOO_LARGE)
        }
        status => ApiError::invalid(format!("the body could not be read: {rejection}")).with_status(status),
    }
}
