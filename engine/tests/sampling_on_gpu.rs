//! The kernels that choose tokens choose what `shared::sampling` chooses from the same logits, and however many tokens
//! one submission writes, they are the same.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::executor::{Executor, LogitsWanted};
use engine::gpu::{GpuDevice, GpuExecutor};
use engine::quantization::BlockType;
use engine::{Device, Model};
use shared::model_call::{GenerationEvent, GenerationLimits, GenerationRequest, Prompt};
use shared::sampling::{Sampler, SamplingParameters, gumbel};
use support::tiny_model::{Architecture, ModelShape, load};

const PROMPT: [u32; 5] = [12, 7, 2_044, 7, 300];

const TOKENS: usize = 64;

/// Logits of several chunks of 1,024, the last of them not full.
const VOCABULARY: usize = 2_601;

const DRAW: SamplingParameters = SamplingParameters { temperature: 1.0, seed: 11, ..SamplingParameters::GREEDY };

const COMBINATIONS: [SamplingParameters; 11] = [
    SamplingParameters::GREEDY,
    SamplingParameters { repetition_penalty: 1.4, ..SamplingParameters::GREEDY },
    DRAW,
    SamplingParameters { seed: 0x1234_5678_9abc_def0, temperature: 2.0, ..DRAW },
    SamplingParameters { top_k: 1, ..DRAW },
    SamplingParameters { top_k: 40, temperature: 0.7, ..DRAW },
    SamplingParameters { top_p: 0.9, ..DRAW },
    // Most tokens are too improbable to be drawn at all.
    SamplingParameters { top_p: 0.95, temperature: 0.15, seed: 3, ..DRAW },
    SamplingParameters { min_p: 0.2, ..DRAW },
    SamplingParameters { repetition_penalty: 0.8, ..DRAW },
    SamplingParameters {
        temperature: 1.5,
        top_k: 100,
        top_p: 0.8,
        min_p: 0.05,
        repetition_penalty: 1.2,
        seed: 1 << 40,
    },
];

fn model() -> Model {
    let tiny = ModelShape::tiny(Architecture::Llama, BlockType::Q8_0);
    let shape = ModelShape { vocabulary_size: VOCABULARY, ..tiny };
    let gpu = Device::Gpu(pollster::block_on(GpuDevice::request()).unwrap());
    load(shape.file(5).bytes(), gpu, 512).unwrap()
}

fn gpu_executor(model: &mut Model) -> &mut GpuExecutor {
    match model.executor_mut() {
        Executor::Gpu(executor) => executor,
        Executor::Cpu(_) => unreachable!("it was loaded on the GPU"),
    }
}

/// Lets the GPU write, a token at a time, and checks each against the CPU's choice from the logits that the GPU had.
fn write_one_by_one(executor: &mut GpuExecutor, parameters: SamplingParameters) -> Vec<u32> {
    executor.begin_answer(parameters, &PROMPT);
    let mut sampler = Sampler::new(parameters, VOCABULARY);
    PROMPT.iter().for_each(|&token| sampler.observe(token));
    let mut written = Vec::new();
    let (mut next, mut first_position) = (PROMPT.to_vec(), 0);
    let mut differing = 0;
    for _ in 0..TOKENS {
        let logits = pollster::block_on(executor.forward(&next, first_position, LogitsWanted::Last)).unwrap();
        let chosen = pollster::block_on(executor.choose_exactly(&next, first_position, 1)).unwrap()[0];
        first_position += next.len();
        if chosen != sampler.clone().choose(&mut logits.clone(), first_position as u32) {
            differing += 1;
            assert!(
                is_near_tie(&sampler, parameters, &logits, first_position as u32, chosen),
                "{parameters:?}: token {chosen} at position {first_position}, where the CPU is sure of another"
            );
        }
        sampler.observe(chosen);
        written.push(chosen);
        next = vec![chosen];
    }
    assert!(differing <= 1, "{parameters:?}: {differing} of {TOKENS} tokens were near ties, which are rare");
    written
}

/// GPUs may compute logarithms, exponentials and quotients with fewer digits than the CPU. So where two tokens' scores
/// differ by less than that, or a token is the last that top-p just keeps or just drops, either choice is right.
fn is_near_tie(sampler: &Sampler, parameters: SamplingParameters, logits: &[f32], position: u32, chosen: u32) -> bool {
    let mut penalized = logits.to_vec();
    let expected = sampler.clone().choose(&mut penalized, position);
    let score = |token: u32| match parameters.is_greedy() {
        true => penalized[token as usize],
        false => penalized[token as usize] / parameters.temperature + gumbel(parameters.seed, position, token),
    };
    let keeps_chosen = |top_p: f32| {
        // The penalty is already in these logits.
        let without_penalty = SamplingParameters { top_p, repetition_penalty: 1.0, ..parameters };
        Sampler::new(without_penalty, VOCABULARY).choose(&mut penalized.clone(), position) == chosen
    };
    (score(expected) - score(chosen)).abs() < 1e-3
        || parameters.top_p < 1.0 && [0.9999, 1.0001].into_iter().any(|factor| keeps_chosen(parameters.top_p * factor))
}

/// Lets the GPU write `each` tokens per submission.
fn write_together(executor: &mut GpuExecutor, parameters: SamplingParameters, each: usize) -> Vec<u32> {
    executor.begin_answer(parameters, &PROMPT);
    let mut written = pollster::block_on(executor.choose_exactly(&PROMPT, 0, 1)).unwrap();
    while written.len() < TOKENS {
        let first_position = PROMPT.len() + written.len() - 1;
        let last = [written[written.len() - 1]];
        let count = each.min(TOKENS - written.len());
        written.extend(pollster::block_on(executor.choose_exactly(&last, first_position, count)).unwrap());
    }
    written
}

#[test]
fn the_gpu_chooses_as_the_cpu_does_and_many_at_once_as_one_by_one() {
    let mut model = model();
    let executor = gpu_executor(&mut model);
    let mut answers = Vec::new();
    for parameters in COMBINATIONS {
        let one_by_one = write_one_by_one(executor, parameters);
        for each in [7, TOKENS] {
            assert_eq!(write_together(executor, parameters, each), one_by_one, "{parameters:?}, {each} at once");
        }
        answers.push(one_by_one);
    }
    // Parameters that were ignored would give the answers of others.
    for (index, answer) in answers.iter().enumerate() {
        for other in 0..index {
            let both = [COMBINATIONS[other], COMBINATIONS[index]];
            let are_greedy = both.iter().all(|parameters| parameters.is_greedy() || parameters.top_k == 1);
            let may_agree = are_greedy && both[0].repetition_penalty == both[1].repetition_penalty;
            assert_eq!(*answer == answers[other], may_agree, "{both:?}");
        }
    }
}

#[test]
fn an_answer_is_the_same_with_and_without_a_cache() {
    let mut model = model();
    let request = GenerationRequest::new(
        Prompt::Tokens(PROMPT.to_vec()),
        DRAW,
        GenerationLimits { max_tokens: Some(40), ignore_end_of_sequence: true, ..GenerationLimits::default() },
    );
    let mut answer = |request: &GenerationRequest| {
        let mut generation = model.generate(request).unwrap();
        let (mut written, mut cached) = (Vec::new(), 0);
        while let Some(event) = pollster::block_on(generation.next()) {
            match event.unwrap() {
                GenerationEvent::Text { ids, .. } => written.extend(ids),
                GenerationEvent::Finished { usage, .. } => cached = usage.cached_prompt_tokens,
                GenerationEvent::Started { .. } | GenerationEvent::Prefill { .. } => {}
                GenerationEvent::LogProbabilities { .. } => panic!("nobody asked for them"),
            }
        }
        (written, cached)
    };
    let (first, cached) = answer(&request);
    assert_eq!((first.len(), cached), (40, 0), "as many tokens as asked for, whatever a submission holds");
    assert_eq!(answer(&request), (first.clone(), 4), "the same again, all but the prompt's last token kept");
    // A second turn: the answer so far is the prompt, and all but its last token has been run.
    let longer = PROMPT.iter().chain(&first[..30]).copied().collect();
    let (rest, cached) = answer(&GenerationRequest { prompt: Prompt::Tokens(longer), ..request });
    assert_eq!((&rest[..10], cached), (&first[30..], 34));
}
