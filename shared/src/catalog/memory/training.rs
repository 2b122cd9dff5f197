//! What training a model takes: weights, gradients, optimizer, activations, loss.
//!
//! Bytes per parameter: 32-bit weights and gradients (4 + 4) and the two 32-bit moments of AdamW (8). Training with
//! 16-bit weights and a 32-bit copy takes as much (Rajbhandari et al. 2020, "ZeRO", section 3.1: 2 + 2 + 12). Frozen
//! weights are 16-bit (2), or 4-bit with doubly quantized scales (4.127 bits; Dettmers et al. 2023, "QLoRA", section 3).
//!
//! Activations follow Korthikanti et al. 2022, "Reducing Activation Recomputation in Large Transformer Models",
//! section 4: count every value that the backward pass reads again. Their `s b h (34 + 5 a s / h)` bytes per layer are
//! for 16-bit GPT layers with dropout and stored attention scores. Ours has neither, but gated feed-forward layers,
//! shared key-value heads and 32-bit values, so the count is another one, written out in [`layer_values`].

use serde::{Deserialize, Serialize};

use super::super::dimensions::{LinearLayer, ModelDimensions, NormLayout};

/// A trained weight: itself, its gradient, two moments; 32 bits each.
const WEIGHT_BYTES: u64 = 4;
const GRADIENT_BYTES: u64 = 4;
const MOMENTS_BYTES: u64 = 8;
/// A frozen 16-bit weight.
const FROZEN_BYTES: u64 = 2;
/// Bits of a frozen 4-bit weight: an 8-bit scale for every 64, and a 32-bit scale for every 256 of those.
const QUANTIZED_BITS: f64 = 4.0 + 8.0 / 64.0 + 32.0 / (64.0 * 256.0);

/// Which weights are trained, and how the others are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum TrainingMethod {
    /// Every weight.
    Full,
    /// Low-rank adapters beside frozen 16-bit weights (Hu et al. 2021).
    Lora {
        /// Rank of the adapters.
        rank: u32,
        /// The matrices that have one.
        targets: Vec<LinearLayer>,
    },
    /// Low-rank adapters beside frozen 4-bit weights (Dettmers et al. 2023); embeddings and norms stay 16-bit.
    QuantizedLora {
        /// Rank of the adapters.
        rank: u32,
        /// The matrices that have one.
        targets: Vec<LinearLayer>,
    },
}

/// What the backward pass finds in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationStorage {
    /// All values of all layers.
    Everything,
    /// The input of each layer; the values of one layer at a time are computed again (Chen et al. 2016).
    LayerInputs,
}

/// How a model is trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingSetup {
    /// Which weights are trained.
    pub method: TrainingMethod,
    /// Tokens of a sequence.
    pub sequence_tokens: u32,
    /// Sequences computed together; accumulated ones take no memory.
    pub sequences_per_batch: u32,
    /// What is kept for the backward pass.
    pub activations: ActivationStorage,
    /// Tokens whose logits are in memory together; the loss is computed chunk by chunk.
    pub loss_chunk_tokens: u32,
}

/// What training takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingMemory {
    /// All weights, frozen and trained.
    pub weight_bytes: u64,
    /// A gradient per trained weight.
    pub gradient_bytes: u64,
    /// Two moments per trained weight.
    pub optimizer_bytes: u64,
    /// Values kept for the backward pass, with those being recomputed.
    pub activation_bytes: u64,
    /// Logits of a chunk and their gradients.
    pub loss_bytes: u64,
    /// Weights that are trained.
    pub trained_parameters: u64,
}

impl TrainingMemory {
    /// What training a model takes.
    pub fn of(dimensions: &ModelDimensions, setup: &TrainingSetup) -> Self {
        let all = dimensions.parameter_count();
        let in_layers = u64::from(dimensions.layers) * dimensions.layer_matrix_parameters();
        let (frozen_bytes, trained) = match &setup.method {
            TrainingMethod::Full => (0, all),
            TrainingMethod::Lora { rank, targets } => {
                (all * FROZEN_BYTES, adapter_parameters(dimensions, *rank, targets))
            }
            TrainingMethod::QuantizedLora { rank, targets } => {
                let quantized_bytes = (in_layers as f64 * QUANTIZED_BITS / 8.0).ceil() as u64;
                let others_bytes = (all - in_layers) * FROZEN_BYTES;
                (quantized_bytes + others_bytes, adapter_parameters(dimensions, *rank, targets))
            }
        };
        let tokens = u64::from(setup.sequence_tokens).saturating_mul(u64::from(setup.sequences_per_batch));
        let layers = u64::from(dimensions.layers);
        let width = u64::from(dimensions.width);
        let values_per_token = match setup.activations {
            ActivationStorage::Everything => layers * layer_values(dimensions),
            ActivationStorage::LayerInputs => layers * width + layer_values(dimensions),
        };
        // Beside the layers: the last one's output and its norm.
        let activation_bytes = tokens.saturating_mul((values_per_token + 2 * width) * 4);
        let loss_tokens = u64::from(setup.loss_chunk_tokens).min(tokens);
        Self {
            weight_bytes: frozen_bytes.saturating_add(trained.saturating_mul(WEIGHT_BYTES)),
            gradient_bytes: trained.saturating_mul(GRADIENT_BYTES),
            optimizer_bytes: trained.saturating_mul(MOMENTS_BYTES),
            activation_bytes,
            loss_bytes: loss_tokens.saturating_mul(u64::from(dimensions.vocabulary_size) * 4 * 2),
            trained_parameters: trained,
        }
    }

    /// All of it.
    pub fn total_bytes(&self) -> u64 {
        [self.weight_bytes, self.gradient_bytes, self.optimizer_bytes, self.activation_bytes, self.loss_bytes]
            .into_iter()
            .fold(0, u64::saturating_add)
    }
}

/// Weights of the adapters: `rank * (rows + columns)` for each target of each layer.
fn adapter_parameters(dimensions: &ModelDimensions, rank: u32, targets: &[LinearLayer]) -> u64 {
    let per_layer: u64 = dimensions
        .layer_matrices()
        .iter()
        .filter(|(layer, _)| targets.contains(layer))
        .map(|(_, matrix)| matrix.rows + matrix.columns)
        .sum();
    (u64::from(dimensions.layers) * per_layer).saturating_mul(u64::from(rank))
}

/// Values of one layer that the backward pass reads again, per token. Attention keeps no scores: they are computed
/// again from queries, keys and the sum of each row (Dao et al. 2022).
fn layer_values(dimensions: &ModelDimensions) -> u64 {
    let width = u64::from(dimensions.width);
    let (query, key) = (dimensions.query_width(), dimensions.key_width());
    let attention_inputs = 2 * width; // the layer's input, and its norm
    let heads = query + 2 * key;
    let attended = query + u64::from(dimensions.query_heads); // and a sum per head
    let feed_forward_inputs = 2 * width;
    let feed_forward = 3 * u64::from(dimensions.feed_forward_width); // gate, up, their product
    let more_norms = match dimensions.norms {
        NormLayout::BeforeBlocks => 0,
        // What the norms after both blocks and on queries and keys read.
        NormLayout::AroundBlocks => 2 * width + query + key,
    };
    attention_inputs + heads + attended + feed_forward_inputs + feed_forward + more_norms
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::dimensions::tests::{GEMMA_3_270M, SMOLLM2_135M};
    use super::*;

    fn setup(method: TrainingMethod, activations: ActivationStorage) -> TrainingSetup {
        TrainingSetup { method, sequence_tokens: 512, sequences_per_batch: 2, activations, loss_chunk_tokens: 128 }
    }

    #[test]
    fn full_training_takes_sixteen_bytes_per_weight() {
        let memory = TrainingMemory::of(&SMOLLM2_135M, &setup(TrainingMethod::Full, ActivationStorage::LayerInputs));
        assert_eq!(memory.weight_bytes + memory.gradient_bytes + memory.optimizer_bytes, 16 * 134_515_008);
        // A layer: 4 * 576 + (576 + 2 * 192) + (576 + 9) + 3 * 1536 = 8457 values.
        assert_eq!(memory.activation_bytes, 1024 * (30 * 576 + 8457 + 2 * 576) * 4);
        assert_eq!(memory.loss_bytes, 128 * 49_152 * 8);
        let everything = TrainingMemory::of(&SMOLLM2_135M, &setup(TrainingMethod::Full, ActivationStorage::Everything));
        assert_eq!(everything.activation_bytes, 1024 * (30 * 8457 + 2 * 576) * 4);
    }

    #[test]
    fn adapters_train_little_beside_frozen_weights() {
        // The attention of SmolLM2 at rank 8:
        // 30 layers * 8 * ((576 + 576) + 2 * (192 + 576) + (576 + 576)).
        let targets = vec![LinearLayer::Query, LinearLayer::Key, LinearLayer::Value, LinearLayer::Output];
        let lora = TrainingMethod::Lora { rank: 8, targets: targets.clone() };
        let memory = TrainingMemory::of(&SMOLLM2_135M, &setup(lora, ActivationStorage::LayerInputs));
        assert_eq!(memory.trained_parameters, 921_600);
        assert_eq!(memory.weight_bytes, 2 * 134_515_008 + 4 * 921_600);
        assert_eq!(memory.gradient_bytes + memory.optimizer_bytes, 12 * 921_600);

        // 100,270,080 weights in Gemma's layers at 4.127 bits; the table and the norms at 16.
        let quantized = TrainingMethod::QuantizedLora { rank: 8, targets };
        let memory = TrainingMemory::of(&GEMMA_3_270M, &setup(quantized, ActivationStorage::LayerInputs));
        let trained = 18 * 8 * ((1024 + 640) + 2 * (256 + 640) + (640 + 1024));
        assert_eq!(memory.trained_parameters, trained);
        let expected =
            100_270_080.0 * 4.126_953_125 / 8.0 + 2.0 * (268_098_176.0 - 100_270_080.0) + 4.0 * trained as f64;
        assert!((memory.weight_bytes as f64 - expected).abs() <= 1.0, "{} for {expected}", memory.weight_bytes);
    }

    proptest! {
        #[test]
        fn more_of_anything_never_takes_less(
            tokens in 1_u32..8192, sequences in 1_u32..64, rank in 1_u32..256, chunk in 1_u32..4096, more in 0_u32..512
        ) {
            let total = |tokens, sequences, rank, chunk, activations| {
                let method = TrainingMethod::QuantizedLora { rank, targets: LinearLayer::ALL.to_vec() };
                let setup = TrainingSetup {
                    method, sequence_tokens: tokens, sequences_per_batch: sequences, activations,
                    loss_chunk_tokens: chunk,
                };
                TrainingMemory::of(&GEMMA_3_270M, &setup).total_bytes()
            };
            let inputs = ActivationStorage::LayerInputs;
            let base = total(tokens, sequences, rank, chunk, inputs);
            prop_assert!(base <= total(tokens + more, sequences, rank, chunk, inputs));
            prop_assert!(base <= total(tokens, sequences + more, rank, chunk, inputs));
            prop_assert!(base <= total(tokens, sequences, rank + more, chunk, inputs));
            prop_assert!(base <= total(tokens, sequences, rank, chunk + more, inputs));
            prop_assert!(base <= total(tokens, sequences, rank, chunk, ActivationStorage::Everything));
        }
    }
}
