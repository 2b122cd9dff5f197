//! `GET /v1/models` and `GET /v1/models/{id}`.

use crate::support::TestCompanion;

#[tokio::test]
async fn only_models_on_this_machine_are_listed() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"x", None).start().await;
    let list = companion.get("/v1/models").await.json();
    assert_eq!(list["object"], "list");
    let models = list["data"].as_array().unwrap();
    assert_eq!(models.len(), 1);
    assert_eq!((&models[0]["id"], &models[0]["object"]), (&"echo".into(), &"model".into()));
    assert!(models[0]["created"].as_u64().unwrap() > 1_700_000_000);
    assert!(models[0]["owned_by"].is_string());
    assert_eq!(companion.get("/v1/models/echo").await.json(), models[0]);
}

#[tokio::test]
async fn a_model_that_is_not_there() {
    let companion = TestCompanion::start().await;
    let (status, code, ..) = companion.get("/v1/models/some/one").await.error();
    assert_eq!((status, code.as_str()), (404, "model_not_found"));
}
