//! Whatever goes wrong, the answer is OpenAI's envelope.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, TestCompanion};

#[tokio::test]
async fn unknown_routes_and_wrong_methods() {
    let companion = TestCompanion::start().await;
    for (method, path, expected) in [
        (Method::GET, "/v1/nothing", (404, "unknown_url")),
        (Method::POST, "/nothing", (404, "unknown_url")),
        (Method::GET, "/api/nothing", (404, "unknown_url")),
        (Method::GET, "/v1/chat/completions", (405, "method_not_allowed")),
        (Method::DELETE, "/v1/models", (405, "method_not_allowed")),
        (Method::PUT, "/health", (405, "method_not_allowed")),
    ] {
        let (status, code, ..) = Answer::read(companion.request(method.clone(), path)).await.error();
        assert_eq!((status, code.as_str()), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn paths_that_are_no_text() {
    let companion = TestCompanion::start().await;
    for path in ["/models/%FF", "/v1/models/%FF"] {
        assert_eq!(companion.get(path).await.error().0, 400, "{path}");
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let companion = TestCompanion::builder().with_config(|config| config.limits.max_body_bytes = 1000).start().await;
    let path = "/v1/chat/completions";
    let long = "x".repeat(1000);
    for (body, expected_status, expected_param) in [
        ("", 400, "null"),
        ("{", 400, "null"),
        ("[]", 400, "null"),
        ("{\"model\": \"echo\", \"messages\": []} {}", 400, "null"),
        ("{\"model\": 1, \"messages\": []}", 400, "model"),
        ("{\"model\": \"echo\"}", 400, "messages"),
        ("{\"model\": \"echo\", \"messages\": [{\"role\": \"user\", \"content\": 5}]}", 400, "messages[0].content"),
        (&json!({"model": "echo", "messages": [{"role": "user", "content": long}]}).to_string(), 413, "null"),
    ] {
        let answer = Answer::read(companion.request(Method::POST, path).body(body.to_owned())).await;
        let (status, _, param, message) = answer.error();
        assert_eq!((status, param.as_str()), (expected_status, expected_param), "{body}: {message}");
    }
}
