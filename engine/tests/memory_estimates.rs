//! What the catalogue says that a model takes, against what the engine allocates for it: within 10 %, part by part.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::executor::LogitsWanted;
use engine::quantization::BlockType;
use engine::{Device, Model};
use shared::catalog::{ComputeDevice, MemoryNeed};
use support::reference_models::{GEMMA3, SMOLLM2};
use support::tiny_model::{Architecture, ModelShape, load};

/// How far an estimate may be off.
const TOLERANCE: f64 = 0.10;

/// Fills the whole context as an answer does: the prompt in batches, then a token at a time, so that the cache grows in
/// the smallest steps.
fn fill(model: &mut Model) {
    let context_tokens = model.context_tokens();
    let batch_tokens = model.executor_mut().batch_tokens();
    let prompt_tokens = context_tokens * 3 / 4;
    let mut position = 0;
    while position < context_tokens {
        let left = if position < prompt_tokens { prompt_tokens - position } else { 1 };
        let tokens: Vec<u32> = (0..left.min(batch_tokens) as u32).map(|token| token % 256).collect();
        pollster::block_on(model.executor_mut().forward(&tokens, position, LogitsWanted::Last)).unwrap();
        position += tokens.len();
    }
}

fn check(name: &str, mut model: Model, device: ComputeDevice) {
    fill(&mut model);
    let (summary, used) = (model.summary(), model.memory());
    let need = MemoryNeed::of(&summary.dimensions, summary.file_size_bytes, model.context_tokens() as u32, device);
    let parts = [
        ("weights", need.weight_bytes, used.weights_bytes),
        ("keys and values", need.cache_bytes, used.cache_bytes),
        ("scratch", need.scratch_bytes, used.scratch_bytes),
        ("total", need.total_bytes(), used.weights_bytes + used.cache_bytes + used.scratch_bytes),
    ];
    for (part, estimated, allocated) in parts {
        let error = estimated as f64 / allocated as f64 - 1.0;
        println!("{name} on {device:?}, {part}: {estimated} estimated, {allocated} allocated, {:+.2} %", 100.0 * error);
        assert!(
            error.abs() <= TOLERANCE,
            "{name} on {device:?}, {part}: {estimated} bytes were estimated and {allocated} are allocated"
        );
    }
}

fn cpu() -> Device {
    Device::Cpu { threads: 2 }
}

/// Small enough to be made up on the spot, large enough that a file is weights and not names.
fn check_small_models(device: impl Fn() -> Device, kind: ComputeDevice) {
    for architecture in Architecture::ALL {
        for block_type in BlockType::ALL {
            let tiny = ModelShape::tiny(architecture, block_type);
            let shape = ModelShape { width: 512, feed_forward_width: 1024, ..tiny };
            let model = load(shape.file(7).bytes(), device(), 512).unwrap();
            check(&format!("{architecture:?} {block_type:?}"), model, kind);
        }
    }
}

#[test]
fn small_models_on_the_cpu() {
    check_small_models(cpu, ComputeDevice::Cpu);
}

#[test]
fn smollm2_on_the_cpu() {
    check("SmolLM2", SMOLLM2.load_with_context(cpu(), 700), ComputeDevice::Cpu);
}

#[test]
fn gemma3_on_the_cpu() {
    check("Gemma 3", GEMMA3.load_with_context(cpu(), 700), ComputeDevice::Cpu);
}

mod gpu {
    //! On whatever GPU API there is; without a GPU, Mesa's lavapipe.

    use super::*;

    fn gpu() -> Device {
        Device::Gpu(pollster::block_on(engine::gpu::GpuDevice::request()).unwrap())
    }

    #[test]
    fn small_models_on_the_gpu() {
        check_small_models(gpu, ComputeDevice::Gpu);
    }

    #[test]
    fn smollm2_on_the_gpu() {
        check("SmolLM2", SMOLLM2.load_with_context(gpu(), 700), ComputeDevice::Gpu);
    }

    #[test]
    fn gemma3_on_the_gpu() {
        check("Gemma 3", GEMMA3.load_with_context(gpu(), 700), ComputeDevice::Gpu);
    }
}
