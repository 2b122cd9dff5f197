//! An external API as small as can be: it lists two models and streams one answer, to whoever has the key.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it answers, whatever it is asked.
pub const ANSWER: &str = "Far away it is four.";

/// Ids of its models.
pub const MODELS: [&str; 2] = ["far-large", "vendor/far-small"];

/// A running external API. It ends with the test.
pub struct FakeProvider {
    /// Where its API begins.
    pub base_url: String,
    questions: Arc<Mutex<Vec<Value>>>,
}

impl FakeProvider {
    /// Starts one that wants this key.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(key: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}/v1", listener.local_addr()?);
        let questions = Arc::<Mutex<Vec<Value>>>::default();
        let (wanted, kept) = (format!("Bearer {key}"), questions.clone());
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (wanted, kept) = (wanted.clone(), kept.clone());
                // Whoever leaves in the middle of it misses the rest.
                tokio::spawn(async move { answer(connection, &wanted, &kept).await });
            }
        });
        Ok(Self { base_url, questions })
    }

    /// Bodies of the chats that it was asked, the first one first.
    pub fn questions(&self) -> Vec<Value> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads one request and answers it.
async fn answer(connection: TcpStream, wanted: &str, questions: &Mutex<Vec<Value>>) -> Result<()> {
    let mut connection = BufReader::new(connection);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).await?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let header = |name: &str| {
        head.iter().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").map_or(Ok(0), |length| length.parse::<usize>())?;
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await?;
    let has_key = header("authorization").is_some_and(|value| value == wanted);
    let request = head.first().context("a request has a first line")?;
    let (status, kind, text) = match request.split(' ').take(2).collect::<Vec<_>>().as_slice() {
        _ if !has_key => ("401 Unauthorized", "application/json", error("Incorrect API key provided.")),
        ["GET", "/v1/models"] => ("200 OK", "application/json", models()),
        ["POST", "/v1/chat/completions"] => {
            let question: Value = serde_json::from_slice(&body)?;
            let chunks = chunks(&question["model"]);
            questions.lock().unwrap_or_else(PoisonError::into_inner).push(question);
            ("200 OK", "text/event-stream", chunks)
        }
        _ => ("404 Not Found", "application/json", error("There is no such thing here.")),
    };
    let length = text.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(text.as_bytes()).await?;
    Ok(connection.shutdown().await?)
}

fn error(message: &str) -> String {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}}).to_string()
}

fn models() -> String {
    let model = |id: &str| json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": "somebody"});
    json!({"object": "list", "data": MODELS.map(model)}).to_string()
}

/// The answer as server-sent events, word by word.
fn chunks(model: &Value) -> String {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model,
            "choices": choices, "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value, reason: Value| json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
    let mut text: String = ANSWER
        .split_inclusive(' ')
        .map(|word| chunk(delta(json!({"content": word}), Value::Null), Value::Null))
        .collect();
    text += &chunk(delta(json!({}), json!("stop")), Value::Null);
    text += &chunk(json!([]), json!({"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}));
    text + "data: [DONE]\n\n"
}
