//! Asks providers. Nothing of a client's own headers goes along; redirects are not followed; nobody waits for ever, and
//! no answer fills the memory.

use std::time::Duration;

use axum::body::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde::Deserialize;
use tokio::time::timeout;

use super::events::ProviderEvents;
use super::failure::ProviderFailure;
use super::provider::Provider;

/// The largest answer.
pub(super) const MOST_ANSWER_BYTES: usize = 64 << 20;
/// The most of an error to read.
pub(super) const MOST_ERROR_BYTES: usize = 1 << 20;

/// How long to wait for a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the beginning of a streamed answer, and between two pieces of any.
    pub idle: Duration,
    /// For the beginning of an answer in one piece, which comes when all of it is written.
    pub whole: Duration,
    /// For a list of models, all of it: people look at an empty page meanwhile.
    pub list: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            // As OpenAI's own clients.
            whole: Duration::from_secs(600),
            // The page gives up after 60.
            list: Duration::from_secs(30),
        }
    }
}

/// Asks providers.
#[derive(Clone, Debug)]
pub struct ProviderClient {
    client: Client,
    /// For plain `http:` to this machine: a proxy would take key and prompts away from it unencrypted.
    direct: Client,
    patience: Patience,
}

#[derive(Deserialize)]
struct ModelId {
    id: String,
}

#[derive(Deserialize)]
struct ModelIds {
    data: Vec<ModelId>,
}

impl ProviderClient {
    /// A client that honours `SSL_CERT_FILE`, `HTTPS_PROXY` and `NO_PROXY`.
    ///
    /// # Errors
    /// The system's certificates can't be used.
    pub fn new(patience: Patience) -> Result<Self, reqwest::Error> {
        let builder = || {
            Client::builder()
                .user_agent(concat!("quern/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(patience.connect)
                .redirect(Policy::none())
                .referer(false)
        };
        Ok(Self { client: builder().build()?, direct: builder().no_proxy().build()?, patience })
    }

    /// The ids of all models that a provider has now, sorted.
    ///
    /// # Errors
    /// It gave no list.
    pub async fn models(&self, provider: &Provider) -> Result<Vec<String>, ProviderFailure> {
        let patience = self.patience.list;
        let listing = async {
            let response = self.send(provider, Method::GET, "models", None, patience).await?;
            self.read(provider, response, MOST_ANSWER_BYTES).await
        };
        let body = timeout(patience, listing).await.unwrap_or_else(|_| Err(silent(provider, patience)))?;
        // Together AI sends the list bare.
        let listed = if body.trim_start().starts_with('[') {
            serde_json::from_str(&body)
        } else {
            serde_json::from_str(&body).map(|ids: ModelIds| ids.data)
        };
        let listed: Vec<ModelId> = listed.map_err(|error| {
            ProviderFailure::bad_gateway(
                provider,
                format!(
                    "{} answered something else than a list of models: line {}, column {}. Check the base URL {}",
                    provider.name,
                    error.line(),
                    error.column(),
                    provider.base_url
                ),
            )
        })?;
        let mut ids: Vec<String> = listed.into_iter().map(|model| model.id).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// An answer in one piece.
    ///
    /// # Errors
    /// There is none, or it is too large.
    pub(crate) async fn whole(
        &self,
        provider: &Provider,
        path: &str,
        body: Vec<u8>,
    ) -> Result<String, ProviderFailure> {
        let response = self.send(provider, Method::POST, path, Some(body), self.patience.whole).await?;
        self.read(provider, response, MOST_ANSWER_BYTES).await
    }

    /// The events of a streamed answer, whose head is here. Dropping them closes the connection.
    ///
    /// # Errors
    /// There is none.
    pub(crate) async fn streamed(
        &self,
        provider: &Provider,
        path: &str,
        body: Vec<u8>,
    ) -> Result<ProviderEvents, ProviderFailure> {
        let response = self.send(provider, Method::POST, path, Some(body), self.patience.idle).await?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("text/event-stream") {
            return Ok(ProviderEvents::new(provider.clone(), response, self.patience.idle));
        }
        let message =
            format!("{} answered a request for a stream with {kind:?}; expected text/event-stream", provider.name);
        let answer = self.read(provider, response, MOST_ERROR_BYTES).await?;
        // Some tell of errors with the status of success.
        Err(ProviderFailure::told(provider, &answer).unwrap_or_else(|| ProviderFailure::bad_gateway(provider, message)))
    }

    /// Sends a request, and waits for the head of an answer that is one.
    async fn send(
        &self,
        provider: &Provider,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        patience: Duration,
    ) -> Result<Response, ProviderFailure> {
        let url = provider.base_url.endpoint(path);
        let client = if provider.base_url.is_plain() { &self.direct } else { &self.client };
        let mut request = client.request(method, &url).header(ACCEPT, "application/json, text/event-stream");
        if let Some(key) = &provider.key {
            request = request.header(AUTHORIZATION, key.bearer());
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = match timeout(patience, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(unreachable(provider, &url, error)),
            Err(_) => return Err(silent(provider, patience)),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response.headers().get(RETRY_AFTER).cloned();
        // An error whose text can't be had is still this error.
        let body = self.read(provider, response, MOST_ERROR_BYTES).await.unwrap_or_default();
        Err(ProviderFailure::refused(provider, status, retry_after, &body))
    }

    /// The body, if it is not too large and comes in time.
    async fn read(
        &self,
        provider: &Provider,
        mut response: Response,
        most_bytes: usize,
    ) -> Result<String, ProviderFailure> {
        let mut body = Vec::new();
        while let Some(piece) = next_piece(provider, &mut response, self.patience.idle).await? {
            if body.len() + piece.len() > most_bytes {
                let message = format!(
                    "{} answered with more than {} MiB, which is too much; the rest was not read",
                    provider.name,
                    most_bytes >> 20
                );
                return Err(ProviderFailure::bad_gateway(provider, message));
            }
            body.extend_from_slice(&piece);
        }
        String::from_utf8(body)
            .map_err(|_| ProviderFailure::bad_gateway(provider, format!("{} answered with no text", provider.name)))
    }
}

/// The next piece of a body, `None` at its end.
pub(super) async fn next_piece(
    provider: &Provider,
    response: &mut Response,
    idle: Duration,
) -> Result<Option<Bytes>, ProviderFailure> {
    match timeout(idle, response.chunk()).await {
        Ok(Ok(piece)) => Ok(piece),
        Ok(Err(error)) => {
            let message = format!("the answer of {} broke off ({})", provider.name, cause(error));
            Err(ProviderFailure::bad_gateway(provider, message))
        }
        Err(_) => {
            let message = format!(
                "{} sent nothing for {} seconds in the middle of its answer",
                provider.name,
                idle.as_secs_f64()
            );
            Err(ProviderFailure::too_late(provider, message))
        }
    }
}

fn silent(provider: &Provider, patience: Duration) -> ProviderFailure {
    let message = format!("{} did not answer within {} seconds", provider.name, patience.as_secs_f64());
    ProviderFailure::too_late(provider, message)
}

fn unreachable(provider: &Provider, url: &str, error: reqwest::Error) -> ProviderFailure {
    let name = &provider.name;
    if error.is_timeout() {
        return ProviderFailure::too_late(provider, format!("{name} can't be reached at {url}: no connection in time"));
    }
    ProviderFailure::bad_gateway(provider, format!("{name} can't be reached at {url} ({})", cause(error)))
}

/// The innermost reason, which says most.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
