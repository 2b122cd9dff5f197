//! The HTTP client for downloads: rustls with the system's roots, no silent fall-back to plain HTTP.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use super::error::DownloadError;
use crate::loopback::is_safe;

const MAX_REDIRECTS: usize = 10;

/// A client that honours `SSL_CERT_FILE`, `HTTPS_PROXY` and `NO_PROXY`.
///
/// # Errors
/// The system's certificates can't be used.
pub(crate) fn http_client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("quern/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(20))
        .redirect(Policy::custom(|attempt| {
            if attempt.previous().len() >= MAX_REDIRECTS {
                attempt.error("too many redirects")
            } else if is_safe(attempt.url()) {
                attempt.follow()
            } else {
                attempt.error("redirected from https to an address without it")
            }
        }))
        .build()
}

/// Parses an address and checks that what comes from it can't be changed on the way.
///
/// # Errors
/// No URL, or plain `http:` to another machine.
pub(crate) fn safe_url(text: &str) -> Result<Url, DownloadError> {
    let refuse = |reason: String| DownloadError::BadUrl { url: text.to_owned(), reason };
    let url = Url::parse(text).map_err(|error| refuse(error.to_string()))?;
    if is_safe(&url) {
        Ok(url)
    } else {
        Err(refuse("only https: addresses are fetched from other machines".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for fine in ["https://example.com/a.gguf", "http://127.0.0.1:80/a", "http://localhost/a", "http://[::1]:1/a"] {
            assert!(safe_url(fine).is_ok(), "{fine}");
        }
        for refused in ["http://example.com/a.gguf", "ftp://localhost/a", "file:///etc/passwd", "model.gguf", ""] {
            assert!(safe_url(refused).is_err(), "{refused}");
        }
    }
}
