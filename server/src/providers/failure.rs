//! Why a provider gave no answer: its own status and words, or ours about what it did.

use axum::http::StatusCode;
use axum::http::header::HeaderValue;
use shared::api::error::ErrorEnvelope;
use shared::model_call::ModelCallError;

use super::client::MOST_ERROR_BYTES;
use super::provider::Provider;

/// The most of an answer that is no envelope to show.
const MOST_SHOWN_CHARACTERS: usize = 300;

/// Why a provider gave no answer. It holds no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFailure {
    /// Whose failure it is.
    pub provider: String,
    /// The provider's status, or ours where it did not answer.
    pub status: StatusCode,
    /// What the client is told.
    pub envelope: Box<ErrorEnvelope>,
    /// When to try again, as the provider says.
    pub retry_after: Option<HeaderValue>,
}

impl ProviderFailure {
    /// The provider answered with a status that is no success.
    pub(super) fn refused(
        provider: &Provider,
        status: StatusCode,
        retry_after: Option<HeaderValue>,
        body: &str,
    ) -> Self {
        let body = provider.without_key(body);
        if status.is_redirection() {
            let message = format!(
                "{} answered with {status}, a redirect to another address. It is not followed, so that the key goes \
                 nowhere else; check the base URL {}",
                provider.name, provider.base_url
            );
            return Self::bad_gateway(provider, message);
        }
        let kind = kind_of(status);
        let envelope = ErrorEnvelope::read(&body, kind).unwrap_or_else(|| {
            let message = match shown(&body) {
                Some(text) => format!("{} answered with {status}: {text}", provider.name),
                None => format!("{} answered with {status}, and not in OpenAI's form", provider.name),
            };
            ErrorEnvelope::new(kind, message, None, None)
        });
        // What is no error to HTTP is one here.
        let status =
            if status.is_client_error() || status.is_server_error() { status } else { StatusCode::BAD_GATEWAY };
        Self { provider: provider.name.clone(), status, envelope: Box::new(envelope), retry_after }
    }

    /// The provider tells of an error in an answer that began well. What is too long for that is not taken apart: it
    /// could need many times its own size.
    pub(crate) fn told(provider: &Provider, answer: &str) -> Option<Self> {
        if answer.len() > MOST_ERROR_BYTES {
            return None;
        }
        let envelope = ErrorEnvelope::read(&provider.without_key(answer), "server_error")?;
        Some(Self { envelope: Box::new(envelope), ..Self::bad_gateway(provider, String::new()) })
    }

    /// 502: the provider can't be reached, or answers something that can't be passed on.
    pub(crate) fn bad_gateway(provider: &Provider, message: impl Into<String>) -> Self {
        Self::ours(provider, StatusCode::BAD_GATEWAY, "provider_failed", message.into())
    }

    /// 504: the provider is silent.
    pub(super) fn too_late(provider: &Provider, message: impl Into<String>) -> Self {
        Self::ours(provider, StatusCode::GATEWAY_TIMEOUT, "provider_timeout", message.into())
    }

    fn ours(provider: &Provider, status: StatusCode, code: &str, message: String) -> Self {
        let message = provider.without_key(&message);
        let envelope = ErrorEnvelope::new("server_error", message, None, Some(code));
        Self { provider: provider.name.clone(), status, envelope: Box::new(envelope), retry_after: None }
    }
}

/// OpenAI's class of a status.
fn kind_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => "server_error",
        status if status.is_client_error() => "invalid_request_error",
        _ => "server_error",
    }
}

/// The beginning of a body that people can read; pages are for browsers.
fn shown(body: &str) -> Option<String> {
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() || line.starts_with('<') {
        return None;
    }
    match line.char_indices().nth(MOST_SHOWN_CHARACTERS) {
        Some((end, _)) => Some(format!("{}…", &line[..end])),
        None => Some(line),
    }
}

impl From<ProviderFailure> for ModelCallError {
    fn from(failure: ProviderFailure) -> Self {
        let error = (*failure.envelope).into_error(Some(failure.status.as_u16()));
        let names_provider = error.message.starts_with(&failure.provider);
        let message = if names_provider { error.message } else { format!("{}: {}", failure.provider, error.message) };
        Self { message, ..error }
    }
}

impl std::fmt::Display for ProviderFailure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&ModelCallError::from(self.clone()).message)
    }
}

impl std::error::Error for ProviderFailure {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::{ApiKey, BaseUrl};
    use shared::model_call::ModelCallErrorKind;

    fn provider() -> Provider {
        Provider {
            name: "router".to_owned(),
            base_url: BaseUrl::parse("https://router.example/v1").unwrap(),
            key: ApiKey::parse("sk-secret").unwrap(),
            models: Vec::new(),
            changed_at_unix_s: 0,
        }
    }

    #[track_caller]
    fn check(status: u16, body: &str, kind: &str, message: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        let failure = ProviderFailure::refused(&provider(), status, None, body);
        assert_eq!((failure.envelope.error.kind.as_str(), failure.envelope.error.message.as_str()), (kind, message));
        assert_eq!(failure.status, status);
    }

    #[test]
    fn an_envelope_stays_and_everything_else_gets_one_without_the_key() {
        check(
            401,
            r#"{"error": {"message": "No key sk-secret", "type": "auth", "param": null}}"#,
            "auth",
            "No key [key]",
        );
        check(400, r#"{"error": {"message": "no", "code": 400}}"#, "invalid_request_error", "no");
        let text = "router answered with 422 Unprocessable Entity: {\"detail\": \"sk is [key]\"}";
        check(422, "{\"detail\":\n \"sk is sk-secret\"}", "invalid_request_error", text);
        let page = "router answered with 500 Internal Server Error, and not in OpenAI's form";
        check(500, "<html>oops", "server_error", page);
        check(429, "", "rate_limit_error", "router answered with 429 Too Many Requests, and not in OpenAI's form");
    }

    #[test]
    fn an_error_in_a_good_answer_is_seen_unless_it_is_endless() {
        let answer = |more: &str| format!(r#"{{"error": {{"message": "overloaded"}}, "more": "{more}"}}"#);
        let told = ProviderFailure::told(&provider(), &answer("")).unwrap();
        assert_eq!((told.status, told.envelope.error.message.as_str()), (StatusCode::BAD_GATEWAY, "overloaded"));
        assert_eq!(ProviderFailure::told(&provider(), &answer(&"x".repeat(MOST_ERROR_BYTES))), None);
        assert_eq!(ProviderFailure::told(&provider(), r#"{"error": null, "choices": []}"#), None);
    }

    #[test]
    fn a_redirect_is_told_and_not_passed_on() {
        let failure = ProviderFailure::refused(&provider(), StatusCode::FOUND, None, "");
        assert_eq!(failure.status, StatusCode::BAD_GATEWAY);
        assert!(failure.envelope.error.message.contains("302 Found, a redirect"), "{failure}");
    }

    #[test]
    fn a_caller_learns_whose_words_they_are_and_whether_to_try_again() {
        let error = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            ModelCallError::from(ProviderFailure::refused(&provider(), status, None, body))
        };
        let full = error(400, r#"{"error": {"message": "no", "code": "context_length_exceeded"}}"#);
        assert_eq!((full.kind, full.message.as_str()), (ModelCallErrorKind::ContextLengthExceeded, "router: no"));
        assert_eq!(error(401, "").kind, ModelCallErrorKind::InvalidRequest);
        let unusual = r#"{"error": {"message": "no", "type": "unusual"}}"#;
        assert_eq!(error(401, unusual).kind, ModelCallErrorKind::InvalidRequest);
        assert_eq!(error(429, unusual).kind, ModelCallErrorKind::RateLimited);
        assert_eq!(error(429, "").kind, ModelCallErrorKind::RateLimited);
        assert!(error(503, "<p>").message.starts_with("router answered with 503"));
    }
}
