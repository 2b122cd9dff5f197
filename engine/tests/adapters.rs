//! Adapters beside a model's weights compute what merged weights compute, on every backend; they come and go between
//! requests without a trace, and those of other models are refused.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use std::time::Instant;

use engine::adapter::{LoraAdapter, LoraSettings, Scaling};
use engine::gguf::GgufFile;
use engine::gpu::GpuDevice;
use engine::quantization::BlockType;
use engine::training::{CpuTrainer, Method, PackedBatch, Recompute};
use engine::{Device, Model};
use shared::model_call::{GenerationEvent, GenerationLimits, GenerationRequest, Prompt};
use shared::sampling::SamplingParameters;
use support::gguf_file::GgufContent;
use support::random::Random;
use support::tiny_model::{Architecture, ModelShape, load};

/// How far logits may be from those of a model with merged weights, as the mean squared difference over the mean square:
/// what the backends' own rounding of quantized products and cached keys makes of them (see `backends_agree.rs`).
const TOLERANCE: f64 = 1e-6;

const VOCABULARY: usize = 515;

fn cpu() -> Device {
    Device::Cpu { threads: 2 }
}

fn gpu() -> Device {
    Device::Gpu(pollster::block_on(GpuDevice::request()).unwrap())
}

const DEVICES: [fn() -> Device; 2] = [cpu, gpu];

fn settings(rank: usize, scaling: Scaling, targets: &[&str]) -> LoraSettings {
    let targets = targets.iter().map(|target| (*target).to_owned()).collect();
    LoraSettings { rank, alpha: 2.0 * rank as f32, scaling, targets }
}

fn whole(rank: usize) -> LoraSettings {
    settings(rank, Scaling::Rank, &LoraSettings::ALL_TARGETS)
}

/// A trainer as after some steps: B is not zero.
fn trainer(bytes: &Vec<u8>, settings: LoraSettings, seed: u64) -> CpuTrainer {
    let (file, method) = (GgufFile::read(bytes).unwrap(), Method::Lora(settings));
    let mut trainer = CpuTrainer::load(&file, bytes, &method, Recompute::Nothing, 2, seed).unwrap();
    let mut random = Random::new(seed);
    for parameter in trainer.parameters.list.iter().filter(|parameter| parameter.name.ends_with("lora_b")) {
        trainer.parameters.values[parameter.range.clone()].fill_with(|| random.between(-0.1, 0.1));
    }
    trainer
}

fn adapter(bytes: &Vec<u8>, settings: LoraSettings, seed: u64) -> LoraAdapter {
    trainer(bytes, settings, seed).adapter().unwrap()
}

/// The model with the adapter's matrices added to its weights, all of them as 32-bit floats.
fn merged(mut file: GgufContent, adapter: &LoraAdapter) -> Vec<u8> {
    for tensor in &mut file.tensors {
        let block_type = BlockType::from_gguf_id(tensor.type_id).unwrap();
        let mut values = vec![0.0; tensor.dimensions.iter().product::<u64>() as usize];
        block_type.dequantize(&tensor.bytes, &mut values);
        if let Some(matrix) = adapter.matrices.iter().find(|matrix| matrix.tensor == tensor.name) {
            let (rank, factor) = (adapter.settings.rank, f64::from(adapter.settings.factor()));
            for (index, value) in values.iter_mut().enumerate() {
                let (row, column) = (index / matrix.columns, index % matrix.columns);
                let product = |at: usize| {
                    f64::from(matrix.b[row * rank + at]) * f64::from(matrix.a[at * matrix.columns + column])
                };
                *value = (f64::from(*value) + factor * (0..rank).map(product).sum::<f64>()) as f32;
            }
        }
        tensor.type_id = BlockType::F32.gguf_id();
        tensor.bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    }
    file.bytes()
}

fn tokens(count: usize) -> Vec<u32> {
    let mut random = Random::new(11);
    (0..count).map(|_| random.below(VOCABULARY) as u32).collect()
}

/// The logits after each token: in batches of several, and the last token alone.
fn logits(model: &mut Model) -> Vec<f32> {
    let mut logits = Vec::new();
    pollster::block_on(model.score(&tokens(49), &mut |_, row| logits.extend_from_slice(row))).unwrap();
    logits
}

fn use_new(model: &mut Model, name: &str, adapter: &LoraAdapter) {
    pollster::block_on(model.load_adapter(name, adapter)).unwrap();
    model.use_adapter(Some(name)).unwrap();
}

/// The mean squared difference over the mean square.
fn difference(expected: &[f32], got: &[f32]) -> f64 {
    assert_eq!(expected.len(), got.len());
    let square = |x: f32| f64::from(x) * f64::from(x);
    let size: f64 = expected.iter().copied().map(square).sum();
    expected.iter().zip(got).map(|(a, b)| square(a - b)).sum::<f64>() / size
}

#[test]
fn an_adapter_gives_what_merged_weights_give() {
    let some_targets = settings(5, Scaling::RootOfRank, &["attn_q", "attn_v", "ffn_up", "ffn_down"]);
    for architecture in Architecture::ALL {
        for (block_type, settings) in [(BlockType::F32, some_targets.clone()), (BlockType::Q8_0, whole(16))] {
            let file = ModelShape::tiny(architecture, block_type).file(7);
            let bytes = file.bytes();
            let adapter = adapter(&bytes, settings, 5);
            let merged = merged(file, &adapter);
            for device in DEVICES {
                let mut model = load(bytes.clone(), device(), 512).unwrap();
                let base = logits(&mut model);
                use_new(&mut model, "adapter", &adapter);
                let adapted = logits(&mut model);
                let expected = logits(&mut load(merged.clone(), device(), 512).unwrap());
                let (off, change) = (difference(&expected, &adapted), difference(&base, &adapted));
                let what = format!("{architecture:?} in {block_type} on {}", model.device_name());
                println!("{what}: off by {off:.1e}, changed by {change:.1e}");
                assert!(off < TOLERANCE, "{what}: off by {off:e}");
                assert!(change > 1e-2, "{what}: the adapter changes no more than {change:e}");
            }
        }
    }
}

#[test]
fn an_adapter_gives_what_its_trainer_computed() {
    for (architecture, scaling) in Architecture::ALL.into_iter().zip([Scaling::Rank, Scaling::RootOfRank]) {
        let bytes = ModelShape::tiny(architecture, BlockType::F32).file(7).bytes();
        let mut trainer = trainer(&bytes, settings(6, scaling, &LoraSettings::ALL_TARGETS), 5);
        let tokens = tokens(49);
        let mut batch = PackedBatch::default();
        batch.push(&tokens, &[true; 49]);
        let expected = trainer.loss(&batch).unwrap();
        for device in DEVICES {
            let mut model = load(bytes.clone(), device(), 512).unwrap();
            // As it comes back from a file.
            let adapter = LoraAdapter::from_gguf(&trainer.adapter().unwrap().to_gguf()).unwrap();
            use_new(&mut model, "adapter", &adapter);
            let mut loss = 0.0;
            for (row, token) in logits(&mut model).chunks_exact(VOCABULARY).zip(&tokens[1..]) {
                let total: f64 = row.iter().map(|logit| f64::from(*logit).exp()).sum();
                loss += total.ln() - f64::from(row[*token as usize]);
            }
            let off = (loss - expected).abs() / expected;
            assert!(off < 5e-5, "{architecture:?} {scaling:?} on {}: {loss}, not {expected}", model.device_name());
        }
    }
}

/// What a greedy answer is, and how many tokens of its prompt were known.
fn answer(model: &mut Model) -> (Vec<u32>, u32) {
    let limits = GenerationLimits { max_tokens: Some(24), ..GenerationLimits::default() };
    let request = GenerationRequest::new(Prompt::Tokens(tokens(70)), SamplingParameters::GREEDY, limits);
    let mut generation = model.generate(&request).unwrap();
    let (mut ids, mut cached) = (Vec::new(), 0);
    while let Some(event) = pollster::block_on(generation.next()) {
        match event.unwrap() {
            GenerationEvent::Text { ids: new, .. } => ids.extend(new),
            GenerationEvent::Finished { usage, .. } => cached = usage.cached_prompt_tokens,
            _ => {}
        }
    }
    (ids, cached)
}

#[test]
fn requests_with_and_without_adapters_follow_each_other_without_a_trace() {
    // Making the kernels ready takes a software GPU seconds: one architecture is enough there.
    let all: [(Architecture, fn() -> Device); 3] =
        [(Architecture::Llama, cpu), (Architecture::Gemma3, cpu), (Architecture::Llama, gpu)];
    for (architecture, device) in all {
        let bytes = ModelShape::tiny(architecture, BlockType::Q8_0).file(7).bytes();
        let one = adapter(&bytes, whole(4), 5);
        let other = adapter(&bytes, settings(9, Scaling::Rank, &["attn_k", "ffn_gate"]), 6);
        let fresh = |adapter: Option<&LoraAdapter>| {
            let mut model = load(bytes.clone(), device(), 512).unwrap();
            if let Some(adapter) = adapter {
                use_new(&mut model, "adapter", adapter);
            }
            let (ids, _) = answer(&mut model);
            (ids, logits(&mut model), pollster::block_on(model.embed(&Prompt::Tokens(tokens(30)))).unwrap().vector)
        };
        let expected = [None, Some(&one), Some(&other)].map(fresh);
        let mut model = load(bytes.clone(), device(), 512).unwrap();
        let base_memory = model.memory();
        pollster::block_on(model.load_adapter("one", &one)).unwrap();
        pollster::block_on(model.load_adapter("other", &other)).unwrap();
        assert_eq!(model.adapter_names(), ["one", "other"]);
        let values = |it: &LoraAdapter| it.matrices.iter().map(|it| it.a.len() + it.b.len()).sum::<usize>() as u64;
        let held = model.memory().weights_bytes - base_memory.weights_bytes;
        let needed = 4 * (values(&one) + values(&other));
        assert!((needed..needed + needed / 2).contains(&held), "{held} bytes are counted, {needed} are needed");
        for (name, number) in
            [(Some("one"), 1), (Some("other"), 2), (None, 0), (Some("one"), 1), (None, 0), (Some("other"), 2)]
        {
            model.use_adapter(name).unwrap();
            let (ids, expected_logits, expected_vector) = &expected[number];
            // Of what was read with another adapter nothing is known; of the same, all but the last token is.
            assert_eq!(answer(&mut model), (ids.clone(), 0), "{name:?} on {}", model.device_name());
            model.use_adapter(name).unwrap();
            assert_eq!(answer(&mut model).1, 69);
            assert!(logits(&mut model) == *expected_logits, "{name:?} on {}", model.device_name());
            let vector = pollster::block_on(model.embed(&Prompt::Tokens(tokens(30)))).unwrap().vector;
            assert_eq!(vector, *expected_vector);
        }
        // Another takes the place of the one in use; then nothing is left of it.
        pollster::block_on(model.load_adapter("other", &one)).unwrap();
        assert_eq!(answer(&mut model), (expected[1].0.clone(), 0));
        assert!(model.remove_adapter("other") && !model.remove_adapter("other"));
        assert_eq!(answer(&mut model), (expected[0].0.clone(), 0));
        assert!(model.remove_adapter("one"));
        assert_eq!(model.memory().weights_bytes, base_memory.weights_bytes);
        let unknown = model.use_adapter(Some("one")).unwrap_err().to_string();
        assert!(unknown.contains("no adapter called \"one\" is loaded; loaded are none"), "{unknown}");
    }
}

#[test]
fn a_switch_takes_no_longer_than_a_token() {
    let bytes = ModelShape::tiny(Architecture::Llama, BlockType::Q8_0).file(7).bytes();
    let adapters = [5, 6].map(|seed| adapter(&bytes, whole(16), seed));
    for device in DEVICES {
        let mut model = load(bytes.clone(), device(), 512).unwrap();
        for (name, adapter) in ["one", "other"].iter().zip(&adapters) {
            use_new(&mut model, name, adapter);
            answer(&mut model);
        }
        let seconds_per_token = 1.0 / pollster::block_on(model.measure()).unwrap().decode_tokens_per_second;
        let started = Instant::now();
        for _ in 0..100 {
            ["one", "other"].map(|name| model.use_adapter(Some(name)).unwrap());
            model.use_adapter(None).unwrap();
        }
        let seconds_per_switch = started.elapsed().as_secs_f64() / 300.0;
        println!("{}: {seconds_per_switch:.1e} s a switch, {seconds_per_token:.1e} s a token", model.device_name());
        assert!(seconds_per_switch < seconds_per_token, "{seconds_per_switch} s, and {seconds_per_token} s a token");
    }
}

#[test]
fn adapters_of_other_models_are_refused_in_words() {
    let bytes = ModelShape::tiny(Architecture::Llama, BlockType::F32).file(7).bytes();
    let good = adapter(&bytes, whole(4), 5);
    let mut model = load(bytes, cpu(), 512).unwrap();
    let mut refused = |change: &dyn Fn(&mut LoraAdapter), expected: &str| {
        let mut adapter = good.clone();
        change(&mut adapter);
        let error = pollster::block_on(model.load_adapter("adapter", &adapter)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(model.adapter_names(), [""; 0]);
    };
    refused(&|it| it.architecture = "gemma3".to_owned(), "architecture \"gemma3\", and this one is of \"llama\"");
    refused(&|it| it.matrices[1].tensor = "blk.7.attn_q.weight".to_owned(), "blk.7.attn_q.weight");
    refused(&|it| it.matrices[1].tensor = "token_norm.weight".to_owned(), "token_norm.weight");
    refused(
        &|it| {
            it.matrices[0].rows += 1;
            it.matrices[0].b.extend([0.0; 4]);
        },
        "blk.0.attn_q.weight is of 288 x 96 values in the model, and of 289 x 96 in the adapter",
    );
    refused(&|it| drop(it.matrices[2].a.pop()), "needs A of 4 x 96 and B of 144 x 4 values, and has 383 and 576");
    refused(&|it| it.matrices[2].b[3] = f32::NAN, "no numbers");
    refused(&|it| it.settings.rank = 0, "its rank is 0");
    refused(&|it| it.settings.rank = usize::MAX, "values");
    pollster::block_on(model.load_adapter("adapter", &good)).unwrap();
}

#[test]
fn damaged_adapters_never_end_the_program() {
    let bytes = ModelShape::tiny(Architecture::Llama, BlockType::Q8_0).file(7).bytes();
    let file = adapter(&bytes, settings(4, Scaling::Rank, &["attn_q", "ffn_down"]), 5).to_gguf();
    let mut model = load(bytes, cpu(), 512).unwrap();
    let mut random = Random::new(9);
    let (mut refused, mut used) = (0, 0);
    for round in 0..600 {
        let mut damaged = file.clone();
        // The head more often than the many values.
        let end = if round % 4 == 0 { damaged.len() } else { 600 };
        for _ in 0..=random.below(3) {
            damaged[random.below(end)] = random.next() as u8;
        }
        let loaded = LoraAdapter::from_gguf(&damaged)
            .is_ok_and(|adapter| pollster::block_on(model.load_adapter("damaged", &adapter)).is_ok());
        if loaded {
            model.use_adapter(Some("damaged")).unwrap();
            pollster::block_on(model.score(&[1, 2, 3], &mut |_, _| {})).unwrap();
            used += 1;
        } else {
            refused += 1;
        }
    }
    println!("{refused} were refused, {used} ran");
    assert!(refused > 100 && used > 50, "{refused} were refused, {used} ran");
}
