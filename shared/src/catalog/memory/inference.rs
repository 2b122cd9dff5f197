//! What running a model takes, as the engine allocates it.
//!
//! The engine's buffers follow from the forward pass: a row per token of a batch for the residual stream, its norm,
//! the heads, the gate; keys and values per position; a row of logits. The sizes of batches and tables here are those
//! of the engine, whose own tests compare this estimate with what it really allocates.

use serde::{Deserialize, Serialize};

use super::super::dimensions::{ModelDimensions, NormLayout};

/// Tokens that the engine reads together on the CPU.
const CPU_BATCH_TOKENS: u64 = 128;
/// Tokens that the engine reads together on the GPU.
const GPU_BATCH_TOKENS: u64 = 64;
/// Rows of logits that the engine keeps room for on the GPU.
const GPU_LOGIT_ROWS: u64 = 16;
/// Parts into which the engine splits one token's attention on the GPU.
const GPU_ATTENTION_SPLITS: u64 = 32;
/// Positions of which the GPU has the rotary angles one by one; of the others every such-and-such.
const GPU_ROTARY_POSITIONS: u64 = 256;
/// The most that one buffer of weights holds on the GPU; larger ones are cut.
const GPU_SHARD_BYTES: u64 = 120 << 20;

/// Where a model is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComputeDevice {
    /// Keys and values are 32-bit floats.
    Cpu,
    /// Keys and values are 16-bit floats.
    Gpu,
}

/// What running a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryNeed {
    /// Weights, as stored in the file.
    pub weight_bytes: u64,
    /// Keys and values at the chosen context.
    pub cache_bytes: u64,
    /// Activations, logits, rotary tables.
    pub scratch_bytes: u64,
    /// The largest of the buffers that a GPU must bind in one piece; 0 on the CPU, which has no such limit.
    pub largest_buffer_bytes: u64,
}

impl MemoryNeed {
    /// What a model takes with room for `context_tokens`; `weight_bytes` is the length of its file.
    pub fn of(dimensions: &ModelDimensions, weight_bytes: u64, context_tokens: u32, device: ComputeDevice) -> Self {
        let context_tokens = u64::from(context_tokens);
        let (layers, vocabulary) = (u64::from(dimensions.layers), u64::from(dimensions.vocabulary_size));
        let value_bytes = match device {
            ComputeDevice::Cpu => 4,
            ComputeDevice::Gpu => 2,
        };
        let layer_keys_bytes = (dimensions.key_width() * value_bytes).saturating_mul(context_tokens);
        let cache_bytes = layer_keys_bytes.saturating_mul(2 * layers);
        match device {
            ComputeDevice::Cpu => Self {
                weight_bytes,
                cache_bytes,
                scratch_bytes: cpu_scratch_bytes(dimensions),
                largest_buffer_bytes: 0,
            },
            ComputeDevice::Gpu => {
                let rotary_rows = GPU_ROTARY_POSITIONS + context_tokens.div_ceil(GPU_ROTARY_POSITIONS);
                let rotary_bytes = u64::from(dimensions.head_size) / 2 * 8 * rotary_rows;
                let logits_bytes = GPU_LOGIT_ROWS * vocabulary * 4;
                let largest_weight_bytes = weight_bytes.min(GPU_SHARD_BYTES);
                Self {
                    weight_bytes,
                    cache_bytes,
                    scratch_bytes: gpu_scratch_bytes(dimensions, rotary_bytes),
                    largest_buffer_bytes: layer_keys_bytes
                        .max(rotary_bytes)
                        .max(logits_bytes)
                        .max(largest_weight_bytes),
                }
            }
        }
    }

    /// All of it.
    pub fn total_bytes(&self) -> u64 {
        self.weight_bytes.saturating_add(self.cache_bytes).saturating_add(self.scratch_bytes)
    }
}

/// Values of a token between two layers and within one: residual stream and its norm, heads, attended heads, gate and
/// up.
fn row_values(dimensions: &ModelDimensions) -> u64 {
    let width = u64::from(dimensions.width);
    let block_output = match dimensions.norms {
        NormLayout::BeforeBlocks => 0,
        NormLayout::AroundBlocks => width,
    };
    2 * width
        + 2 * dimensions.query_width()
        + 2 * dimensions.key_width()
        + 2 * u64::from(dimensions.feed_forward_width)
        + block_output
}

fn cpu_scratch_bytes(dimensions: &ModelDimensions) -> u64 {
    let (width, vocabulary) = (u64::from(dimensions.width), u64::from(dimensions.vocabulary_size));
    let widest = width.max(dimensions.query_width()).max(u64::from(dimensions.feed_forward_width));
    // Products take 16-bit activations with a scale and a sum for every 32 of them.
    let quantized_row_bytes = widest * 2 + widest.div_ceil(32) * 8;
    CPU_BATCH_TOKENS * (row_values(dimensions) * 4 + quantized_row_bytes) + (width + vocabulary) * 4
}

fn gpu_scratch_bytes(dimensions: &ModelDimensions, rotary_bytes: u64) -> u64 {
    let (width, vocabulary) = (u64::from(dimensions.width), u64::from(dimensions.vocabulary_size));
    let rotary_tables = if dimensions.sliding_window.is_some() { 2 } else { 1 };
    let attention_parts =
        u64::from(dimensions.query_heads) * GPU_ATTENTION_SPLITS * (u64::from(dimensions.head_size) + 4) * 4;
    // Tokens that could be drawn (8 bytes each), tokens seen (a bit each), the best of every 1024 (8 bytes).
    let choosing = vocabulary * 8 + vocabulary.div_ceil(8) + vocabulary.div_ceil(1024) * 8;
    GPU_BATCH_TOKENS * row_values(dimensions) * 4
        + GPU_LOGIT_ROWS * (width + vocabulary) * 4
        + rotary_bytes * rotary_tables
        + attention_parts
        + choosing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::dimensions::tests::{GEMMA_3_270M, SMOLLM2_135M};
    use super::*;

    #[test]
    fn memory_is_what_the_parts_add_up_to() {
        let cpu = MemoryNeed::of(&SMOLLM2_135M, 98_362_432, 2048, ComputeDevice::Cpu);
        // 30 layers, keys and values, 192 values of 4 bytes.
        assert_eq!(cpu.cache_bytes, 30 * 2 * 192 * 4 * 2048);
        // A row: 2 * 576 + 2 * 576 + 2 * 192 + 2 * 1536 = 5760 floats; quantized 1536 * 2 + 48 * 8 = 3456 bytes.
        assert_eq!(cpu.scratch_bytes, 128 * (5760 * 4 + 3456) + (576 + 49_152) * 4);
        assert_eq!(cpu.total_bytes(), 98_362_432 + 94_371_840 + 3_590_400);

        let gpu = MemoryNeed::of(&GEMMA_3_270M, 253_113_024, 4096, ComputeDevice::Gpu);
        assert_eq!(gpu.cache_bytes, 18 * 2 * 256 * 2 * 4096);
        let rows = 64 * (3 * 640 + 2 * 1024 + 2 * 256 + 2 * 2048) * 4 + 16 * (640 + 262_144) * 4;
        let tables = 2 * (256 + 16) * 128 * 8;
        let choosing = 262_144 * 8 + 32_768 + 256 * 8;
        assert_eq!(gpu.scratch_bytes, rows + tables + 4 * 32 * 260 * 4 + choosing);
        assert_eq!(gpu.largest_buffer_bytes, 120 << 20);
    }

    proptest! {
        #[test]
        fn more_context_never_takes_less_memory(less in 1_u32..1 << 20, more in 0_u32..1 << 20) {
            for dimensions in [SMOLLM2_135M, GEMMA_3_270M] {
                for device in [ComputeDevice::Cpu, ComputeDevice::Gpu] {
                    let need = |context| MemoryNeed::of(&dimensions, 1000, context, device);
                    prop_assert!(need(less).total_bytes() <= need(less + more).total_bytes());
                    prop_assert!(need(less).largest_buffer_bytes <= need(less + more).largest_buffer_bytes);
                }
            }
        }
    }
}
