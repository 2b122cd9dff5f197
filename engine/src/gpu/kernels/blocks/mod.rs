//! Reading weights in WGSL: every block type as items of 32 weights, one file per type.
//!
//! An item is two runs of 16 weights with a scale and an offset each, so that one product kernel serves all types.
//! What is here must mean the same as `quantization/`; `tests/gpu_kernels.rs` compares them.

use crate::gpu::call::{Plane, Resource};
use crate::gpu::planes::planes;
use crate::gpu::shader::Template;
use crate::plan::WeightId;
use crate::quantization::BlockType;

/// Weights of one item.
pub(in crate::gpu) const ITEM_VALUES: usize = 32;

/// Adds to `template` the bindings of one shard of a weight and the functions `read_item(row, item)`,
/// `low_start(item)` and `high_start(item)`.
pub(super) fn with_weight(
    mut template: Template,
    weight: WeightId,
    shard: usize,
    block_type: BlockType,
    columns: usize,
) -> Template {
    for &(plane, _) in planes(block_type) {
        let (name, element) = match plane {
            Plane::Quants => ("quants", "vec4<u32>"),
            Plane::Scales => ("scales", "u32"),
            Plane::High => ("high", "u32"),
        };
        template = template.read(name, element, Resource::Weight { weight, shard, plane });
    }
    for part in parts(block_type) {
        template = template.part(part);
    }
    template
        .part(include_str!("item.wgsl"))
        .constant("ITEMS", columns / ITEM_VALUES)
        .constant("HAS_OFFSET", has_offset(block_type))
}

/// True where weights are not just scale times value.
fn has_offset(block_type: BlockType) -> bool {
    !matches!(block_type, BlockType::F32 | BlockType::F16 | BlockType::Q8_0)
}

fn parts(block_type: BlockType) -> &'static [&'static str] {
    const CONTIGUOUS: &str = include_str!("contiguous.wgsl");
    const K_ORDER: &str = include_str!("k_order.wgsl");
    const K_SCALES: &str = include_str!("k_scales.wgsl");
    const HALF_SCALE: &str = include_str!("half_scale.wgsl");
    const FIFTH_BITS: &str = include_str!("fifth_bits.wgsl");
    match block_type {
        BlockType::F32 => &[include_str!("f32.wgsl"), CONTIGUOUS],
        BlockType::F16 => &[include_str!("f16.wgsl"), CONTIGUOUS],
        BlockType::Q4_0 => &[include_str!("q4_0.wgsl"), CONTIGUOUS, HALF_SCALE],
        BlockType::Q4_1 => &[include_str!("q4_1.wgsl"), CONTIGUOUS],
        BlockType::Q5_0 => &[include_str!("q5_0.wgsl"), CONTIGUOUS, HALF_SCALE, FIFTH_BITS],
        BlockType::Q5_1 => &[include_str!("q5_1.wgsl"), CONTIGUOUS, FIFTH_BITS],
        BlockType::Q8_0 => &[include_str!("q8_0.wgsl"), CONTIGUOUS, HALF_SCALE],
        BlockType::Q4K => &[include_str!("q4_k.wgsl"), K_ORDER, K_SCALES],
        BlockType::Q5K => &[include_str!("q5_k.wgsl"), K_ORDER, K_SCALES],
        BlockType::Q6K => &[include_str!("q6_k.wgsl"), HALF_SCALE],
    }
}
