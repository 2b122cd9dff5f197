//! `/v1/uploads`: a file in parts.

use serde_json::{Value, json};

use crate::support::TestCompanion;

/// Two parts, and what they make together.
const PARTS: [&str; 2] = ["{\"a\": 1}\n{\"a\"", ": 2}\n"];
/// MD5 of both, by `md5sum`.
const MD5: &str = "f4edea771eacd63b8f31788b8275b30e";

/// Begins an upload of so many bytes and returns its path.
async fn begin(companion: &TestCompanion, bytes: usize) -> String {
    let request = json!({"bytes": bytes, "filename": "rows.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune"});
    let upload = companion.post("/v1/uploads", &request).await.json();
    assert_eq!(
        (&upload["object"], &upload["status"], &upload["file"]),
        (&"upload".into(), &"pending".into(), &Value::Null)
    );
    format!("/v1/uploads/{}", upload["id"].as_str().unwrap())
}

/// Adds parts and returns their ids.
async fn add(companion: &TestCompanion, upload: &str, parts: &[&str]) -> Vec<Value> {
    let mut ids = Vec::new();
    for part in parts {
        let part = companion.post_form(&format!("{upload}/parts"), &[("data", part)]).await.json();
        assert_eq!(part["object"], "upload.part");
        ids.push(part["id"].clone());
    }
    ids
}

#[tokio::test]
async fn parts_make_a_file_in_the_order_in_which_they_are_named() {
    let companion = TestCompanion::start().await;
    let whole = PARTS.concat();
    let upload = begin(&companion, whole.len()).await;
    let ids = add(&companion, &upload, &[PARTS[1], PARTS[0]]).await;
    let ended = companion
        .post(&format!("{upload}/complete"), &json!({"part_ids": [ids[1], ids[0]], "md5": MD5.to_uppercase()}))
        .await
        .json();
    assert_eq!((&ended["status"], &ended["file"]["bytes"]), (&"completed".into(), &whole.len().into()));
    let path = format!("/v1/files/{}", ended["file"]["id"].as_str().unwrap());
    assert_eq!(companion.get(&path).await.json(), ended["file"]);
    assert_eq!(companion.get(&format!("{path}/content")).await.text, whole);
    for action in ["complete", "cancel"] {
        let (status, _, param, message) =
            companion.post(&format!("{upload}/{action}"), &json!({"part_ids": ids})).await.error();
        assert_eq!((status, param.as_str()), (400, "upload_id"), "{message}");
        assert!(message.contains("is completed"), "{message}");
    }
}

#[tokio::test]
async fn parts_that_are_not_what_was_announced() {
    let companion = TestCompanion::start().await;
    let upload = begin(&companion, PARTS.concat().len()).await;
    let ids = add(&companion, &upload, &PARTS).await;
    let complete = format!("{upload}/complete");
    for (request, expected) in [
        (json!({"part_ids": ids, "md5": "0".repeat(32)}), "md5"),
        (json!({"part_ids": [ids[0]]}), "part_ids"),
        (json!({"part_ids": [ids[0], ids[0]]}), "part_ids"),
        (json!({"part_ids": [ids[0], "part_0"]}), "part_ids"),
        // The lines are broken in this order.
        (json!({"part_ids": [ids[1], ids[0]]}), "file"),
    ] {
        let (status, _, param, message) = companion.post(&complete, &request).await.error();
        assert_eq!((status, param.as_str()), (400, expected), "{request}: {message}");
    }
    let (status, _, param, message) = companion.post_form(&format!("{upload}/parts"), &[("data", "x")]).await.error();
    assert_eq!((status, param.as_str()), (400, "data"), "{message}");
    // None of that has ended it.
    let ended = companion.post(&complete, &json!({"part_ids": ids, "md5": MD5})).await.json();
    assert_eq!(ended["status"], "completed");
}

#[tokio::test]
async fn an_upload_that_is_cancelled_takes_no_more() {
    let companion = TestCompanion::start().await;
    let upload = begin(&companion, 10).await;
    let ids = add(&companion, &upload, &["1"]).await;
    assert_eq!(companion.post(&format!("{upload}/cancel"), &Value::Null).await.json()["status"], "cancelled");
    for answer in [
        companion.post_form(&format!("{upload}/parts"), &[("data", "x")]).await,
        companion.post(&format!("{upload}/complete"), &json!({"part_ids": ids})).await,
    ] {
        let (status, _, param, message) = answer.error();
        assert_eq!((status, param.as_str()), (400, "upload_id"), "{message}");
        assert!(message.contains("is cancelled"), "{message}");
    }
    assert_eq!(companion.get("/v1/files").await.json()["data"], json!([]));
    let (status, code, ..) = companion.post("/v1/uploads/upload_0/cancel", &Value::Null).await.error();
    assert_eq!((status, code.as_str()), (404, "upload_not_found"));
}

#[tokio::test]
async fn uploads_that_cannot_begin() {
    let companion = TestCompanion::builder().with_config(|config| config.limits.max_file_bytes = 100).start().await;
    let fine = json!({"bytes": 100, "filename": "rows.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune"});
    for (key, value, expected_status) in [
        ("bytes", json!(101), 413),
        ("purpose", json!("fine-tune-results"), 400),
        ("purpose", json!("fun"), 400),
        ("more", json!(1), 400),
    ] {
        let mut request = fine.clone();
        request[key] = value;
        let (status, _, param, message) = companion.post("/v1/uploads", &request).await.error();
        assert_eq!((status, param.as_str()), (expected_status, key), "{request}: {message}");
    }
    assert_eq!(companion.post("/v1/uploads", &fine).await.status, 200);
}
