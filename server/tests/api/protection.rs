//! What browsers are told, and who is let in.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, TestCompanion};

#[tokio::test]
async fn every_answer_isolates_the_page() {
    let companion = TestCompanion::builder().with_app(&[("index.html", "<p>"), ("a.css", "p{}")]).start().await;
    for path in ["/", "/a.css", "/v1/models", "/v1/nothing", "/models/echo"] {
        let answer = companion.get(path).await;
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-embedder-policy"), "require-corp", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval'") && !policy.contains("script-src 'self' 'unsafe"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn a_name_that_was_pointed_here_is_refused() {
    let companion = TestCompanion::start().await;
    let request = companion.request(Method::GET, "/v1/models").header("host", "evil.example");
    assert_eq!(Answer::read(request).await.error().0, 403);
    let request = companion.request(Method::GET, "/v1/models").header("host", "localhost:1");
    assert_eq!(Answer::read(request).await.status, 200);
}

#[tokio::test]
async fn pages_of_other_sites_get_nothing() {
    let companion = TestCompanion::start().await;
    let body = json!({"model": "echo", "messages": [{"role": "user", "content": "hello"}]}).to_string();
    let post = || {
        companion.request(Method::POST, "/v1/chat/completions").header("content-type", "text/plain").body(body.clone())
    };
    assert_eq!(Answer::read(post().header("origin", "https://evil.example")).await.error().0, 403);
    assert!(companion.backend.happened().is_empty());
    let read = companion.request(Method::GET, "/v1/models").header("origin", "https://evil.example");
    assert_eq!(Answer::read(read).await.header("access-control-allow-origin"), "");

    let ours = Answer::read(post().header("origin", "http://localhost:8080")).await;
    assert_eq!((ours.status.as_u16(), ours.header("access-control-allow-origin")), (200, "http://localhost:8080"));
}

#[tokio::test]
async fn a_page_that_is_allowed_may_ask_first() {
    let allow = |config: &mut server::config::Config| {
        config.listen.allowed_origins = vec!["https://app.example.com".to_owned()]
    };
    let companion = TestCompanion::builder().with_config(allow).start().await;
    let preflight = companion
        .request(Method::OPTIONS, "/v1/chat/completions")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-stainless-os")
        .header("access-control-request-private-network", "true");
    let answer = Answer::read(preflight).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.com");
    assert_eq!(answer.header("access-control-allow-headers"), "content-type,x-stainless-os");
    assert_eq!(answer.header("access-control-allow-private-network"), "true");
}
