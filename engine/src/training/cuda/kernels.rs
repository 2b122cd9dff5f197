//! The text of the kernels.

use crate::error::EngineError;
use crate::quantization::BlockType;

/// Families of kernels, in the order in which they are compiled.
const FAMILIES: [&str; 9] = [
    include_str!("kernels/prelude.cu"),
    include_str!("kernels/elementwise.cu"),
    include_str!("kernels/norm.cu"),
    include_str!("kernels/rope.cu"),
    include_str!("kernels/gate.cu"),
    include_str!("kernels/attention.cu"),
    include_str!("kernels/cross_entropy.cu"),
    include_str!("kernels/optimizer.cu"),
    include_str!("kernels/quantization.cu"),
];

/// The largest head that attention is computed for: what its blocks share must fit into 48 KiB.
const LARGEST_HEAD: usize = 256;

/// Threads for each row of a tile of attention.
pub(super) const THREADS_PER_ROW: usize = 4;

/// Rows that a block of attention has at once.
pub(super) const fn tile_rows(head_size: usize) -> usize {
    if head_size <= 128 { 32 } else { 16 }
}

/// All kernels for heads of this size, in CUDA's C++.
///
/// # Errors
/// Attention has no kernel for the size.
pub(super) fn text(head_size: usize) -> Result<String, EngineError> {
    if head_size == 0 || head_size > LARGEST_HEAD || !head_size.is_multiple_of(THREADS_PER_ROW) {
        return Err(EngineError::Gpu(format!(
            "attention has heads of {head_size} values; CUDA kernels are there for multiples of {THREADS_PER_ROW} up to \
             {LARGEST_HEAD}. Train this model on the CPU"
        )));
    }
    let sizes = format!("#define HEAD_SIZE {head_size}\n#define TILE {}\n", tile_rows(head_size));
    Ok(std::iter::once(sizes.as_str()).chain(FAMILIES).collect::<Vec<_>>().join("\n"))
}

/// The names of all kernels.
pub(super) fn names() -> Vec<String> {
    let plain = [
        "gather_rows",
        "scatter_rows",
        "embed_back",
        "rope",
        "gate",
        "gate_back",
        "attention",
        "attention_means",
        "attention_back_to_query",
        "attention_back_to_key",
        "cross_entropy",
        "adam_w",
        "square_sums",
        "dequantize_nf4",
        "dequantize_nf4_double",
    ];
    let of_elements = ["norm", "norm_back", "norm_back_to_weight"];
    let of_pairs = ["accumulate", "convert"];
    let of_formats = ["dequantize", "embed"];
    let elements = ["f32", "bf16"];
    let with = |names: &[&str], endings: &[String]| {
        names.iter().flat_map(|name| endings.iter().map(move |ending| format!("{name}_{ending}"))).collect::<Vec<_>>()
    };
    let pairs: Vec<String> = elements.iter().flat_map(|to| elements.map(|from| format!("{to}_{from}"))).collect();
    let formats: Vec<String> = BlockType::ALL.map(format_name).into_iter().chain(["bf16"]).map(str::to_owned).collect();
    [
        plain.map(str::to_owned).to_vec(),
        with(&of_elements, &elements.map(str::to_owned)),
        with(&of_pairs, &pairs),
        with(&of_formats, &formats),
    ]
    .concat()
}

/// What kernels call a format of weights.
pub(super) fn format_name(block_type: BlockType) -> &'static str {
    match block_type {
        BlockType::F32 => "f32",
        BlockType::F16 => "f16",
        BlockType::Q4_0 => "q4_0",
        BlockType::Q4_1 => "q4_1",
        BlockType::Q5_0 => "q5_0",
        BlockType::Q5_1 => "q5_1",
        BlockType::Q8_0 => "q8_0",
        BlockType::Q4K => "q4_k",
        BlockType::Q5K => "q5_k",
        BlockType::Q6K => "q6_k",
    }
}
