//! The address of a provider's API.

use std::fmt;

use reqwest::Url;

use super::error::ProviderError;
use crate::loopback::is_safe;

/// An address under which a key may be sent: `https:`, or plain `http:` to this very machine. Nothing in it but origin
/// and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The address in `text`, without the slashes at its end.
    ///
    /// # Errors
    /// It is none, or one that no key is sent to.
    pub fn parse(text: &str) -> Result<Self, ProviderError> {
        // The text is not repeated: what is refused here may hold a password.
        let refuse = |reason: String| ProviderError::BaseUrl { reason };
        let mut url = Url::parse(text.trim())
            .map_err(|error| refuse(format!("it can't be read ({error}); write it like https://api.openai.com/v1")))?;
        if !is_safe(&url) {
            let scheme = url.scheme();
            return Err(refuse(format!(
                "it begins with {scheme}:, expected https: (plain http: is taken for this very machine only, so that \
                 nobody on the way reads key and prompts)"
            )));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it holds a user name; leave it out, and give the key as the key".to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it goes on after its path; leave out what follows ? or #".to_owned()));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address of one of its endpoints.
    pub(super) fn endpoint(&self, path: &str) -> String {
        format!("{}/{path}", self.0.as_str().trim_end_matches('/'))
    }

    /// Plain `http:`, which goes to this very machine.
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// OpenAI's own API, whose newer models take `max_completion_tokens` and refuse `max_tokens`.
    pub(crate) fn is_open_ai(&self) -> bool {
        self.0.host_str() == Some("api.openai.com")
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_is_written_the_same() {
        for (text, expected) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            (" HTTPS://API.openai.com:443/v1// ", "https://api.openai.com/v1"),
            ("https://example.com", "https://example.com"),
            ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
            ("https://example.com/a/../v1", "https://example.com/v1"),
        ] {
            let url = BaseUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), expected);
            assert_eq!(url.endpoint("models"), format!("{expected}/models"));
            assert_eq!(BaseUrl::parse(expected).unwrap(), url);
        }
        assert!(BaseUrl::parse("https://api.openai.com/v1").unwrap().is_open_ai());
        assert!(!BaseUrl::parse("https://openrouter.ai/api/v1").unwrap().is_open_ai());
    }

    #[test]
    fn keys_go_to_safe_addresses_only() {
        for (text, reason) in [
            ("http://api.openai.com/v1", "https:"),
            ("http://localhost.example.com/v1", "https:"),
            ("ftp://localhost/v1", "https:"),
            ("https://me:hunter2@example.com/v1", "user name"),
            ("https://me@example.com/v1", "user name"),
            ("https://example.com/v1?key=hunter2", "leave out"),
            ("https://example.com/v1?", "leave out"),
            ("https://example.com/v1#hunter2", "leave out"),
            ("api.openai.com/v1", "https://api.openai.com/v1"),
            ("", "https://api.openai.com/v1"),
        ] {
            let message = BaseUrl::parse(text).unwrap_err().to_string();
            assert!(message.contains(reason) && !message.contains("hunter2"), "{text}: {message}");
        }
    }
}
