//! `POST /v1/embeddings`.

use serde_json::{Value, json};

use crate::support::TestCompanion;

const PATH: &str = "/v1/embeddings";

#[tokio::test]
async fn a_text_becomes_a_vector() {
    let companion = TestCompanion::start().await;
    let answer = companion.post(PATH, &json!({"model": "echo", "input": "abc x yyyy"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut json = answer.json();
    let vector: Vec<f64> = serde_json::from_value(json["data"][0]["embedding"].take()).unwrap();
    assert!((vector[0] - 0.6).abs() < 1e-6 && (vector[1] - 0.8).abs() < 1e-6, "{vector:?}");
    let expected = json!({
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": null}],
        "model": "echo",
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    });
    assert_eq!(json, expected);
}

#[tokio::test]
async fn several_texts_get_theirs_in_order() {
    let companion = TestCompanion::start().await;
    // The model's vector has the direction of its first and last word's lengths; a token is the word `t` and its id.
    for (input, expected) in [(json!(["a bbb", "cccc d"]), [1.0 / 3.0, 4.0]), (json!([[7, 8], [1234, 5]]), [1.0, 2.5])]
    {
        let answer = companion.post(PATH, &json!({"model": "echo", "input": input, "user": "me"})).await.json();
        for (index, expected) in expected.into_iter().enumerate() {
            let number = |at: usize| answer["data"][index]["embedding"][at].as_f64().unwrap();
            assert!((number(0) / number(1) - expected).abs() < 1e-5, "{answer}");
        }
        assert_eq!((&answer["data"][1]["index"], &answer["usage"]["total_tokens"]), (&json!(1), &json!(4)));
    }
}

/// OpenAI's clients ask for base64 unless told otherwise.
#[tokio::test]
async fn base64_holds_little_endian_floats() {
    let companion = TestCompanion::start().await;
    let body = json!({"model": "echo", "input": "abc yyyy", "encoding_format": "base64"});
    let answer = companion.post(PATH, &body).await.json();
    // [0.6, 0.8] by Python: base64.b64encode(struct.pack("<2f", 0.6, 0.8))
    assert_eq!(answer["data"][0]["embedding"], json!("mpkZP83MTD8="));
}

#[tokio::test]
async fn what_cannot_be_embedded_is_refused_by_name() {
    let companion = TestCompanion::start().await;
    let cases: [(Value, &str, &str); 6] = [
        (json!({"input": ""}), "null", "input"),
        (json!({"input": []}), "null", "input"),
        (json!({"input": ["a", ""]}), "null", "input"),
        (json!({"input": "word ".repeat(65)}), "context_length_exceeded", "input"),
        (json!({"input": "a", "dimensions": 8}), "null", "dimensions"),
        (json!({"input": "a", "encoding_format": "hex"}), "null", "encoding_format"),
    ];
    for (mut body, expected_code, expected_param) in cases {
        body["model"] = json!("echo");
        let (status, code, param, message) = companion.post(PATH, &body).await.error();
        assert_eq!((status, code.as_str(), param.as_str()), (400, expected_code, expected_param), "{message}");
    }
    let (status, code, ..) = companion.post(PATH, &json!({"model": "none", "input": "a"})).await.error();
    assert_eq!((status, code.as_str()), (404, "model_not_found"));
}

#[tokio::test]
async fn texts_whose_client_has_left_are_not_embedded() {
    let companion = TestCompanion::start().await;
    let held =
        companion.request(reqwest::Method::POST, PATH).json(&json!({"model": "echo", "input": ["hold", "b", "c"]}));
    let held = tokio::spawn(held.send());
    companion.backend.wait_for("embed", 1).await;
    held.abort();
    assert!(held.await.unwrap_err().is_cancelled());
    // The companion hears of it on its next look at the connection.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    companion.backend.release();
    assert_eq!(companion.post(PATH, &json!({"model": "echo", "input": "d"})).await.status, 200);
    let embedded = companion.backend.happened().iter().filter(|happened| *happened == "embed").count();
    assert_eq!(embedded, 2, "the one that was held, and the next client's");
}
