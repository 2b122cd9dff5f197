//! HTTP with JSON, whole answers and streams of events.

use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::api::error::ErrorEnvelope;
use shared::api::event_stream::EventStreamReader;
use shared::model_call::ModelCallError;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::errors::describe;
use super::scope;

/// The answer to `GET url`, as JSON; given up after `patience_ms`.
///
/// # Errors
/// Who could not be reached, what it answered.
pub async fn get_json<T: DeserializeOwned>(url: &str, patience_ms: u32) -> Result<T, ModelCallError> {
    json_of(Connection::open("GET", url, None)?, patience_ms).await
}

/// The answer to `POST url`, as JSON; given up after `patience_ms`.
///
/// # Errors
/// Who could not be reached, what it answered.
pub async fn post_json<B: Serialize, T: DeserializeOwned>(
    url: &str,
    body: &B,
    patience_ms: u32,
) -> Result<T, ModelCallError> {
    let body = serde_json::to_string(body).map_err(|error| ModelCallError::unavailable(error.to_string()))?;
    json_of(Connection::open("POST", url, Some(&body))?, patience_ms).await
}

/// The answer to `PUT url`, as JSON; given up after `patience_ms`.
///
/// # Errors
/// Who could not be reached, what it answered.
pub async fn put_json<B: Serialize, T: DeserializeOwned>(
    url: &str,
    body: &B,
    patience_ms: u32,
) -> Result<T, ModelCallError> {
    let body = serde_json::to_string(body).map_err(|error| ModelCallError::unavailable(error.to_string()))?;
    json_of(Connection::open("PUT", url, Some(&body))?, patience_ms).await
}

/// The answer to `POST url` with the fields of a form, files among them, as JSON; given up after `patience_ms`.
///
/// # Errors
/// Who could not be reached, what it answered.
pub async fn post_form<T: DeserializeOwned>(
    url: &str,
    form: &web_sys::FormData,
    patience_ms: u32,
) -> Result<T, ModelCallError> {
    json_of(Connection::open_with("POST", url, Some(form), None)?, patience_ms).await
}

/// The answer to `POST url` without a body, as JSON; given up after `patience_ms`.
///
/// # Errors
/// Who could not be reached, what it answered.
pub async fn post_empty<T: DeserializeOwned>(url: &str, patience_ms: u32) -> Result<T, ModelCallError> {
    json_of(Connection::open("POST", url, None)?, patience_ms).await
}

/// `DELETE url`; given up after `patience_ms`.
///
/// # Errors
/// Who could not be reached, what it answered.
pub async fn delete(url: &str, patience_ms: u32) -> Result<(), ModelCallError> {
    Connection::open("DELETE", url, None)?.fetch_within(patience_ms).await.map(|_| ())
}

async fn json_of<T: DeserializeOwned>(connection: Connection, patience_ms: u32) -> Result<T, ModelCallError> {
    let response = connection.fetch_within(patience_ms).await?;
    read_json(&connection.url, &response).await
}

/// Data of the server-sent events that answer a request. Dropping it closes the connection.
pub struct EventConnection {
    reader: web_sys::ReadableStreamDefaultReader,
    parser: EventStreamReader,
    ready: std::collections::VecDeque<String>,
    _connection: Connection,
}

impl EventConnection {
    /// Sends `body` and waits for the head of the answer.
    ///
    /// # Errors
    /// Who could not be reached, or the error that was answered.
    pub async fn post<T: Serialize>(url: &str, body: &T) -> Result<Self, ModelCallError> {
        let body = serde_json::to_string(body).map_err(|error| ModelCallError::unavailable(error.to_string()))?;
        Self::of(Connection::open("POST", url, Some(&body))?).await
    }

    /// Asks for `url` and waits for the head of the answer.
    ///
    /// # Errors
    /// Who could not be reached, or the error that was answered.
    pub async fn get(url: &str) -> Result<Self, ModelCallError> {
        Self::of(Connection::open("GET", url, None)?).await
    }

    async fn of(connection: Connection) -> Result<Self, ModelCallError> {
        let response = connection.fetch().await?;
        let without_body = || ModelCallError::unavailable(format!("{} answered without a body", connection.url));
        let stream = response.body().ok_or_else(without_body)?;
        Ok(Self {
            reader: stream.get_reader().unchecked_into(),
            parser: EventStreamReader::default(),
            ready: std::collections::VecDeque::new(),
            _connection: connection,
        })
    }

    /// Data of the next event; `None` at the end of the answer.
    ///
    /// # Errors
    /// A connection that breaks.
    pub async fn next(&mut self) -> Result<Option<String>, ModelCallError> {
        loop {
            if let Some(data) = self.ready.pop_front() {
                return Ok(Some(data));
            }
            let step = JsFuture::from(self.reader.read()).await.map_err(|exception| {
                ModelCallError::unavailable(format!("the connection broke: {}", describe(&exception)))
            })?;
            let field = |name: &str| js_sys::Reflect::get(&step, &JsValue::from_str(name));
            if field("done").is_ok_and(|done| done.is_truthy()) {
                return Ok(None);
            }
            let bytes = field("value").map_err(|exception| ModelCallError::unavailable(describe(&exception)))?;
            let bytes = js_sys::Uint8Array::from(bytes).to_vec();
            self.ready.extend(self.parser.push(&bytes));
        }
    }
}

/// A request that is aborted when dropped.
struct Connection {
    request: web_sys::Request,
    aborting: web_sys::AbortController,
    url: String,
}

impl Connection {
    fn open(method: &str, url: &str, json: Option<&str>) -> Result<Self, ModelCallError> {
        let body = json.map(JsValue::from_str);
        Self::open_with(method, url, body.as_ref(), json.map(|_| "application/json"))
    }

    /// A form says itself what it is.
    fn open_with(
        method: &str,
        url: &str,
        body: Option<&JsValue>,
        content_type: Option<&str>,
    ) -> Result<Self, ModelCallError> {
        let unexpected = |exception: JsValue| ModelCallError::unavailable(describe(&exception));
        let aborting = web_sys::AbortController::new().map_err(unexpected)?;
        let options = web_sys::RequestInit::new();
        options.set_method(method);
        options.set_signal(Some(&aborting.signal()));
        if let Some(body) = body {
            options.set_body(body);
        }
        let request = web_sys::Request::new_with_str_and_init(url, &options).map_err(unexpected)?;
        if let Some(content_type) = content_type {
            request.headers().set("Content-Type", content_type).map_err(unexpected)?;
        }
        Ok(Self { request, aborting, url: url.to_owned() })
    }

    /// The head of the answer, if it is a good one; given up after `patience_ms`.
    async fn fetch_within(&self, patience_ms: u32) -> Result<web_sys::Response, ModelCallError> {
        let patience = gloo_timers::future::TimeoutFuture::new(patience_ms);
        match futures::future::select(Box::pin(self.fetch()), patience).await {
            futures::future::Either::Left((response, _)) => response,
            futures::future::Either::Right(_) => {
                Err(ModelCallError::unavailable(format!("{} did not answer in time", self.url)))
            }
        }
    }

    /// The head of the answer, if it is a good one.
    async fn fetch(&self) -> Result<web_sys::Response, ModelCallError> {
        let response = scope::fetch(&self.request).await.map_err(|exception| {
            ModelCallError::unavailable(format!(
                "the companion can't be reached at {} ({})",
                self.url,
                describe(&exception)
            ))
        })?;
        if response.ok() {
            return Ok(response);
        }
        let status = response.status();
        let text = text_of(&response).await?;
        Err(match ErrorEnvelope::read(&text, "server_error") {
            Some(envelope) => envelope.into_error(Some(status)),
            None => ModelCallError::unavailable(format!("{} answered {status} {}", self.url, response.status_text())),
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.aborting.abort();
    }
}

async fn read_json<T: DeserializeOwned>(url: &str, response: &web_sys::Response) -> Result<T, ModelCallError> {
    let text = text_of(response).await?;
    serde_json::from_str(&text)
        .map_err(|error| ModelCallError::unavailable(format!("{url} answered something else than expected: {error}")))
}

async fn text_of(response: &web_sys::Response) -> Result<String, ModelCallError> {
    let reading =
        |exception: JsValue| ModelCallError::unavailable(format!("the answer can't be read: {}", describe(&exception)));
    let text = JsFuture::from(response.text().map_err(reading)?).await.map_err(reading)?;
    Ok(text.as_string().unwrap_or_default())
}
