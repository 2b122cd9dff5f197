//! `/api/models`: what there is, fetching with progress, removing.

use reqwest::Method;
use serde_json::json;
use shared::api::companion::{CompanionModel, CompanionModelState, CompanionModels, PullEvent};
use shared::catalog::Licence;

use crate::support::{Answer, TestCompanion};

const PULL: &str = "/api/models/pull";

fn licence() -> Option<Licence> {
    let (id, url) = ("Terms of Use".to_owned(), "https://example.com/terms".to_owned());
    Some(Licence { id, url, must_accept: true })
}

/// The events of an answer, as the app reads them.
fn events(answer: &Answer) -> Vec<PullEvent> {
    answer
        .text
        .split_terminator("\n\n")
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

async fn listed(companion: &TestCompanion, name: &str) -> CompanionModel {
    let models: CompanionModels = serde_json::from_str(&companion.get("/api/models").await.text).unwrap();
    models.models.into_iter().find(|model| model.name == name).unwrap()
}

async fn loaded(companion: &TestCompanion) -> serde_json::Value {
    companion.get("/health").await.json()["loaded_models"].clone()
}

#[tokio::test]
async fn the_catalogue_says_what_is_here() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"12345", licence()).start().await;
    let here = listed(&companion, "echo").await;
    assert!(matches!(here.state, CompanionModelState::Installed { size_bytes: 38, .. }), "{here:?}");
    assert_eq!(loaded(&companion).await, json!([]));
    let far = listed(&companion, "far").await;
    assert_eq!(far.state, CompanionModelState::Absent);
    let entry = far.entry.unwrap();
    assert_eq!((entry.size_bytes, entry.title.as_str()), (5, "The far model"));
    assert_eq!(Some(entry.licence), licence());
}

#[tokio::test]
async fn a_model_is_fetched_used_and_removed() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"12345", None).start().await;
    let answer = companion.post(PULL, &json!({"model": "far"})).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"));
    assert_eq!(events(&answer).last().unwrap(), &PullEvent::Done { name: "far".to_owned() });
    let state = listed(&companion, "far").await.state;
    assert!(matches!(state, CompanionModelState::Installed { size_bytes: 5, .. }), "{state:?}");

    let body = json!({"model": "far", "messages": [{"role": "user", "content": "hello"}]});
    assert_eq!(companion.post("/v1/chat/completions", &body).await.status, 200);
    assert_eq!(loaded(&companion).await, json!(["far"]));

    let removed = Answer::read(companion.request(Method::DELETE, "/api/models/far")).await;
    assert_eq!(removed.status, 204);
    assert_eq!(listed(&companion, "far").await.state, CompanionModelState::Absent);
    assert_eq!(companion.post("/v1/chat/completions", &body).await.error().0, 404);
    companion.backend.wait_for("unload far", 1).await;
}

#[tokio::test]
async fn terms_must_be_accepted_once() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"12345", licence()).start().await;
    let (status, code, _, message) = companion.post(PULL, &json!({"model": "far"})).await.error();
    assert_eq!((status, code.as_str()), (409, "licence_not_accepted"));
    assert!(message.contains("https://example.com/terms"), "{message}");
    for body in [json!({"model": "far", "accept_licence": true}), json!({"model": "far"})] {
        let answer = companion.post(PULL, &body).await;
        assert_eq!(events(&answer).last().unwrap(), &PullEvent::Done { name: "far".to_owned() });
        Answer::read(companion.request(Method::DELETE, "/api/models/far")).await;
    }
}

#[tokio::test]
async fn only_models_of_the_catalogue_can_be_fetched() {
    let companion = TestCompanion::start().await;
    for model in ["none", "/etc/passwd", "https://example.com/m.gguf"] {
        assert_eq!(companion.post(PULL, &json!({"model": model})).await.error().0, 404, "{model}");
    }
}

#[tokio::test]
async fn a_pull_with_a_field_that_means_nothing_is_refused() {
    let companion = TestCompanion::start().await;
    let (status, _, param, _) = companion.post(PULL, &json!({"model": "echo", "accept_license": true})).await.error();
    assert_eq!((status, param.as_str()), (400, "accept_license"));
}

#[tokio::test]
async fn a_download_goes_on_without_its_client_until_it_is_stopped() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"12345", None).start().await;
    let _held = companion.hold_download_of("far");
    let pull = || companion.request(Method::POST, PULL).json(&json!({"model": "far"})).send();
    // The head of the answer comes with the first news; then this client leaves.
    drop(pull().await.unwrap());
    let fetching = CompanionModelState::Fetching { done_bytes: 0, total_bytes: None };
    assert_eq!(listed(&companion, "far").await.state, fetching);

    let joined = pull().await.unwrap();
    let stop = Answer::read(companion.request(Method::DELETE, "/api/models/far/pull"));
    let (stopped, text) = futures::future::join(stop, joined.text()).await;
    assert_eq!(stopped.status, 204);
    assert!(text.unwrap().contains("the download was stopped"));
    assert_eq!(listed(&companion, "far").await.state, CompanionModelState::Absent);
}

#[tokio::test]
async fn there_must_be_something_to_stop_or_remove() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"12345", None).start().await;
    let delete = |path: &'static str| Answer::read(companion.request(Method::DELETE, path));
    assert_eq!(delete("/api/models/far/pull").await.error().1, "no_download");
    assert_eq!(delete("/api/models/far").await.error().0, 404);
}
