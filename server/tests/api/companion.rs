//! `/api/models`: what there is, fetching with progress, removing.

use reqwest::Method;
use serde_json::{Value, json};
use server::model_store::Licence;

use crate::support::{Answer, TestCompanion};

fn licence() -> Option<Licence> {
    let (name, url) = ("Terms of Use".to_owned(), "https://example.com/terms".to_owned());
    Some(Licence { name, url, must_be_accepted: true })
}

/// The data of each event.
fn events(answer: &Answer) -> Vec<Value> {
    answer
        .text
        .split_terminator("\n\n")
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

async fn listed(companion: &TestCompanion, name: &str) -> Value {
    let models = companion.get("/api/models").await.json();
    let models = models["models"].as_array().unwrap().clone();
    models.into_iter().find(|model| model["name"] == name).unwrap()
}

#[tokio::test]
async fn the_catalogue_says_what_is_here() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"12345", licence()).start().await;
    let here = listed(&companion, "echo").await;
    assert_eq!((&here["fetched"], &here["loaded"], &here["download"]), (&json!(true), &json!(false), &Value::Null));
    let far = listed(&companion, "far").await;
    assert_eq!(
        (&far["fetched"], &far["size_bytes"], &far["title"]),
        (&json!(false), &json!(5), &json!("The far model"))
    );
    assert_eq!(
        far["licence"],
        json!({"name": "Terms of Use", "url": "https://example.com/terms", "must_be_accepted": true})
    );
}

#[tokio::test]
async fn a_model_is_fetched_used_and_removed() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"12345", None).start().await;
    let answer = companion.post("/api/models/far/pull", &json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"));
    assert_eq!(events(&answer).last().unwrap(), &json!({"state": "done", "name": "far", "size_bytes": 5}));
    assert_eq!(listed(&companion, "far").await["fetched"], true);

    let body = json!({"model": "far", "messages": [{"role": "user", "content": "hello"}]});
    assert_eq!(companion.post("/v1/chat/completions", &body).await.status, 200);
    assert_eq!(listed(&companion, "far").await["loaded"], true);

    let removed = Answer::read(companion.request(Method::DELETE, "/api/models/far")).await;
    assert_eq!(removed.status, 204);
    assert_eq!(listed(&companion, "far").await["fetched"], false);
    assert_eq!(companion.post("/v1/chat/completions", &body).await.error().0, 404);
    companion.backend.wait_for("unload far", 1).await;
}

#[tokio::test]
async fn terms_must_be_accepted_once() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"12345", licence()).start().await;
    let (status, code, _, message) = companion.post("/api/models/far/pull", &json!({})).await.error();
    assert_eq!((status, code.as_str()), (409, "licence_not_accepted"));
    assert!(message.contains("https://example.com/terms"), "{message}");
    for body in [json!({"accept_licence": true}), json!({})] {
        let answer = companion.post("/api/models/far/pull", &body).await;
        assert_eq!(events(&answer).last().unwrap()["state"], "done");
        Answer::read(companion.request(Method::DELETE, "/api/models/far")).await;
    }
}

#[tokio::test]
async fn only_models_of_the_catalogue_can_be_fetched() {
    let companion = TestCompanion::start().await;
    for name in ["none", "%2Fetc%2Fpasswd", "https:%2F%2Fexample.com%2Fm.gguf"] {
        let answer = companion.post(&format!("/api/models/{name}/pull"), &json!({})).await;
        assert_eq!(answer.error().0, 404, "{name}");
    }
}

#[tokio::test]
async fn there_must_be_something_to_stop_or_remove() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"12345", None).start().await;
    let delete = |path: &'static str| Answer::read(companion.request(Method::DELETE, path));
    assert_eq!(delete("/api/models/far/pull").await.error().1, "no_download");
    assert_eq!(delete("/api/models/far").await.error().0, 404);
}
