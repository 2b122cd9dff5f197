//! What training takes in memory, part by part, before anything is allocated.

use super::cpu::cross_entropy;
use super::program::Program;
use super::trained::Holding;
use super::{Method, Recompute};
use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::models::{self, Hyperparameters};
use crate::plan::WeightId;
use crate::quantization::BlockType;
use crate::weights;

/// What training takes in memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrainingMemory {
    /// Frozen weights, as the file has them; where it is mapped the system can take these back.
    pub weights_bytes: u64,
    /// What is trained, its gradient and the optimizer's two means.
    pub parameters_bytes: u64,
    /// The results of the forward pass that are held at once, and the derivatives by them.
    pub activations_bytes: u64,
    /// Weights while they are decoded, and the logits of some tokens.
    pub scratch_bytes: u64,
}

impl TrainingMemory {
    /// All of it.
    pub fn total_bytes(&self) -> u64 {
        self.weights_bytes + self.parameters_bytes + self.activations_bytes + self.scratch_bytes
    }
}

/// What training a model takes in batches of at most `packed_tokens`.
///
/// # Errors
/// The file is no model that the engine knows and can train.
pub fn memory(
    file: &GgufFile,
    method: &Method,
    recompute: Recompute,
    packed_tokens: usize,
) -> Result<TrainingMemory, EngineError> {
    const FLOAT: u64 = size_of::<f32>() as u64;
    let sizes = Hyperparameters::read(file)?;
    let plan = models::plan(file, &sizes)?;
    let program = Program::of(&plan)?;
    let tokens = packed_tokens as u64;
    let columns_of = |values: std::ops::Range<usize>| program.columns[values].iter().sum::<usize>() as u64;
    let (mut weights_bytes, mut parameters, mut adapter_columns) = (0, 0_u64, 0_u64);
    let mut largest_decoded = 0;
    for (index, weight) in plan.weights.iter().enumerate() {
        let values = weight.rows as u64 * weight.columns as u64;
        let Some(settings) = method.adapters() else {
            parameters += values;
            continue;
        };
        let holding = Holding::frozen(method, &plan, WeightId(index));
        weights_bytes += match holding {
            // Half a byte each, and a scale for each 64: of 4 bytes, or of one and a little.
            Holding::Nf4 { double_quantization } => values / 2 + values / 64 * if double_quantization { 1 } else { 4 },
            _ => weight.size_bytes(),
        };
        for tensor in weights::tensors(file, weight)?.into_iter().filter(|tensor| settings.has(&tensor.name)) {
            parameters += (settings.rank * (tensor.rows + tensor.columns)) as u64;
            adapter_columns += settings.rank as u64;
            if settings.dora {
                // The lengths, and the product before its rows have them.
                parameters += tensor.rows as u64;
                adapter_columns += tensor.rows as u64;
            }
        }
        let is_decoded = match holding {
            Holding::Trained(_) | Holding::Norm => false,
            Holding::Nf4 { .. } => true,
            Holding::AsStored => weight.block_type != BlockType::F32,
        };
        // The weight of the logits has a place of its own, below; the embeddings are decoded by the row.
        if is_decoded && WeightId(index) != program.head.weight && WeightId(index) != program.table {
            largest_decoded = largest_decoded.max(values);
        }
    }
    let largest_segment = program.segments.iter().map(|segment| columns_of(segment.values.clone())).max();
    let largest_segment = largest_segment.unwrap_or_default();
    let width = program.columns[0] as u64;
    let held = match recompute {
        Recompute::Nothing => columns_of(0..program.columns.len()),
        Recompute::Layers => width * (program.segments.len() as u64 + 1) + largest_segment,
    };
    // Going back through a segment there is a derivative for each of its results, and that by the stream before it.
    let activation_columns = held + largest_segment + 2 * width + adapter_columns;
    let head = &plan.weights[program.head.weight.0];
    let is_head_decoded = *method != Method::Full && head.block_type != BlockType::F32;
    let head_values = if is_head_decoded { head.rows as u64 * head.columns as u64 } else { 0 };
    let at_once = cross_entropy::tokens_at_once(plan.vocabulary_size).min(packed_tokens) as u64;
    let logits = at_once * (plan.vocabulary_size as u64 + 4 * width);
    Ok(TrainingMemory {
        weights_bytes,
        parameters_bytes: 4 * parameters * FLOAT,
        activations_bytes: tokens * activation_columns * FLOAT,
        scratch_bytes: (largest_decoded + head_values + logits) * FLOAT,
    })
}
