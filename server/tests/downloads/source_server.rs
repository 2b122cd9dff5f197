//! A server on loopback that serves one file, and misbehaves as told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::StreamExt;
use serde_json::json;

/// How one request is answered; requests beyond the script are answered well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should be.
    Well,
    /// The connection breaks after so many bytes.
    BreaksAfter(usize),
    /// Nothing comes after so many bytes, and the connection stays open.
    SilentAfter(usize),
    /// `Range` is not understood.
    IgnoresRange,
    /// Another range than the one asked for.
    WrongRange,
    /// A status, and no file.
    Status(u16),
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) if_range: Option<String>,
    pub(crate) authorization: Option<String>,
}

/// The server; it stops when dropped.
pub(crate) struct SourceServer {
    pub(crate) address: SocketAddr,
    content: Arc<Content>,
    task: tokio::task::JoinHandle<()>,
}

struct Content {
    file: Mutex<Vec<u8>>,
    etag: Mutex<String>,
    script: Mutex<Vec<Manner>>,
    asked: Mutex<Vec<Asked>>,
    index: Mutex<serde_json::Value>,
}

impl SourceServer {
    /// Serves `file` at any path outside `/simple`, answering the first requests in the manners given.
    pub(crate) async fn start(file: Vec<u8>, script: &[Manner]) -> Self {
        let content = Arc::new(Content {
            file: Mutex::new(file),
            etag: Mutex::new("\"first\"".to_owned()),
            script: Mutex::new(script.to_vec()),
            asked: Mutex::default(),
            index: Mutex::new(json!(null)),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/simple/{package}/", get(index_page))
            .route("/{*path}", get(file_at))
            .with_state(Arc::clone(&content));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, content, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// From now on another file is at the source.
    pub(crate) fn replace(&self, file: Vec<u8>) {
        *self.content.file.lock().unwrap() = file;
        *self.content.etag.lock().unwrap() = "\"second\"".to_owned();
    }

    /// What `/simple/any-package/` answers.
    pub(crate) fn set_index(&self, page: serde_json::Value) {
        *self.content.index.lock().unwrap() = page;
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.content.asked.lock().unwrap().clone()
    }

    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        self.asked().into_iter().map(|asked| asked.range).collect()
    }
}

impl Drop for SourceServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn index_page(State(content): State<Arc<Content>>, headers: HeaderMap) -> Response {
    let page = content.index.lock().unwrap().clone();
    if page.is_null() {
        return StatusCode::NOT_FOUND.into_response();
    }
    assert_eq!(headers[ACCEPT], "application/vnd.pypi.simple.v1+json");
    axum::Json(page).into_response()
}

async fn file_at(State(content): State<Arc<Content>>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let asked = Asked { path, range: text(RANGE), if_range: text(IF_RANGE), authorization: text(AUTHORIZATION) };
    let etag = content.etag.lock().unwrap().clone();
    let file = content.file.lock().unwrap().clone();
    let manner = {
        let mut script = content.script.lock().unwrap();
        if script.is_empty() { Manner::Well } else { script.remove(0) }
    };
    content.asked.lock().unwrap().push(asked.clone());
    if let Manner::Status(status) = manner {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    let is_same = asked.if_range.as_ref().is_none_or(|validator| *validator == etag);
    let start = asked.range.filter(|_| is_same && manner != Manner::IgnoresRange);
    let start =
        start.map(|range| range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse::<usize>().unwrap());
    let mut answer = Response::builder().header(ETAG, etag);
    let body = match start {
        Some(start) if start >= file.len() => {
            answer = answer.status(206 + 210).header(CONTENT_RANGE, format!("bytes */{}", file.len()));
            Vec::new()
        }
        Some(start) => {
            let announced = if manner == Manner::WrongRange { start - 1 } else { start };
            let range = format!("bytes {announced}-{}/{}", file.len() - 1, file.len());
            answer = answer.status(206).header(CONTENT_RANGE, range);
            file[start..].to_vec()
        }
        None => file,
    };
    answer = answer.header(CONTENT_LENGTH, body.len());
    let body = match manner {
        Manner::BreaksAfter(bytes) => {
            let beginning = Bytes::copy_from_slice(&body[..bytes]);
            let breaks = async {
                // What was sent before is on its way when the connection breaks.
                tokio::task::yield_now().await;
                Err(std::io::Error::other("broken on purpose"))
            };
            Body::from_stream(futures::stream::iter([Ok(beginning)]).chain(futures::stream::once(breaks)))
        }
        Manner::SilentAfter(bytes) => {
            let beginning = Bytes::copy_from_slice(&body[..bytes]);
            Body::from_stream(
                futures::stream::iter([Ok::<_, std::io::Error>(beginning)]).chain(futures::stream::pending()),
            )
        }
        _ => Body::from(body),
    };
    answer.body(body).unwrap()
}
