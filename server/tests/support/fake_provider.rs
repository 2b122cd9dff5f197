//! A provider on loopback with OpenAI's API, which writes down what it is asked and what it bills. The model that is
//! asked for decides how it behaves.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::stream::{Stream, StreamExt};
use serde_json::{Value, json};
use tokio::sync::watch;

/// The key that it takes.
pub(crate) const KEY: &str = "sk-test-secret-1234567890";

/// What it knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Diary {
    /// Bodies of requests with the right key, in their order.
    pub(crate) requests: Vec<Value>,
    /// Headers of all requests.
    pub(crate) headers: Vec<HeaderMap>,
    /// Requests at the place that redirects lead to.
    pub(crate) redirected: usize,
    /// Answers whose reader left before their end.
    pub(crate) left: usize,
    /// Tokens of all prompts and answers.
    pub(crate) prompt_tokens: u64,
    pub(crate) answer_tokens: u64,
}

/// The provider; it stops when dropped.
pub(crate) struct FakeProvider {
    address: SocketAddr,
    diary: Arc<watch::Sender<Diary>>,
    task: tokio::task::JoinHandle<()>,
}

impl FakeProvider {
    pub(crate) async fn start() -> Self {
        let diary = Arc::new(watch::Sender::new(Diary::default()));
        let router = Router::new()
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(chat))
            .route("/v1/completions", post(completions))
            .route("/v1/embeddings", post(embeddings))
            .route("/elsewhere", post(elsewhere).get(elsewhere))
            .with_state(Arc::clone(&diary));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, diary, task }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn diary(&self) -> Diary {
        self.diary.borrow().clone()
    }

    /// Waits until the diary says so; panics when that takes too long.
    pub(crate) async fn until(&self, is_so: impl FnMut(&Diary) -> bool) {
        let mut changes = self.diary.subscribe();
        let change = tokio::time::timeout(Duration::from_secs(20), changes.wait_for(is_so)).await;
        drop(change.unwrap_or_else(|_| panic!("it did not happen, but {:?}", self.diary())).unwrap());
    }

    /// Waits until a reader has left before the end of its answer.
    pub(crate) async fn reader_left(&self) {
        self.until(|diary| diary.left > 0).await;
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Shared = Arc<watch::Sender<Diary>>;

/// Notes a request; refuses one without the key, and says which it had, as some do.
fn refusal(diary: &Shared, headers: &HeaderMap) -> Option<Response> {
    diary.send_modify(|diary| diary.headers.push(headers.clone()));
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given == format!("Bearer {KEY}") {
        return None;
    }
    let error = json!({"message": format!("Incorrect API key provided: {given}"), "type": "invalid_request_error",
        "param": null, "code": "invalid_api_key"});
    Some((StatusCode::UNAUTHORIZED, Json(json!({"error": error}))).into_response())
}

async fn models(State(diary): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(refusal) = refusal(&diary, &headers) {
        return refusal;
    }
    let ids = ["yes", "echo", "redirect"].map(|id| json!({"id": id, "object": "model", "created": 1, "owned_by": "x"}));
    Json(json!({"object": "list", "data": ids})).into_response()
}

async fn elsewhere(State(diary): State<Shared>) -> &'static str {
    diary.send_modify(|diary| diary.redirected += 1);
    "{}"
}

/// Notes the body of an admitted request, or answers as a model does that gives no answer.
fn no_answer(diary: &Shared, headers: &HeaderMap, body: &Value) -> Option<Response> {
    if let Some(refusal) = refusal(diary, headers) {
        return Some(refusal);
    }
    diary.send_modify(|diary| diary.requests.push(body.clone()));
    Some(match body["model"].as_str().unwrap() {
        "refused-429" => {
            let error = json!({"message": "Rate limit reached", "type": "requests", "param": null,
                "code": "rate_limit_exceeded"});
            let headers = [(RETRY_AFTER, "7")];
            (StatusCode::TOO_MANY_REQUESTS, headers, Json(json!({"error": error}))).into_response()
        }
        "refused-500" => {
            let headers = [(CONTENT_TYPE, "text/html")];
            (StatusCode::INTERNAL_SERVER_ERROR, headers, "<html><h1>Oops</h1></html>").into_response()
        }
        "refused-422" => (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"detail": "no such field"}))).into_response(),
        "error-text" => Json(json!({"error": "no credit is left"})).into_response(),
        "redirect" => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/elsewhere")]).into_response(),
        "huge" => {
            let piece = Bytes::from(vec![b' '; 1 << 20]);
            Body::from_stream(futures::stream::repeat(Ok::<_, Infallible>(piece))).into_response()
        }
        "endless-line" => {
            let piece = Bytes::from(vec![b'x'; 1 << 16]);
            let begin = futures::stream::iter([Bytes::from("data: ")]);
            event_stream(begin.chain(futures::stream::repeat(piece)))
        }
        _ => return None,
    })
}

fn event_stream(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let body = Body::from_stream(pieces.map(Ok::<_, Infallible>));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

/// Counts a reader that leaves before it is told that all was said.
struct Reader {
    diary: Shared,
    has_all: bool,
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.has_all {
            self.diary.send_modify(|diary| diary.left += 1);
        }
    }
}

/// The answer's words, each a token, and the reason why it ends.
fn answer(model: &str, prompt: &str, most_tokens: Option<u64>) -> (Vec<String>, &'static str) {
    let text = match model.split_once('-').map_or(model, |(kind, _)| kind) {
        "yes" => "yes".to_owned(),
        "pairs" => pair(prompt),
        "score" => json!({"reason": "it is so", "score": 4}).to_string(),
        _ => prompt.to_owned(),
    };
    let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let most = most_tokens.map_or(usize::MAX, |tokens| usize::try_from(tokens).unwrap());
    let reason = if words.len() > most { "length" } else { "stop" };
    words.truncate(most);
    let spaced = |(index, word): (usize, String)| if index == 0 { word } else { format!(" {word}") };
    (words.into_iter().enumerate().map(spaced).collect(), reason)
}

/// A question and its answer, out of the text in a prompt.
fn pair(prompt: &str) -> String {
    let text = prompt.split_once("<text>\n").and_then(|(_, rest)| rest.split_once("\n</text>")).unwrap().0;
    json!({"pairs": [{"question": format!("What of {text}?"), "answer": text}]}).to_string()
}

async fn chat(State(diary): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(response) = no_answer(&diary, &headers, &body) {
        return response;
    }
    let model = body["model"].as_str().unwrap().to_owned();
    let is_over = model == "pairs-until-3" && diary.borrow().requests.len() > 3;
    if model == "hang" || is_over {
        let _reader = Reader { diary, has_all: false };
        return std::future::pending().await;
    }
    let messages = body["messages"].as_array().unwrap();
    let words_of = |message: &Value| message["content"].as_str().unwrap().split_whitespace().count() as u64;
    let prompt_tokens: u64 = messages.iter().map(|message| words_of(message) + 4).sum();
    diary.send_modify(|diary| diary.prompt_tokens += prompt_tokens);
    let most_tokens = body["max_tokens"].as_u64().or(body["max_completion_tokens"].as_u64());
    let (words, reason) = answer(&model, messages.last().unwrap()["content"].as_str().unwrap(), most_tokens);
    let usage = json!({"prompt_tokens": prompt_tokens, "completion_tokens": words.len(),
        "total_tokens": prompt_tokens + words.len() as u64, "prompt_tokens_details": null});
    if body["stream"] == true {
        let wants_usage = body["stream_options"]["include_usage"] == true;
        return event_stream(chunks(diary, model, words, reason, wants_usage.then_some(usage)));
    }
    diary.send_modify(|diary| diary.answer_tokens += words.len() as u64);
    let message = json!({"role": "assistant", "content": words.concat()});
    let choice = json!({"index": 0, "message": message, "finish_reason": reason});
    let object = "chat.completion";
    Json(json!({"id": "c-1", "object": object, "model": model, "choices": [choice], "usage": usage})).into_response()
}

fn chunks(
    diary: Shared,
    model: String,
    words: Vec<String>,
    reason: &'static str,
    usage: Option<Value>,
) -> impl Stream<Item = Bytes> {
    let event = |data: &str| Bytes::from(format!("data: {data}\n\n"));
    async_stream::stream! {
        let mut reader = Reader { diary, has_all: false };
        let chunk = |choices: Value, usage: &Value| {
            json!({"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices,
                "usage": usage})
            .to_string()
        };
        yield Bytes::from(": working on it\n\n");
        for word in words {
            reader.diary.send_modify(|diary| diary.answer_tokens += 1);
            let choice = json!({"index": 0, "delta": {"content": word}, "finish_reason": null});
            yield event(&chunk(json!([choice]), &Value::Null));
            match model.as_str() {
                "pause" => std::future::pending().await,
                "breaks" => {
                    reader.has_all = true;
                    return;
                }
                "error-amid" => {
                    yield event(&json!({"error": {"message": format!("overloaded, {KEY}"), "code": 503}}).to_string());
                    reader.has_all = true;
                    return;
                }
                _ => {}
            }
        }
        yield event(&chunk(json!([{"index": 0, "delta": {}, "finish_reason": reason}]), &Value::Null));
        if let Some(usage) = usage {
            yield event(&chunk(json!([]), &usage));
        }
        reader.has_all = true;
        if model != "no-done" {
            yield event("[DONE]");
        }
    }
}

async fn completions(State(diary): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(response) = no_answer(&diary, &headers, &body) {
        return response;
    }
    let (words, reason) = answer("echo", body["prompt"].as_str().unwrap(), body["max_tokens"].as_u64());
    let choice = json!({"index": 0, "text": words.concat(), "logprobs": null, "finish_reason": reason});
    Json(json!({"id": "t-1", "object": "text_completion", "model": body["model"], "choices": [choice]})).into_response()
}

/// The length of each text and 1, as a direction that is longer than 1.
async fn embeddings(State(diary): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(response) = no_answer(&diary, &headers, &body) {
        return response;
    }
    let texts = body["input"].as_array().cloned().unwrap_or_else(|| vec![body["input"].clone()]);
    let data = texts.iter().enumerate().map(|(index, text)| {
        json!({"object": "embedding", "index": index, "embedding": [text.as_str().unwrap().len() as f64, 1.5]})
    });
    let usage = json!({"prompt_tokens": texts.len(), "total_tokens": texts.len()});
    let data: Vec<Value> = data.collect();
    Json(json!({"object": "list", "data": data, "model": body["model"], "usage": usage})).into_response()
}
