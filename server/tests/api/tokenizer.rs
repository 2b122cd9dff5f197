//! `POST /tokenize`, `POST /detokenize`, `GET /tokenizer_info`.

use serde_json::json;

use crate::support::TestCompanion;

#[tokio::test]
async fn text_becomes_tokens_and_text_again() {
    let companion = TestCompanion::start().await;
    let bare = companion.post("/tokenize", &json!({"prompt": "abb</s>", "add_special_tokens": false})).await.json();
    assert_eq!((&bare["tokens"], &bare["count"]), (&json!([4, 3, 1]), &json!(3)));
    assert_eq!(bare["token_strs"], json!(null));
    let whole = json!({"model": "echo", "prompt": "ab", "return_token_strs": true});
    let whole = companion.post("/tokenize", &whole).await.json();
    assert_eq!((&whole["tokens"], &whole["token_strs"]), (&json!([0, 4]), &json!(["<s>", "ab"])));
    let back = companion.post("/detokenize", &json!({"tokens": [0, 4, 3, 1]})).await.json();
    assert_eq!(back, json!({"prompt": "<s>abb</s>"}));
    let info = companion.get("/tokenizer_info").await.json();
    assert_eq!(
        (&info["bos_token"], &info["eos_token"], &info["model"]),
        (&json!("<s>"), &json!("</s>"), &json!("echo"))
    );
    let reads = companion.backend.happened();
    assert_eq!(reads, ["read echo"], "the header is read once, and no model is loaded");
}

#[tokio::test]
async fn what_cannot_be_answered_is_said() {
    let companion = TestCompanion::builder().with_model("other", b"another model").start().await;
    let (status, _, param, message) = companion.post("/tokenize", &json!({"prompt": "a"})).await.error();
    assert_eq!((status, param.as_str()), (400, "model"));
    assert!(message.contains("several models"), "{message}");
    let far = companion.post("/detokenize", &json!({"model": "echo", "tokens": [2, 99]})).await.error();
    assert_eq!((far.0, far.2.as_str()), (400, "tokens"));
    let unknown = companion.post("/tokenize", &json!({"model": "echo", "prompt": "a", "truncate": 3})).await.error();
    assert_eq!((unknown.0, unknown.2.as_str()), (400, "truncate"));
}
