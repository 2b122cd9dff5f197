//! `/v1/files`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestCompanion};

const ROWS: &str = "{\"a\": 1}\n{\"a\": 2}\n";

/// Uploads rows and returns their id.
async fn upload(companion: &TestCompanion, purpose: &str) -> String {
    let file = companion.post_form("/v1/files", &[("purpose", purpose), ("file", ROWS)]).await.json();
    file["id"].as_str().unwrap_or_else(|| panic!("no file: {file}")).to_owned()
}

#[tokio::test]
async fn a_file_comes_back_as_it_went_until_it_is_deleted() {
    let companion = TestCompanion::start().await;
    let fields = [
        ("file", ROWS),
        ("purpose", "fine-tune"),
        ("expires_after[anchor]", "created_at"),
        ("expires_after[seconds]", "3600"),
    ];
    let file = companion.post_form("/v1/files", &fields).await.json();
    let expires_at = file["created_at"].as_i64().unwrap() + 3600;
    for (key, expected) in [
        ("object", json!("file")),
        ("bytes", json!(ROWS.len())),
        ("filename", json!("rows.jsonl")),
        ("purpose", json!("fine-tune")),
        ("status", json!("processed")),
        ("expires_at", json!(expires_at)),
    ] {
        assert_eq!(file[key], expected, "{key}");
    }
    let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
    assert_eq!(companion.get(&path).await.json(), file);
    let content = companion.get(&format!("{path}/content")).await;
    assert_eq!((content.text.as_str(), content.header("content-type")), (ROWS, "application/octet-stream"));
    assert!(content.header("content-disposition").starts_with("attachment"));

    let deleted = Answer::read(companion.request(Method::DELETE, &path)).await.json();
    assert_eq!(deleted, json!({"id": file["id"], "object": "file", "deleted": true}));
    for answer in [
        companion.get(&path).await,
        companion.get(&format!("{path}/content")).await,
        Answer::read(companion.request(Method::DELETE, &path)).await,
    ] {
        let (status, code, param, _) = answer.error();
        assert_eq!((status, code.as_str(), param.as_str()), (404, "file_not_found", "id"));
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let companion = TestCompanion::start().await;
    let mut ids = Vec::new();
    for purpose in ["fine-tune", "user_data", "fine-tune"] {
        ids.push(upload(&companion, purpose).await);
    }
    let [first, second, third] = &ids[..] else { panic!("{ids:?}") };
    for (query, expected, has_more) in [
        (String::new(), vec![third, second, first], false),
        ("?order=asc".to_owned(), vec![first, second, third], false),
        ("?limit=2".to_owned(), vec![third, second], true),
        (format!("?limit=2&after={second}"), vec![first], false),
        (format!("?order=asc&limit=1&after={first}"), vec![second], true),
        ("?purpose=fine-tune".to_owned(), vec![third, first], false),
    ] {
        let page = companion.get(&format!("/v1/files{query}")).await.json();
        let listed: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|file| &file["id"]).collect();
        assert_eq!(listed, expected, "{query}");
        assert_eq!(page["has_more"], has_more, "{query}");
        assert_eq!((&page["first_id"], &page["last_id"]), (listed[0], listed[listed.len() - 1]), "{query}");
    }
    for (query, expected) in
        [("limit=0", "limit"), ("order=up", "order"), ("after=file-1", "after"), ("purpose=x", "purpose"), ("x=1", "x")]
    {
        let (status, _, param, message) = companion.get(&format!("/v1/files?{query}")).await.error();
        assert_eq!((status, param.as_str()), (400, expected), "{query}: {message}");
    }
}

#[tokio::test]
async fn what_is_no_file_of_its_purpose_is_refused_and_not_kept() {
    let companion = TestCompanion::builder().with_config(|config| config.limits.max_file_bytes = 100).start().await;
    let long = "{\"a\": 1}\n".repeat(20);
    let purpose = ("purpose", "fine-tune");
    for (fields, expected_status, expected_param, words) in [
        (vec![("purpose", "fine-tune-results"), ("file", ROWS)], 400, "purpose", "it must be one of"),
        (vec![("purpose", "fun"), ("file", ROWS)], 400, "purpose", "purpose is fun"),
        (vec![("file", ROWS)], 400, "purpose", "missing"),
        (vec![purpose], 400, "file", "missing"),
        (vec![purpose, ("file", "{\"a\": 1}\n{\"a\":\n[1]\n")], 400, "file", "line 2: "),
        (vec![purpose, ("file", "\n")], 400, "file", "no rows"),
        (vec![purpose, ("file", &long)], 413, "file", "100 bytes"),
        (vec![purpose, ("more", "1"), ("file", ROWS)], 400, "more", "not known"),
        (vec![purpose, ("file", ROWS), ("expires_after[seconds]", "3600")], 400, "expires_after", "anchor"),
    ] {
        let (status, _, param, message) = companion.post_form("/v1/files", &fields).await.error();
        assert_eq!((status, param.as_str()), (expected_status, expected_param), "{fields:?}: {message}");
        assert!(message.contains(words), "{fields:?}: {message}");
    }
    let lines = companion.post_form("/v1/files", &[purpose, ("file", "1\n{}\n[")]).await.error().3;
    assert!(lines.contains("line 1: ") && lines.contains("line 3: "), "{lines}");
    // Lines are only looked at where the purpose asks for rows.
    companion.post_form("/v1/files", &[("purpose", "user_data"), ("file", "any words")]).await.json();
    assert_eq!(companion.get("/v1/files").await.json()["data"].as_array().unwrap().len(), 1);
}
