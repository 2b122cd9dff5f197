//! Answers that are held to a JSON Schema: all of them are what it asks for.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use std::path::PathBuf;

use engine::{Device, Model};
use serde_json::{Value, json};
use shared::model_call::{
    ChatMessage, FinishReason, GenerationEvent, GenerationLimits, GenerationRequest, GenerationUsage,
    LogProbabilitiesWanted, ModelCallErrorKind, OutputConstraint, Prompt,
};
use shared::sampling::SamplingParameters;
use support::reference_models::SMOLLM2;

struct Answer {
    text: String,
    ids: Vec<u32>,
    reason: FinishReason,
    usage: GenerationUsage,
    scored: Vec<u32>,
}

/// Far more than any answer here needs: an answer that gets there goes round in circles.
const MOST_TOKENS: u32 = 600;

fn request(prompt: &str, sampling: SamplingParameters, constraint: OutputConstraint) -> GenerationRequest {
    let message = ChatMessage { role: "user".to_owned(), content: prompt.to_owned() };
    let limits = GenerationLimits { max_tokens: Some(MOST_TOKENS), ..GenerationLimits::default() };
    let request = GenerationRequest::new(Prompt::Chat(vec![message]), sampling, limits);
    GenerationRequest { constraint: Some(constraint), ..request }
}

fn ask(model: &mut Model, request: &GenerationRequest) -> Answer {
    let mut generation = model.generate(request).unwrap();
    let (mut text, mut ids, mut scored) = (String::new(), Vec::new(), Vec::new());
    loop {
        match pollster::block_on(generation.next()).unwrap().unwrap() {
            GenerationEvent::Started { .. } | GenerationEvent::Prefill { .. } => {}
            GenerationEvent::LogProbabilities { tokens } => scored.extend(tokens.iter().filter_map(|token| token.id)),
            GenerationEvent::Text { text: piece, ids: new } => {
                text.push_str(&piece);
                ids.extend(new);
            }
            GenerationEvent::Finished { reason, usage } => return Answer { text, ids, reason, usage, scored },
        }
    }
}

/// Where the schemas and prompts lie; the tab is asked the same in `tests/journeys/structured_output.rs`.
fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../tests/structured_output")
}

fn prompts() -> Vec<String> {
    let prompts: Vec<String> =
        serde_json::from_str(&std::fs::read_to_string(folder().join("prompts.json")).unwrap()).unwrap();
    assert_eq!(prompts.len(), 10);
    prompts
}

fn schemas() -> Vec<(String, Value)> {
    let mut schemas: Vec<(String, Value)> = std::fs::read_dir(folder().join("schemas"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
        })
        .collect();
    schemas.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(schemas.len(), 20);
    schemas
}

/// Draws an answer to each prompt for every schema, the prompt's number being the seed. Every one must be valid, and
/// none may be cut: what the schemas ask for has an end.
fn check(model: &mut Model, prompts: &[String]) {
    let (mut valid, mut cut, mut tokens, mut seconds) = (0, Vec::new(), 0, 0.0);
    for (name, schema) in schemas() {
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        for (seed, prompt) in prompts.iter().enumerate() {
            let sampling = SamplingParameters { temperature: 1.0, seed: seed as u64, ..SamplingParameters::default() };
            let answer = ask(model, &request(prompt, sampling, OutputConstraint::JsonSchema(schema.clone())));
            assert_eq!(answer.ids.len(), answer.usage.completion_tokens as usize);
            tokens += answer.usage.completion_tokens;
            seconds += answer.usage.decode_seconds;
            if answer.reason == FinishReason::Length {
                cut.push(format!("{name}, {prompt:?}: {}", answer.text));
                continue;
            }
            let value: Value = serde_json::from_str(&answer.text)
                .unwrap_or_else(|error| panic!("{name}, {prompt:?}: {error}: {}", answer.text));
            let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{name}, {prompt:?}: {problems:?}: {}", answer.text);
            valid += 1;
        }
    }
    let speed = f64::from(tokens) / seconds;
    println!("{}: {valid} valid, {} cut, {tokens} tokens, {speed:.1} tokens/s", model.device_name(), cut.len());
    assert!(cut.is_empty(), "{cut:#?}");
}

#[test]
fn every_answer_is_what_its_schema_asks_for() {
    check(&mut SMOLLM2.load(Device::Cpu { threads: 2 }), &prompts()[..2]);
}

#[test]
#[ignore = "takes minutes: 200 answers"]
fn two_hundred_answers_are_what_their_schemas_ask_for() {
    check(&mut SMOLLM2.load(Device::Cpu { threads: 2 }), &prompts());
}

#[test]
fn every_answer_on_the_gpu_too() {
    let gpu = pollster::block_on(engine::gpu::GpuDevice::request()).unwrap();
    check(&mut SMOLLM2.load(Device::Gpu(gpu)), &prompts()[5..6]);
}

#[test]
fn forced_tokens_change_no_text() {
    let mut model = SMOLLM2.load(Device::Cpu { threads: 2 });
    for (name, schema) in schemas() {
        let quick = request("Describe a person.", SamplingParameters::GREEDY, OutputConstraint::JsonSchema(schema));
        let mut slow = quick.clone();
        // To tell how probable a token was, each must be asked for.
        slow.log_probabilities = Some(LogProbabilitiesWanted { top: 0, of_prompt: false });
        let (quick, slow) = (ask(&mut model, &quick), ask(&mut model, &slow));
        assert_eq!(slow.scored, slow.ids);
        assert_eq!(quick.text, slow.text, "{name}");
    }
}

/// What these ask for has no end of its own, and a small model finds none.
#[test]
fn an_answer_comes_to_its_end_before_its_tokens_run_out() {
    let mut model = SMOLLM2.load(Device::Cpu { threads: 2 });
    let story = json!({ "type": "string" });
    for schema in [
        json!({ "type": "object", "properties": { "story": story }, "required": ["story"] }),
        json!({ "type": "array", "items": story }),
        json!({ "$defs": { "tree": { "type": "object", "properties": { "left": { "$ref": "#/$defs/tree" } } } },
            "$ref": "#/$defs/tree" }),
        json!({ "type": "object" }),
        json!({ "type": "number" }),
        json!(true),
    ] {
        let validator = jsonschema::validator_for(&schema).unwrap();
        for seed in 0..3 {
            let sampling = SamplingParameters { temperature: 1.0, seed, ..SamplingParameters::default() };
            let constraint = OutputConstraint::JsonSchema(schema.clone());
            let mut request = request("Tell a very long story about numbers.", sampling, constraint);
            request.limits.max_tokens = Some(64);
            let answer = ask(&mut model, &request);
            assert_eq!(answer.reason, FinishReason::Stop, "{schema}: {}", answer.text);
            let value: Value = serde_json::from_str(&answer.text).unwrap();
            assert!(validator.is_valid(&value), "{schema}: {}", answer.text);
        }
    }
}

#[test]
fn a_cut_answer_says_so() {
    let mut model = SMOLLM2.load(Device::Cpu { threads: 2 });
    let mut request = request("Describe a person.", SamplingParameters::GREEDY, OutputConstraint::JsonObject);
    request.limits.max_tokens = Some(2);
    let answer = ask(&mut model, &request);
    assert_eq!((answer.reason, answer.ids.len()), (FinishReason::Length, 2));
    assert!(answer.text.starts_with('{'), "{}", answer.text);
}

#[test]
fn a_schema_that_cannot_be_enforced_is_refused() {
    let mut model = SMOLLM2.load(Device::Cpu { threads: 2 });
    for (schema, reason) in [
        (json!("object"), "a JSON Schema is an object"),
        (json!({ "type": "array", "uniqueItems": true }), "uniqueItems"),
        (json!({ "oneOf": [{ "type": "integer" }, { "type": "number" }] }), "use anyOf"),
        (json!({ "not": { "type": "null" } }), "not"),
        (json!({ "type": "string", "pattern": "(?=a)b" }), "its pattern: error: look-around"),
        (json!({ "type": "integer", "minimum": 3, "maximum": 2 }), "minimum"),
        (json!({ "$ref": "#/$defs/nowhere" }), "nowhere"),
    ] {
        let request = request("Hello", SamplingParameters::GREEDY, OutputConstraint::JsonSchema(schema));
        let error = model.generate(&request).err().unwrap();
        assert_eq!(error.kind, ModelCallErrorKind::InvalidRequest);
        assert_eq!(error.param.as_deref(), Some("response_format"));
        assert!(error.message.contains(reason), "{}", error.message);
    }
}
