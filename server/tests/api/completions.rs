//! `POST /v1/completions`.

use serde_json::{Value, json};
use shared::model_call::{GenerationRequest, LogProbabilitiesWanted, Prompt};

use crate::sse::chunks;
use crate::support::TestCompanion;

const PATH: &str = "/v1/completions";

#[tokio::test]
async fn a_text_is_continued() {
    let companion = TestCompanion::start().await;
    let answer =
        companion.post(PATH, &json!({"model": "echo", "prompt": "once upon a time", "max_tokens": 2})).await.json();
    assert!(answer["id"].as_str().unwrap().starts_with("cmpl-"));
    assert_eq!(answer["object"], "text_completion");
    assert_eq!(
        answer["choices"],
        json!([{"index": 0, "text": "once upon", "logprobs": null, "finish_reason": "length"}])
    );
    assert_eq!((&answer["usage"]["prompt_tokens"], &answer["usage"]["completion_tokens"]), (&json!(4), &json!(2)));
    assert_eq!(companion.backend.requests()[0].prompt, Prompt::Text("once upon a time".to_owned()));
}

#[tokio::test]
async fn several_prompts_get_a_choice_each() {
    let companion = TestCompanion::start().await;
    let answer = companion.post(PATH, &json!({"model": "echo", "prompt": ["one", "two three"]})).await.json();
    let texts: Vec<&Value> = answer["choices"].as_array().unwrap().iter().map(|choice| &choice["text"]).collect();
    assert_eq!(texts, ["one", "two three"]);
    assert_eq!(answer["choices"][1]["index"], 1);
    assert_eq!(answer["usage"]["total_tokens"], 6);
}

#[tokio::test]
async fn prompts_that_begin_alike_are_read_one_after_the_other_and_answered_in_their_order() {
    let companion = TestCompanion::start().await;
    let prompts = ["one and two", "three", "one and four", "three and five"];
    let body = json!({"model": "echo", "prompt": prompts, "max_tokens": 9});
    let answer = companion.post(PATH, &body).await.json();
    let texts: Vec<&Value> = answer["choices"].as_array().unwrap().iter().map(|choice| &choice["text"]).collect();
    assert_eq!(texts, prompts);
    let read = |requests: Vec<GenerationRequest>| -> Vec<Prompt> {
        requests.into_iter().map(|request| request.prompt).collect()
    };
    let as_texts = |texts: [&str; 4]| texts.map(|text| Prompt::Text(text.to_owned())).to_vec();
    let by_beginning = as_texts(["one and four", "one and two", "three", "three and five"]);
    assert_eq!(read(companion.backend.requests()), by_beginning);
    let tokens = json!({"model": "echo", "prompt": [[7, 1], [5], [7, 0]]});
    companion.post(PATH, &tokens).await;
    let tokens = [vec![5], vec![7, 0], vec![7, 1]].map(Prompt::Tokens);
    assert_eq!(read(companion.backend.requests())[4..], tokens);
    // A stream tells the first answer first.
    let streamed = json!({"model": "echo", "prompt": prompts, "stream": true});
    companion.post(PATH, &streamed).await;
    assert_eq!(read(companion.backend.requests())[7..], as_texts(prompts));
}

#[tokio::test]
async fn more_prompts_than_may_wait_are_answered_by_an_idle_model() {
    let companion = TestCompanion::builder().with_config(|config| config.inference.queue_length = 1).start().await;
    let answer = companion.post(PATH, &json!({"model": "echo", "prompt": ["a", "b", "c", "d", "e"]})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["choices"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_named() {
    let companion = TestCompanion::start().await;
    for prompt in [json!("word ".repeat(65)), json!(["short", "word ".repeat(65)])] {
        let (status, code, param, _) = companion.post(PATH, &json!({"model": "echo", "prompt": prompt})).await.error();
        assert_eq!((status, code.as_str(), param.as_str()), (400, "context_length_exceeded", "prompt"));
    }
}

#[tokio::test]
async fn token_ids_are_taken_as_they_are() {
    let companion = TestCompanion::start().await;
    let answer = companion.post(PATH, &json!({"model": "echo", "prompt": [5, 31]})).await.json();
    assert_eq!(answer["choices"][0]["text"], "t5 t31");
    assert_eq!(companion.backend.requests()[0].prompt, Prompt::Tokens(vec![5, 31]));
}

#[tokio::test]
async fn a_stream_has_no_role_and_ends_like_any_other() {
    let companion = TestCompanion::start().await;
    let body =
        json!({"model": "echo", "prompt": "two words", "stream": true, "stream_options": {"include_usage": true}});
    let chunks = chunks(&companion.post(PATH, &body).await.text);
    let choices: Vec<(&Value, &Value)> =
        chunks[..3].iter().map(|chunk| (&chunk["choices"][0]["text"], &chunk["choices"][0]["finish_reason"])).collect();
    assert_eq!(
        choices,
        [(&json!("two"), &Value::Null), (&json!(" words"), &Value::Null), (&json!(""), &json!("stop"))]
    );
    assert_eq!((&chunks[3]["choices"], &chunks[3]["usage"]["total_tokens"]), (&json!([]), &json!(4)));
    assert!(chunks.iter().all(|chunk| chunk["object"] == "text_completion"));
}

#[tokio::test]
async fn fields_that_are_not_honoured_are_refused_by_name() {
    let companion = TestCompanion::start().await;
    for (field, value) in [("best_of", json!(3)), ("suffix", json!("end")), ("logprobs", json!(6)), ("n", json!(2))] {
        let mut body = json!({"model": "echo", "prompt": "hello"});
        body[field] = value;
        let (status, _, param, message) = companion.post(PATH, &body).await.error();
        assert_eq!((status, param.as_str()), (400, field), "{message}");
    }
}

#[tokio::test]
async fn a_prompt_is_given_back_before_its_continuation_and_asked_for_with_log_probabilities() {
    let companion = TestCompanion::start().await;
    let body = json!({"model": "echo", "prompt": "hello", "echo": true, "logprobs": 1, "max_tokens": 1});
    let answer = companion.post(PATH, &body).await.json();
    assert_eq!(answer["choices"][0]["text"], "hellohello");
    let wanted = LogProbabilitiesWanted { top: 1, of_prompt: true };
    assert_eq!(companion.backend.requests()[0].log_probabilities, Some(wanted));
    let body = json!({"model": "echo", "prompt": "hello", "echo": true, "max_tokens": 1, "stream": true});
    let stream = companion.post(PATH, &body).await.text;
    let (echo, rest) = (stream.find("\"text\":\"hello\"").unwrap(), stream.rfind("\"text\":\"hello\"").unwrap());
    assert!(echo < rest, "{stream}");
}
