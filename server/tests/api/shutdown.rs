//! Told to stop, the companion lets answers finish for a while, then ends them.

use futures::StreamExt;
use serde_json::json;

use crate::sse::chunks;
use crate::support::{Answer, TestCompanion};

const PATH: &str = "/v1/chat/completions";

#[tokio::test]
async fn a_running_answer_may_finish() {
    let companion = TestCompanion::start().await;
    let body = json!({"model": "echo", "stream": true, "messages": [{"role": "user", "content": "hold on"}]});
    let running = tokio::spawn(Answer::read(companion.request(reqwest::Method::POST, PATH).json(&body)));
    companion.backend.wait_for("generate", 1).await;
    companion.stop.cancel();
    companion.backend.release();
    assert_eq!(chunks(&running.await.unwrap().text).len(), 4);
    assert_eq!(companion.ended().await.happened().last().unwrap(), "unload echo");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_ended_with_an_error() {
    let companion =
        TestCompanion::builder().with_config(|config| config.limits.shutdown_grace_seconds = 0).start().await;
    let body = json!({"model": "echo", "stream": true, "messages": [{"role": "user", "content": "endless"}]});
    let response = companion.request(reqwest::Method::POST, PATH).json(&body).send().await.unwrap();
    let mut events = response.bytes_stream();
    assert!(events.next().await.unwrap().is_ok());
    companion.stop.cancel();
    let mut text = String::new();
    while let Some(Ok(bytes)) = events.next().await {
        text.push_str(std::str::from_utf8(&bytes).unwrap());
    }
    assert!(text.trim_end().ends_with("}}") && text.contains("shutting down"), "{text}");
    companion.backend.wait_for("cancelled", 1).await;
    companion.ended().await;
}
