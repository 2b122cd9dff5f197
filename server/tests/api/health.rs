//! `GET /health`.

use serde_json::json;

use crate::support::TestCompanion;

#[tokio::test]
async fn it_answers_before_any_model_is_loaded() {
    let companion = TestCompanion::start().await;
    let answer = companion.get("/health").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["status"], "ok");
    assert_eq!(answer.json()["loaded_models"], json!([]));
}
