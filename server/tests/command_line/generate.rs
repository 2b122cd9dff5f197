//! `quern generate`, with a real model on the CPU.

use serde_json::Value;

use crate::quern::{Quern, smollm2, text};

fn generate(quern: &Quern, options: &[&str]) -> String {
    let model = smollm2();
    let fixed = ["generate", "--model", &model, "--device", "cpu", "--context-tokens", "256"];
    quern.run(&[&fixed, options].concat()).good()
}

#[test]
fn programs_get_one_object_and_each_form_of_the_prompt_the_same_answer() {
    let quern = Quern::new();
    let file = quern.file("prompt.txt", b"The capital of France is");
    let greedy = ["--max-tokens", "6", "--temperature", "0", "--json"];
    let answer =
        |prompt: &[&str]| -> Value { serde_json::from_str(&generate(&quern, &[prompt, &greedy].concat())).unwrap() };
    let by_text = answer(&["--prompt", "The capital of France is"]);
    assert!(by_text["text"].as_str().unwrap().starts_with(" Paris."), "{by_text}");
    assert_eq!((by_text["ids"].as_array().unwrap().len(), &by_text["finish_reason"]), (6, &"length".into()));
    for seconds in ["prefill_seconds", "decode_seconds"] {
        assert!(by_text[seconds].as_f64().unwrap() > 0.0, "{by_text}");
    }
    let ids: Vec<String> = by_text["prompt_ids"].as_array().unwrap().iter().map(ToString::to_string).collect();
    for prompt in [["--prompt-ids", &ids.join(",")], ["--prompt-file", text(&file)]] {
        let other = answer(&prompt);
        assert_eq!((&other["prompt_ids"], &other["ids"]), (&by_text["prompt_ids"], &by_text["ids"]));
    }
}

#[test]
fn the_same_seed_gives_the_same_text() {
    let quern = Quern::new();
    let with_seed =
        |seed| generate(&quern, &["--prompt", "Once", "--max-tokens", "12", "--temperature", "1.5", "--seed", seed]);
    assert_eq!(with_seed("7"), with_seed("7"));
    assert_ne!(with_seed("7"), with_seed("8"));
}

#[test]
fn a_stop_text_ends_the_answer_before_it() {
    let quern = Quern::new();
    let options =
        ["--prompt", "The capital of France is", "--temperature", "0", "--max-tokens", "20", "--stop", ".", "--json"];
    let answer: Value = serde_json::from_str(&generate(&quern, &options)).unwrap();
    assert_eq!((&answer["text"], &answer["finish_reason"]), (&" Paris".into(), &"stop".into()));
}

#[test]
fn an_answer_is_held_to_a_schema() {
    let quern = Quern::new();
    let schema = br#"{"type": "object", "properties": {"sky": {"enum": ["green", "blue"]}}, "required": ["sky"],
        "additionalProperties": false}"#;
    let file = quern.file("schema.json", schema);
    let prompt = ["--prompt", "The colour of the sky as JSON:", "--temperature", "0", "--json-schema"];
    let answer = generate(&quern, &[&prompt[..], &[text(&file)]].concat());
    assert!([r#"{"sky": "blue"}"#, r#"{"sky": "green"}"#].contains(&answer.trim_end()), "{answer}");
    let cannot = quern.file("cannot.json", br#"{"type": "array", "uniqueItems": true}"#);
    let options =
        ["generate", "--model", &smollm2(), "--device", "cpu", "--prompt", "a", "--json-schema", text(&cannot)];
    let errors = quern.run(&options).bad();
    assert!(errors.contains("uniqueItems"), "{errors}");
}

#[test]
fn one_prompt_is_needed() {
    let quern = Quern::new();
    for prompts in [&[][..], &["--prompt", "a", "--prompt-ids", "1"]] {
        let errors = quern.run(&[&["generate", "--model", "m"], prompts].concat()).bad();
        assert!(errors.contains("--prompt"), "{errors}");
    }
}

#[test]
fn an_answer_of_no_tokens_is_refused() {
    let errors = Quern::new().run(&["generate", "--model", "m", "--prompt", "a", "--max-tokens", "0"]).bad();
    assert!(errors.contains("--max-tokens"), "{errors}");
}

#[test]
fn an_id_that_is_no_token_is_refused() {
    let model = smollm2();
    let arguments = ["generate", "--model", &model, "--device", "cpu", "--prompt-ids", "4000000"];
    let errors = Quern::new().run(&arguments).bad();
    assert!(errors.contains("4000000 is outside the vocabulary"), "{errors}");
}
