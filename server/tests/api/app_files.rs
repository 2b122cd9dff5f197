//! The app's files.

use reqwest::Method;

use crate::support::{Answer, TestCompanion, test_companion::Builder};

const PAGE: &str = "<!doctype html><script type=\"module\">import init from '/app-0123456789abcdef.js';</script>";

fn builder() -> Builder {
    TestCompanion::builder().with_app(&[
        ("index.html", PAGE),
        ("app-0123456789abcdef.js", &format!("// {}", "x".repeat(2000))),
        ("app-0123456789abcdef_bg.wasm", "\0asm"),
        ("service_worker.js", "self"),
        ("precache.json", "[]"),
    ])
}

async fn visit(companion: &TestCompanion, path: &str) -> Answer {
    Answer::read(companion.request(Method::GET, path).header("accept", "text/html,*/*")).await
}

#[tokio::test]
async fn page_paths_lead_to_the_page() {
    let companion = builder().start().await;
    for path in ["/", "/index.html", "/chat", "/models", "/prompts/7"] {
        let answer = visit(&companion, path).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, PAGE), "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("'sha256-9oXkpZ9dX4xhmYCBT3CfvS8xrCd3g1LzCqVyzRoWf8A='") || policy.contains("'sha256-"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn what_is_missing_is_not_the_page() {
    let companion = builder().start().await;
    for path in ["/missing.js", "/v1/missing", "/api/missing", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        assert_eq!(visit(&companion, path).await.error().0, 404, "{path}");
    }
    // A script asking for a path that looks like a page gets no HTML either.
    assert_eq!(companion.get("/chat").await.error().0, 404);
}

#[tokio::test]
async fn types_and_lifetimes_follow_the_name() {
    let companion = builder().start().await;
    for (path, content_type, cache_control) in [
        ("/app-0123456789abcdef.js", "text/javascript", "public, max-age=31536000, immutable"),
        ("/app-0123456789abcdef_bg.wasm", "application/wasm", "public, max-age=31536000, immutable"),
        ("/service_worker.js", "text/javascript", "no-cache"),
        ("/precache.json", "application/json", "no-cache"),
    ] {
        let answer = companion.get(path).await;
        assert_eq!(
            (answer.header("content-type"), answer.header("cache-control")),
            (content_type, cache_control),
            "{path}"
        );
    }
}

#[tokio::test]
async fn text_is_compressed() {
    let companion = builder().start().await;
    let request = companion.request(Method::GET, "/app-0123456789abcdef.js").header("accept-encoding", "gzip");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert!(answer.bytes().await.unwrap().len() < 200);
}

#[tokio::test]
async fn without_the_app_there_is_still_an_answer() {
    let companion = TestCompanion::start().await;
    let answer = visit(&companion, "/").await;
    assert!(answer.text.contains("quern is running"), "{}", answer.text);
    assert_eq!(visit(&companion, "/chat").await.error().0, 404);
}
