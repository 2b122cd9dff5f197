//! The envelope every error comes in.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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

    /// The error of an answer, where it has one with a message. Not everybody who speaks OpenAI's API gives it a type,
    /// and some write the code as a number; `usual_kind` stands in for a missing type.
    pub fn read(json: &str, usual_kind: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(json).ok()?;
        let error = body.get("error")?;
        let text = |field: &str| match error.get(field)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let kind = text("type").unwrap_or_else(|| usual_kind.to_owned());
        Some(Self { error: ErrorBody { message: text("message")?, kind, param: text("param"), code: text("code") } })
    }
}

impl From<ModelCallError> for ErrorEnvelope {
    fn from(error: ModelCallError) -> Self {
        let (kind, code) = match error.kind {
            ModelCallErrorKind::InvalidRequest => ("invalid_request_error", None),
            ModelCallErrorKind::ContextLengthExceeded => ("invalid_request_error", Some("context_length_exceeded")),
            ModelCallErrorKind::ModelNotFound => ("invalid_request_error", Some("model_not_found")),
            ModelCallErrorKind::RateLimited => ("rate_limit_error", Some("rate_limit_exceeded")),
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
            ("rate_limit_error", _) | (_, Some("rate_limit_exceeded" | "429")) => ModelCallErrorKind::RateLimited,
            ("invalid_request_error", _) => ModelCallErrorKind::InvalidRequest,
            _ => ModelCallErrorKind::Unavailable,
        };
        Self { kind, message, param }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_as_others_write_them() {
        let read = |json: &str| ErrorEnvelope::read(json, "usual").map(|envelope| envelope.error);
        let body =
            |message: &str, kind: &str, code: Option<&str>| Some(ErrorEnvelope::new(kind, message, None, code).error);
        let open_ai =
            r#"{"error": {"message": "no", "type": "requests", "param": null, "code": "rate_limit_exceeded"}}"#;
        assert_eq!(read(open_ai), body("no", "requests", Some("rate_limit_exceeded")));
        assert_eq!(read(r#"{"error": {"message": "no", "code": 429}}"#), body("no", "usual", Some("429")));
        for (json, kind) in [
            (open_ai, ModelCallErrorKind::RateLimited),
            (r#"{"error": {"message": "slower", "code": 429}}"#, ModelCallErrorKind::RateLimited),
            (
                r#"{"error": {"message": "pay", "type": "insufficient_quota", "code": "insufficient_quota"}}"#,
                ModelCallErrorKind::Unavailable,
            ),
        ] {
            let error = ModelCallError::from(ErrorEnvelope::read(json, "server_error").unwrap());
            assert_eq!(error.kind, kind, "{json}");
            assert_eq!(ModelCallError::from(ErrorEnvelope::from(error.clone())), error);
        }
        for other in ["<html>", r#"{"error": "no"}"#, r#"{"detail": "no"}"#, r#"{"error": null, "choices": []}"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
