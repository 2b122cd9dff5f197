//! Many clients, one model at a time.

use serde_json::{Value, json};

use crate::support::{Answer, TestCompanion};

const PATH: &str = "/v1/chat/completions";

fn request(model: &str, content: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": content}]})
}

fn post(companion: &TestCompanion, body: &Value) -> tokio::task::JoinHandle<Answer> {
    tokio::spawn(Answer::read(companion.request(reqwest::Method::POST, PATH).json(body)))
}

#[tokio::test]
async fn a_full_queue_asks_to_come_back() {
    let companion = TestCompanion::builder().with_config(|config| config.inference.queue_length = 1).start().await;
    let working = post(&companion, &request("echo", "hold this"));
    companion.backend.wait_for("generate", 1).await;
    // One of two more finds the only place in the queue, the other is sent away; which one is not ours to say.
    let (second, third) = (post(&companion, &request("echo", "hello")), post(&companion, &request("echo", "hello")));
    let (refused, waiting) = futures::future::select(second, third).await.factor_first();
    let refused = refused.unwrap();
    assert_eq!((refused.error().0, refused.error().1.as_str()), (429, "rate_limit_exceeded"));
    assert_eq!(refused.header("retry-after"), "1");
    companion.backend.release();
    assert_eq!(waiting.await.unwrap().status, 200);
    assert_eq!(working.await.unwrap().status, 200);
}

#[tokio::test]
async fn one_model_makes_room_for_the_next() {
    let companion = TestCompanion::builder().with_model("other", b"other").start().await;
    for model in ["echo", "echo", "other", "echo"] {
        assert_eq!(companion.post(PATH, &request(model, "hello")).await.json()["model"], model);
    }
    let mut loads = companion.backend.happened();
    loads.retain(|event| event.contains("load"));
    assert_eq!(loads, ["load echo", "unload echo", "load other", "unload other", "load echo"]);
}

#[tokio::test]
async fn two_models_stay_where_there_is_room() {
    let builder = TestCompanion::builder().with_model("other", b"other");
    let companion = builder.with_config(|config| config.inference.max_loaded_models = 2).start().await;
    for model in ["echo", "other", "echo", "other"] {
        assert_eq!(companion.post(PATH, &request(model, "hello")).await.status, 200);
    }
    let mut loads = companion.backend.happened();
    loads.retain(|event| event.contains("load"));
    assert_eq!(loads, ["load echo", "load other"]);
    assert_eq!(companion.get("/health").await.json()["loaded_models"], json!(["echo", "other"]));
}

#[tokio::test]
async fn a_busy_model_finishes_before_it_makes_room() {
    let companion = TestCompanion::builder().with_model("other", b"other").start().await;
    let busy = post(&companion, &request("echo", "hold this"));
    companion.backend.wait_for("generate", 1).await;
    let next = post(&companion, &request("other", "hello"));
    companion.backend.release();
    assert_eq!(busy.await.unwrap().status, 200);
    assert_eq!(next.await.unwrap().status, 200);
    let happened = companion.backend.happened();
    let place = |event: &str| happened.iter().position(|entry| entry == event).unwrap();
    assert!(place("finished") < place("unload echo") && place("unload echo") < place("load other"), "{happened:?}");
}
