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
    /// some write the code as a number, and some nothing but the message; `usual_kind` stands in for a missing type.
    pub fn read(json: &str, usual_kind: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(json).ok()?;
        let error = body.get("error")?;
        if let Value::String(message) = error {
            return Some(Self::new(usual_kind, message.as_str(), None, None));
        }
        let text = |field: &str| match error.get(field)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let kind = text("type").unwrap_or_else(|| usual_kind.to_owned());
        Some(Self { error: ErrorBody { message: text("message")?, kind, param: text("param"), code: text("code") } })
    }

    /// Whose fault it is. `status` is that of the answer; `None` for an error amid an answer that began well. Types
    /// differ between providers, so that a status below 500 says more than they do; where there is none, some write it
    /// as the code.
    pub fn kind(&self, status: Option<u16>) -> ModelCallErrorKind {
        let (kind, code) = (self.error.kind.as_str(), self.error.code.as_deref());
        let status = status.filter(|&status| status < 500).or_else(|| code?.parse().ok());
        match (status, kind, code) {
            (_, _, Some("context_length_exceeded")) => ModelCallErrorKind::ContextLengthExceeded,
            (_, _, Some("model_not_found")) => ModelCallErrorKind::ModelNotFound,
            // It also comes with 429, but no pause brings money.
            (_, "insufficient_quota", _) | (_, _, Some("insufficient_quota")) => ModelCallErrorKind::Unavailable,
            (Some(429), ..) | (_, "rate_limit_error", _) | (_, _, Some("rate_limit_exceeded")) => {
                ModelCallErrorKind::RateLimited
            }
            // Timeout and conflict pass.
            (Some(408 | 409), ..) => ModelCallErrorKind::Unavailable,
            (Some(400..=499), ..) | (_, "invalid_request_error", _) => ModelCallErrorKind::InvalidRequest,
            _ => ModelCallErrorKind::Unavailable,
        }
    }

    /// The error that came with `status`, see [`ErrorEnvelope::kind`].
    pub fn into_error(self, status: Option<u16>) -> ModelCallError {
        let kind = self.kind(status);
        ModelCallError { kind, message: self.error.message, param: self.error.param }
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
        envelope.into_error(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_says_whose_fault_it_is_whatever_the_type() {
        let kind = |status: Option<u16>, kind: &str, code: Option<&str>| {
            ErrorEnvelope::new(kind, "no", None, code).kind(status)
        };
        for (status, usual, code, expected) in [
            (Some(401), "authentication_error", None, ModelCallErrorKind::InvalidRequest),
            (Some(402), "billing", Some("402"), ModelCallErrorKind::InvalidRequest),
            (Some(404), "not_found", Some("model_not_found"), ModelCallErrorKind::ModelNotFound),
            (Some(400), "bad", Some("context_length_exceeded"), ModelCallErrorKind::ContextLengthExceeded),
            (Some(408), "invalid_request_error", None, ModelCallErrorKind::Unavailable),
            (Some(409), "conflict", None, ModelCallErrorKind::Unavailable),
            (Some(429), "engine_overloaded", None, ModelCallErrorKind::RateLimited),
            (Some(429), "insufficient_quota", None, ModelCallErrorKind::Unavailable),
            (Some(503), "rate_limit_error", None, ModelCallErrorKind::RateLimited),
            (Some(502), "server_error", Some("429"), ModelCallErrorKind::RateLimited),
            (Some(500), "server_error", Some("500"), ModelCallErrorKind::Unavailable),
            (None, "server_error", Some("401"), ModelCallErrorKind::InvalidRequest),
            (None, "server_error", None, ModelCallErrorKind::Unavailable),
        ] {
            assert_eq!(kind(status, usual, code), expected, "{status:?} {usual} {code:?}");
        }
    }

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
        assert_eq!(read(r#"{"error": "no"}"#), body("no", "usual", None));
        for other in ["<html>", r#"{"error": 1}"#, r#"{"detail": "no"}"#, r#"{"error": null, "choices": []}"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
