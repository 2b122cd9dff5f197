//! The envelope every error comes in.

use serde::{Deserialize, Serialize};

use crate::model_call::{ModelCallError, ModelCallErrorKind};

/// `{"error": {...}}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEnvelope {
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// For people.
    pub message: String,
    /// The class, e.g. `invalid_request_error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The field of the request at fault.
    pub param: Option<String>,
    /// For programs, e.g. `model_not_found`.
    pub code: Option<String>,
}

impl ErrorEnvelope {
    /// An envelope of OpenAI's class `kind`.
    pub fn new(kind: &str, message: impl Into<String>, param: Option<String>, code: Option<&str>) -> Self {
        let error = ErrorBody { message: message.into(), kind: kind.to_owned(), param, code: code.map(str::to_owned) };
        Self { error }
    }
}

impl From<ModelCallError> for ErrorEnvelope {
    fn from(error: ModelCallError) -> Self {
        let (kind, code) = match error.kind {
            ModelCallErrorKind::InvalidRequest => ("invalid_request_error", None),
            ModelCallErrorKind::ContextLengthExceeded => ("invalid_request_error", Some("context_length_exceeded")),
            ModelCallErrorKind::ModelNotFound => ("invalid_request_error", Some("model_not_found")),
            ModelCallErrorKind::Unavailable => ("server_error", None),
        };
        Self::new(kind, error.message, error.param, code)
    }
}

impl From<ErrorEnvelope> for ModelCallError {
    fn from(envelope: ErrorEnvelope) -> Self {
        let ErrorBody { message, kind, param, code } = envelope.error;
        let kind = match (kind.as_str(), code.as_deref()) {
            (_, Some("context_length_exceeded")) => ModelCallErrorKind::ContextLengthExceeded,
            (_, Some("model_not_found")) => ModelCallErrorKind::ModelNotFound,
            ("invalid_request_error", _) => ModelCallErrorKind::InvalidRequest,
            _ => ModelCallErrorKind::Unavailable,
        };
        Self { kind, message, param }
    }
}
