//! `POST /v1/chat/completions`.

use futures::StreamExt;
use serde_json::{Value, json};
use shared::model_call::{ChatMessage, OutputConstraint, Prompt};

use crate::sse::chunks;
use crate::support::TestCompanion;

const PATH: &str = "/v1/chat/completions";

fn request(content: &str) -> Value {
    json!({"model": "echo", "messages": [{"role": "user", "content": content}]})
}

fn with(content: &str, fields: &Value) -> Value {
    let mut request = request(content);
    for (key, value) in fields.as_object().unwrap() {
        request[key] = value.clone();
    }
    request
}

/// Replaces what differs each time, after checking its form.
#[track_caller]
fn without_identity(mut json: Value) -> Value {
    let id = json["id"].take();
    assert!(id.as_str().is_some_and(|id| id.starts_with("chatcmpl-") && id.len() > 20), "{id}");
    let created = json["created"].take();
    assert!(created.as_u64().is_some_and(|created| created > 1_700_000_000), "{created}");
    json
}

#[tokio::test]
async fn an_answer_in_one_piece() {
    let companion = TestCompanion::start().await;
    let answer = companion.post(PATH, &request("say these words")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        without_identity(answer.json()),
        json!({
            "id": null, "object": "chat.completion", "created": null, "model": "echo",
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": "say these words"},
                "finish_reason": "stop",
                "logprobs": null,
            }],
            "usage": {
                "prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6,
                "prompt_tokens_details": {"cached_tokens": 1},
            },
        })
    );
}

#[tokio::test]
async fn a_stream_begins_with_the_role_and_ends_with_the_reason() {
    let companion = TestCompanion::start().await;
    let answer = companion.post(PATH, &with("two words", &json!({"stream": true}))).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("cache-control"), "no-cache");
    let chunks = chunks(&answer.text);
    let deltas: Vec<(&Value, &Value)> =
        chunks.iter().map(|chunk| (&chunk["choices"][0]["delta"], &chunk["choices"][0]["finish_reason"])).collect();
    let null = Value::Null;
    assert_eq!(
        deltas,
        [
            (&json!({"role": "assistant", "content": ""}), &null),
            (&json!({"content": "two"}), &null),
            (&json!({"content": " words"}), &null),
            (&json!({}), &json!("stop")),
        ]
    );
    for chunk in &chunks {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!((&chunk["id"], &chunk["model"]), (&chunks[0]["id"], &json!("echo")));
        assert!(chunk.get("usage").is_none(), "{chunk}");
        without_identity(chunk.clone());
    }
}

#[tokio::test]
async fn usage_comes_in_a_chunk_of_its_own_when_asked_for() {
    let companion = TestCompanion::start().await;
    let options = json!({"stream": true, "stream_options": {"include_usage": true}, "max_tokens": 1});
    let chunks = chunks(&companion.post(PATH, &with("two words", &options)).await.text);
    let (last, others) = chunks.split_last().unwrap();
    assert!(others.iter().all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()));
    assert_eq!(others.last().unwrap()["choices"][0]["finish_reason"], "length");
    assert_eq!(last["choices"], json!([]));
    let usage = &last["usage"];
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"]),
        (&json!(2), &json!(1), &json!(3))
    );
}

#[tokio::test]
async fn sampling_limits_and_messages_reach_the_model() {
    let companion = TestCompanion::start().await;
    let body = json!({
        "model": "echo",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]},
        ],
        "temperature": 0.5, "top_p": 0.25, "seed": 7, "stop": ["END"], "max_completion_tokens": 9,
    });
    assert_eq!(companion.post(PATH, &body).await.status, 200);
    let requests = companion.backend.requests();
    let message = |role: &str, content: &str| ChatMessage { role: role.to_owned(), content: content.to_owned() };
    assert_eq!(requests[0].prompt, Prompt::Chat(vec![message("system", "Be brief."), message("user", "one two")]));
    let sampling = requests[0].sampling;
    assert_eq!((sampling.temperature, sampling.top_p, sampling.seed), (0.5, 0.25, 7));
    assert_eq!(requests[0].limits.stop, ["END"]);
    assert_eq!(requests[0].limits.max_tokens, Some(9));
}

#[tokio::test]
async fn without_a_seed_each_answer_has_its_own() {
    let companion = TestCompanion::start().await;
    companion.post(PATH, &request("hello")).await;
    companion.post(PATH, &request("hello")).await;
    let requests = companion.backend.requests();
    assert_ne!(requests[0].sampling.seed, requests[1].sampling.seed);
}

#[tokio::test]
async fn fields_that_are_not_honoured_are_refused_by_name() {
    let companion = TestCompanion::start().await;
    for (fields, expected_param) in [
        (json!({"n": 2}), "n"),
        (json!({"top_logprobs": 2}), "top_logprobs"),
        (json!({"tools": [{"type": "function", "function": {"name": "f"}}]}), "tools"),
        (json!({"response_format": {"type": "grammar"}}), "response_format.type"),
        (json!({"response_format": {"type": "json_schema"}}), "response_format.json_schema"),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": 5}}}),
            "response_format",
        ),
        (json!({"logit_bias": {"5": 1}}), "logit_bias"),
        (json!({"temperature": 9}), "temperature"),
        (json!({"no_such_field": 1}), "no_such_field"),
        (json!({"stream_options": {"include_usage": true}}), "stream_options"),
        (
            json!({"stream": true, "stream_options": {"include_obfuscation": true}}),
            "stream_options.include_obfuscation",
        ),
        (json!({"stop": 5}), "stop"),
    ] {
        let (status, _, param, message) = companion.post(PATH, &with("hello", &fields)).await.error();
        assert_eq!((status, param.as_str()), (400, expected_param), "{message}");
    }
    assert!(companion.backend.requests().is_empty());
}

#[tokio::test]
async fn a_response_format_becomes_the_constraint_that_the_model_is_held_to() {
    let companion = TestCompanion::start().await;
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let named = json!({"name": "answer", "description": "An a.", "strict": true, "schema": schema.clone()});
    for (format, expected) in [
        (json!({"type": "text"}), None),
        (json!({"type": "json_object"}), Some(OutputConstraint::JsonObject)),
        (json!({"type": "json_schema", "json_schema": named}), Some(OutputConstraint::JsonSchema(schema))),
        (json!({"type": "json_schema", "json_schema": {"name": "n"}}), Some(OutputConstraint::JsonObject)),
    ] {
        let answer = companion.post(PATH, &with("hello", &json!({"response_format": format}))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(companion.backend.requests().last().unwrap().constraint, expected);
    }
}

#[tokio::test]
async fn models_that_are_not_there_are_named() {
    let companion = TestCompanion::builder().with_model_to_fetch("far", b"x", None).start().await;
    for (model, advice) in [("far", "quern models pull far"), ("none", "quern models list")] {
        let (status, code, param, message) =
            companion.post(PATH, &with("hello", &json!({"model": model}))).await.error();
        assert_eq!((status, code.as_str(), param.as_str()), (404, "model_not_found", "model"));
        assert!(message.contains(advice), "{message}");
    }
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_refused_before_a_stream_begins() {
    let companion = TestCompanion::start().await;
    let long = "word ".repeat(65);
    for stream in [false, true] {
        let (status, code, param, _) = companion.post(PATH, &with(&long, &json!({"stream": stream}))).await.error();
        assert_eq!((status, code.as_str(), param.as_str()), (400, "context_length_exceeded", "messages"));
    }
}

#[tokio::test]
async fn a_model_that_cannot_be_loaded_says_why_and_is_tried_again() {
    let companion = TestCompanion::builder().with_model("broken", b"broken").start().await;
    for _ in 0..2 {
        let answer = companion.post(PATH, &with("hello", &json!({"model": "broken"}))).await;
        assert_eq!(answer.error(), (503, "unavailable".into(), "null".into(), "this file is no model".into()));
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(companion.backend.happened(), ["load broken", "load broken"]);
}

#[tokio::test]
async fn a_failure_in_the_middle_is_an_event_of_the_stream() {
    let companion = TestCompanion::start().await;
    let answer = companion.post(PATH, &with("one fail", &json!({"stream": true}))).await;
    assert_eq!(answer.status, 200);
    let events: Vec<&str> = answer.text.trim_end().split("\n\n").collect();
    let error: Value = serde_json::from_str(events.last().unwrap().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(error["error"]["message"], "the device was lost");
    assert!(!answer.text.contains("[DONE]"), "a broken answer must not look finished");
    let (status, ..) = companion.post(PATH, &request("one fail")).await.error();
    assert_eq!(status, 503);
}

#[tokio::test]
async fn a_model_that_dies_takes_nobody_along() {
    let companion = TestCompanion::start().await;
    let (status, _, _, message) = companion.post(PATH, &request("now panic")).await.error();
    assert_eq!(status, 503);
    assert!(message.contains("stopped unexpectedly"), "{message}");
    assert_eq!(companion.post(PATH, &request("hello")).await.status, 200);
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_cancels_the_work() {
    let companion = TestCompanion::start().await;
    let body = with("endless", &json!({"stream": true}));
    let response = companion.request(reqwest::Method::POST, PATH).json(&body).send().await.unwrap();
    let mut events = response.bytes_stream();
    assert!(events.next().await.unwrap().is_ok());
    drop(events);
    companion.backend.wait_for("cancelled", 1).await;
}

#[tokio::test]
async fn a_client_that_stops_waiting_for_an_answer_cancels_the_work() {
    let companion = TestCompanion::start().await;
    let sending = companion.request(reqwest::Method::POST, PATH).json(&request("endless")).send();
    tokio::select! {
        _ = sending => panic!("an endless answer ended"),
        () = companion.backend.wait_for("generate", 1) => {}
    }
    companion.backend.wait_for("cancelled", 1).await;
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let companion = TestCompanion::builder().with_config(|config| config.limits.keep_alive_seconds = 1).start().await;
    let body = with("pause and go", &json!({"stream": true}));
    let response = companion.request(reqwest::Method::POST, PATH).json(&body).send().await.unwrap();
    let mut events = response.bytes_stream();
    let mut text = String::new();
    while !text.contains("\n\n: ") && !text.starts_with(": ") {
        text.push_str(std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap());
    }
    companion.backend.release();
    while let Some(bytes) = events.next().await {
        text.push_str(std::str::from_utf8(&bytes.unwrap()).unwrap());
    }
    assert_eq!(chunks(&text).len(), 5);
}
