//! Every kernel of every kind of model is valid WGSL within WebGPU's default limits, and a token takes few dispatches.
//! Needs no GPU: recordings are plain data.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use std::collections::{BTreeSet, HashSet};

use engine::adapter::{AdaptedRows, Placement};
use engine::gpu::call::{Batch, Call};
use engine::gpu::recorder::{Recording, Tuning, record, record_adapted};
use engine::gpu::shader::{Access, Shader};
use engine::quantization::BlockType;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, ResourceBinding, StorageAccess};
use support::tiny_model::{Architecture, ModelShape};

// What WebGPU promises on every device (https://www.w3.org/TR/webgpu/#limits).
const STORAGE_BUFFERS: usize = 8;
const UNIFORM_BUFFERS: usize = 12;
const WORKGROUP_BYTES: u32 = 16_384;
const WORKGROUP_THREADS: u32 = 256;
const WORKGROUPS_PER_DIMENSION: u32 = 65_535;

/// `SmolLM2` 135M.
const SMOLLM2: ModelShape = ModelShape {
    architecture: Architecture::Llama,
    block_type: BlockType::Q4_1,
    layers: 30,
    width: 576,
    feed_forward_width: 1_536,
    query_heads: 9,
    key_value_heads: 3,
    head_size: 64,
    window: 0,
    vocabulary_size: 49_152,
    context_tokens: 8_192,
};

/// Gemma 3 270M.
const GEMMA3: ModelShape = ModelShape {
    architecture: Architecture::Gemma3,
    block_type: BlockType::Q8_0,
    layers: 18,
    width: 640,
    feed_forward_width: 2_048,
    query_heads: 4,
    key_value_heads: 1,
    head_size: 256,
    window: 512,
    vocabulary_size: 262_144,
    context_tokens: 32_768,
};

/// Llama 3.2 3B, with rows of whole K-quants.
const LLAMA_3B: ModelShape = ModelShape {
    architecture: Architecture::Llama,
    block_type: BlockType::Q4K,
    layers: 28,
    width: 3_072,
    feed_forward_width: 8_192,
    query_heads: 24,
    key_value_heads: 8,
    head_size: 128,
    window: 0,
    vocabulary_size: 128_256,
    context_tokens: 131_072,
};

const TUNINGS: [Tuning; 2] = [Tuning::HARDWARE, Tuning::SOFTWARE];

fn shapes() -> Vec<ModelShape> {
    let mut shapes = Vec::new();
    for block_type in BlockType::ALL {
        shapes.extend(Architecture::ALL.map(|architecture| ModelShape::tiny(architecture, block_type)));
        let real = [SMOLLM2, GEMMA3, LLAMA_3B].map(|shape| ModelShape { block_type, ..shape });
        shapes.extend(real.into_iter().filter(|shape| shape.width.is_multiple_of(block_type.values())));
    }
    shapes
}

fn recording(shape: ModelShape, tuning: Tuning) -> Recording {
    record(&shape.plan(), tuning).unwrap()
}

/// With an adapter beside the middle of every matrix, or beside two parts of each with rows between them.
fn adapted_recording(shape: ModelShape, tuning: Tuning, parts: usize) -> Recording {
    let plan = shape.plan();
    let beside = |rows: usize| {
        let part = |index: usize| AdaptedRows { rows: rows * (2 * index + 1) / 8..rows * (index + 1) / 4, matrix: 0 };
        (0..parts).map(part).collect()
    };
    let weights = plan.weights.iter().map(|weight| beside(weight.rows)).collect();
    record_adapted(&plan, tuning, &Placement { rank: 16, weights }).unwrap()
}

#[test]
fn every_kernel_is_valid_and_within_the_default_limits() {
    let mut checked: HashSet<Shader> = HashSet::new();
    for shape in shapes() {
        let plain = TUNINGS.map(|tuning| recording(shape, tuning));
        let adapted = [1, 3].map(|parts| adapted_recording(shape, Tuning::HARDWARE, parts));
        for call in plain.into_iter().chain(adapted).flat_map(|recording| recording.calls) {
            if !checked.contains(&call.shader) {
                check_shader(&call.shader);
                checked.insert(call.shader);
            }
        }
    }
    let kernels: BTreeSet<&str> = checked.iter().map(|shader| shader.name).collect();
    println!("{} variants of {kernels:?}", checked.len());
    assert!(kernels.len() > 10, "recordings are not empty: {kernels:?}");
}

fn check_shader(shader: &Shader) {
    let Shader { name, text, bindings } = shader;
    let module = naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{name} does not parse: {}\n{text}", error.emit_to_string(text)));
    // naga asks for leave for `pack2x16float` because old OpenGL lacks it; in WebGPU everyone has it.
    Validator::new(ValidationFlags::all(), Capabilities::SHADER_FLOAT16_IN_FLOAT32)
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name} is not valid: {}\n{text}", error.emit_to_string(text)));

    let [entry] = module.entry_points.as_slice() else { panic!("{name}: one entry point") };
    let threads: u32 = entry.workgroup_size.iter().product();
    assert!(entry.name == "main" && (1..=WORKGROUP_THREADS).contains(&threads), "{name}: {threads} threads");

    let globals = || module.global_variables.iter().map(|(_, global)| global);
    let workgroup_bytes: u32 = globals()
        .filter(|global| global.space == AddressSpace::WorkGroup)
        .map(|global| module.types[global.ty].inner.size(module.to_ctx()).next_multiple_of(16))
        .sum();
    assert!(workgroup_bytes <= WORKGROUP_BYTES, "{name}: {workgroup_bytes} bytes of workgroup memory");

    let bound = globals().filter_map(|global| global.binding.map(|binding| (binding, global.space)));
    let mut bound: Vec<(ResourceBinding, AddressSpace)> = bound.collect();
    bound.sort_by_key(|(binding, _)| binding.binding);
    assert_eq!(bound.len(), bindings.len(), "{name}: every binding is declared");
    for (index, ((binding, space), access)) in bound.iter().zip(bindings).enumerate() {
        assert_eq!((binding.group, binding.binding), (0, index as u32), "{name}");
        let expected = match access {
            Access::Uniform => AddressSpace::Uniform,
            Access::Read => AddressSpace::Storage { access: StorageAccess::LOAD },
            Access::Write => AddressSpace::Storage { access: StorageAccess::LOAD | StorageAccess::STORE },
        };
        assert_eq!(*space, expected, "{name}: binding {index}");
    }
    let uniform = bindings.iter().filter(|access| **access == Access::Uniform).count();
    assert!(bindings.len() - uniform <= STORAGE_BUFFERS && uniform <= UNIFORM_BUFFERS, "{name}: {bindings:?}");
}

#[test]
fn grids_stay_within_the_default_limits() {
    for shape in shapes() {
        let mut calls = recording(shape, Tuning::HARDWARE).calls;
        calls.extend(adapted_recording(shape, Tuning::HARDWARE, 2).calls);
        let last = shape.context_tokens as u32;
        for (first_position, tokens, logit_rows) in [(0, 1, 1), (last - 1, 1, 1), (0, 64, 16), (last - 64, 64, 1)] {
            let batch = Batch { first_position, tokens, logit_rows, ..Batch::default() };
            for Call { shader, grid, .. } in &calls {
                for size in grid.workgroups(&batch).into_iter().flatten() {
                    let allowed = 1..=WORKGROUPS_PER_DIMENSION;
                    assert!(allowed.contains(&size), "{} of {shape:?}: {grid:?} for {batch:?}", shader.name);
                }
            }
        }
    }
}

/// Dispatches that write one token after `first_position` others.
fn dispatches_per_token(recording: &Recording, first_position: u32) -> usize {
    let batch = Batch { first_position, tokens: 1, logit_rows: 1, ..Batch::default() };
    let steps = recording.steps.iter().map(|step| step.one_row.clone());
    let calls = steps.chain([recording.greedy.clone()]).flat_map(|calls| &recording.calls[calls]);
    calls.filter(|call| call.grid.workgroups(&batch).is_some()).count()
}

/// Dispatches cost a slow driver 10 us each, and 300 of them 3 ms of every token: this only goes down.
#[test]
fn a_token_takes_few_dispatches() {
    let smollm2 = recording(SMOLLM2, Tuning::HARDWARE);
    let (early, late) = (dispatches_per_token(&smollm2, 10), dispatches_per_token(&smollm2, 1_000));
    println!("SmolLM2: {early} dispatches per token, {late} once attention is split");
    // Per layer: two norms, four products, two rotations, store, attention and merge, gate. Then embedding, norm,
    // logits, and two to choose.
    assert!(early <= 30 * 11 + 5 && late <= 30 * 12 + 5, "{early} and {late} dispatches");
    // An adapter beside every matrix adds one dispatch to each product, the logits' included.
    let adapted = dispatches_per_token(&adapted_recording(SMOLLM2, Tuning::HARDWARE, 1), 10);
    assert!(adapted <= early + 30 * 4 + 1, "{adapted} dispatches with an adapter");
}

/// Compiling a kernel takes a browser tens of milliseconds.
#[test]
fn layers_share_their_pipelines() {
    for shape in [SMOLLM2, GEMMA3, LLAMA_3B] {
        let recording = recording(shape, Tuning::SOFTWARE);
        let shaders: HashSet<&Shader> = recording.calls.iter().map(|call| &call.shader).collect();
        println!("{:?}: {} pipelines for {} calls", shape.architecture, shaders.len(), recording.calls.len());
        assert!(shaders.len() <= 40, "{} pipelines for {shape:?}", shaders.len());
    }
}
