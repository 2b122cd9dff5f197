//! Answers as a caller sees them: events in order, stops, limits, seeds, the cache between turns.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::{Device, Model};
use shared::model_call::{
    ChatMessage, FinishReason, GenerationEvent, GenerationLimits, GenerationRequest, GenerationUsage,
    LogProbabilitiesWanted, ModelCallErrorKind, Prompt, TokenLogProbability,
};
use shared::sampling::SamplingParameters;
use support::reference_models::SMOLLM2;

struct Answer {
    text: String,
    ids: Vec<u32>,
    reason: FinishReason,
    usage: GenerationUsage,
}

fn ask(model: &mut Model, request: &GenerationRequest) -> Answer {
    let mut generation = model.generate(request).unwrap();
    let (mut text, mut ids) = (String::new(), Vec::new());
    let first = pollster::block_on(generation.next()).unwrap().unwrap();
    assert!(matches!(first, GenerationEvent::Started { .. }));
    loop {
        match pollster::block_on(generation.next()).unwrap().unwrap() {
            GenerationEvent::Started { .. } => panic!("it starts once"),
            GenerationEvent::LogProbabilities { .. } => panic!("nobody asked for them"),
            GenerationEvent::Prefill { done_tokens, total_tokens } => assert!(done_tokens < total_tokens),
            GenerationEvent::Text { text: piece, ids: new } => {
                text.push_str(&piece);
                ids.extend(new);
            }
            GenerationEvent::Finished { reason, usage } => {
                assert!(pollster::block_on(generation.next()).is_none());
                return Answer { text, ids, reason, usage };
            }
        }
    }
}

fn chat(turns: &[(&str, &str)], limits: GenerationLimits) -> GenerationRequest {
    let messages =
        turns.iter().map(|&(role, content)| ChatMessage { role: role.to_owned(), content: content.to_owned() });
    GenerationRequest::new(Prompt::Chat(messages.collect()), SamplingParameters::GREEDY, limits)
}

const FRANCE: (&str, &str) = ("user", "What is the capital of France?");

fn model() -> Model {
    SMOLLM2.load(Device::Cpu { threads: 2 })
}

#[test]
fn an_answer_ends_by_itself() {
    let mut model = model();
    let answer = ask(&mut model, &chat(&[FRANCE], GenerationLimits::default()));
    assert_eq!(answer.text, "The capital of France is Paris.");
    assert_eq!(answer.reason, FinishReason::Stop);
    assert_eq!((answer.usage.prompt_tokens, answer.usage.completion_tokens), (37, 8));
    assert_eq!(answer.ids.len(), 8, "the end-of-turn token counts");
    assert!(answer.usage.prefill_seconds > 0.0 && answer.usage.decode_seconds > 0.0);

    let next = [FRANCE, ("assistant", "The capital of France is Paris."), ("user", "And of Spain?")];
    let again = ask(&mut model, &chat(&next, GenerationLimits::default()));
    assert_eq!(again.usage.cached_prompt_tokens, 44, "the first turn and its answer are still there");
}

#[test]
fn limits_and_stop_texts_end_an_answer() {
    let mut model = model();
    let short = GenerationLimits { max_tokens: Some(3), ..GenerationLimits::default() };
    let answer = ask(&mut model, &chat(&[FRANCE], short));
    assert_eq!((answer.text.as_str(), answer.reason), ("The capital of", FinishReason::Length));

    let stop = GenerationLimits { stop: vec!["ance is".to_owned()], ..GenerationLimits::default() };
    let answer = ask(&mut model, &chat(&[FRANCE], stop));
    assert_eq!((answer.text.as_str(), answer.reason), ("The capital of Fr", FinishReason::Stop));

    let on = GenerationLimits { max_tokens: Some(12), ignore_end_of_sequence: true, ..GenerationLimits::default() };
    let answer = ask(&mut model, &chat(&[FRANCE], on));
    assert_eq!((answer.ids.len(), answer.reason), (12, FinishReason::Length));
}

#[test]
fn the_same_seed_gives_the_same_text() {
    let mut model = model();
    let mut draw = |seed| {
        let limits = GenerationLimits { max_tokens: Some(24), ..GenerationLimits::default() };
        let sampling = SamplingParameters { temperature: 1.0, seed, ..SamplingParameters::default() };
        ask(&mut model, &GenerationRequest { sampling, ..chat(&[("user", "Tell me a story.")], limits) }).text
    };
    let first = draw(1);
    assert_eq!(first, draw(1));
    assert_ne!(first, draw(2));
}

#[test]
fn a_cached_prefix_changes_nothing() {
    let mut model = model();
    let request = chat(&[FRANCE], GenerationLimits { max_tokens: Some(8), ..GenerationLimits::default() });
    let cold = ask(&mut model, &request);
    let warm = ask(&mut model, &request);
    assert_eq!(warm.usage.cached_prompt_tokens, 36);
    assert_eq!(cold.ids, warm.ids);
}

#[test]
fn what_cannot_be_served_is_said() {
    let mut model = model();
    let refuse = |model: &mut Model, prompt| {
        let request = GenerationRequest::new(prompt, SamplingParameters::GREEDY, GenerationLimits::default());
        model.generate(&request).err().unwrap()
    };
    assert_eq!(refuse(&mut model, Prompt::Tokens(vec![])).param.as_deref(), Some("prompt"));
    assert_eq!(refuse(&mut model, Prompt::Tokens(vec![49_152])).kind, ModelCallErrorKind::InvalidRequest);
    let long = refuse(&mut model, Prompt::Tokens(vec![1; 2048]));
    assert_eq!(long.kind, ModelCallErrorKind::ContextLengthExceeded);
    assert!(long.message.contains("2049 tokens don't fit the context of 2048"), "{}", long.message);
}

/// What is told of the prompt's tokens, and how many of them were in the cache.
fn scores(model: &mut Model, ids: &[u32], max_tokens: u32) -> (Vec<TokenLogProbability>, u32) {
    let limits = GenerationLimits { max_tokens: Some(max_tokens), ..GenerationLimits::default() };
    let request = GenerationRequest {
        log_probabilities: Some(LogProbabilitiesWanted { top: 2, of_prompt: true }),
        ..GenerationRequest::new(Prompt::Tokens(ids.to_vec()), SamplingParameters::GREEDY, limits)
    };
    let mut generation = model.generate(&request).unwrap();
    let mut told = Vec::new();
    while let Some(event) = pollster::block_on(generation.next()) {
        match event.unwrap() {
            GenerationEvent::LogProbabilities { tokens } => told.extend(tokens),
            GenerationEvent::Finished { usage, .. } => return (told, usage.cached_prompt_tokens),
            _ => {}
        }
    }
    panic!("it ends with its usage");
}

#[test]
fn log_probabilities_are_those_of_the_logits_and_shared_beginnings_are_read_once() {
    let ids: Vec<u32> = (100..140).collect();
    let mut model = model();
    let (told, cached) = scores(&mut model, &ids, 0);
    assert_eq!((told.len(), cached), (ids.len(), 0));
    let mut expected = vec![None];
    pollster::block_on(model.score(&ids, &mut |index, logits| {
        if let Some(&next) = ids.get(index + 1) {
            let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
            expected.push(Some(f64::from(logits[next as usize] - largest) - sum.ln()));
        }
    }))
    .unwrap();
    for (told, (id, expected)) in told.iter().zip(ids.iter().zip(expected)) {
        assert_eq!((told.id, told.log_probability.is_some()), (Some(*id), expected.is_some()));
        let difference = told.log_probability.map_or(0.0, f64::from) - expected.unwrap_or(0.0);
        assert!(difference.abs() < 1e-3, "{told:?} is off by {difference}");
    }

    // The same beginning with another end, and an answer of one token: as with an empty cache, but for what is read.
    let other: Vec<u32> = ids[..30].iter().copied().chain(200..206).collect();
    scores(&mut model, &ids, 0);
    let (shared, cached) = scores(&mut model, &other, 1);
    assert_eq!(cached, 29, "the last shared token is read again for what follows it");
    let (alone, _) = scores(&mut self::model(), &other, 1);
    assert_eq!((shared.len(), alone.len()), (other.len() + 1, other.len() + 1));
    for (shared, alone) in shared.iter().zip(&alone) {
        assert_eq!(shared.id, alone.id);
        let difference = shared.log_probability.unwrap_or(0.0) - alone.log_probability.unwrap_or(0.0);
        assert!(difference.abs() < 1e-3, "{shared:?} and {alone:?}");
        assert_eq!(shared.top.len(), alone.top.len());
    }
}
