//! A key of a provider, which nothing shows.

use std::fmt;

use reqwest::header::HeaderValue;

use super::error::ProviderError;

/// No provider's keys are nearly as long.
const MOST_KEY_BYTES: usize = 4096;

/// What stands for a key in texts of others that repeat it.
const HIDDEN: &str = "[key]";

/// A key, usable in a header.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key in `text`; `None` where that is empty.
    ///
    /// # Errors
    /// It can't be a key.
    pub fn parse(text: &str) -> Result<Option<Self>, ProviderError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > MOST_KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ProviderError::Key);
        }
        Ok(Some(Self(text.to_owned())))
    }

    /// The value of `Authorization`, marked so that nothing logs it.
    pub(super) fn bearer(&self) -> HeaderValue {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).expect("a key is visible ASCII");
        value.set_sensitive(true);
        value
    }

    /// For the file that keeps it.
    pub(super) fn as_kept(&self) -> &str {
        &self.0
    }

    /// A text of others without the key.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        text.replace(&self.0, HIDDEN)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_key() {
        let key = ApiKey::parse(" sk-secret\n").unwrap().unwrap();
        assert_eq!(format!("{key:?} {:?}", key.bearer()), "ApiKey(hidden) Sensitive");
        assert_eq!(key.hidden_in("wrong key: sk-secret!"), "wrong key: [key]!");
        assert_eq!(key.bearer().to_str().unwrap(), "Bearer sk-secret");
    }

    #[test]
    fn what_fits_no_header_is_no_key() {
        assert_eq!(ApiKey::parse("").unwrap(), None);
        for text in ["two words", "line\nbreak", "schlüssel", &"x".repeat(4097)] {
            let message = ApiKey::parse(text).unwrap_err().to_string();
            assert!(!message.contains(text), "{message}");
        }
    }
}
