//! How weights are stored, and how long a file of them is.

use serde::{Deserialize, Serialize};

use super::dimensions::ModelDimensions;

/// A file's weight format, as the `llama-quantize` program names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WeightFormat {
    /// 16-bit floats.
    F16,
    /// 8.5 bits per weight.
    #[serde(rename = "Q8_0")]
    Q8_0,
    /// 6.56 bits per weight.
    #[serde(rename = "Q6_K")]
    Q6K,
    /// 5.5 bits per weight.
    #[serde(rename = "Q5_K_M")]
    Q5KM,
    /// 4.5 bits per weight.
    #[serde(rename = "Q4_K_M")]
    Q4KM,
    /// 4.5 bits per weight.
    #[serde(rename = "Q4_0")]
    Q4_0,
}

impl WeightFormat {
    /// Every format, the most exact first.
    pub const ALL: [Self; 6] = [Self::F16, Self::Q8_0, Self::Q6K, Self::Q5KM, Self::Q4KM, Self::Q4_0];

    /// Its name in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "F16",
            Self::Q8_0 => "Q8_0",
            Self::Q6K => "Q6_K",
            Self::Q5KM => "Q5_K_M",
            Self::Q4KM => "Q4_K_M",
            Self::Q4_0 => "Q4_0",
        }
    }

    /// About how long a file is, without its tokenizer. Rows of no whole 256-weight blocks take a simpler format, and
    /// the output layer a more exact one, as `llama-quantize` does; that some formats keep a few matrices more exact
    /// is left out.
    pub fn file_bytes(self, dimensions: &ModelDimensions) -> u64 {
        let in_layer: f64 = dimensions
            .layer_matrices()
            .iter()
            .map(|(_, matrix)| matrix.values() as f64 * self.bits_per_weight(matrix.columns))
            .sum();
        let width = u64::from(dimensions.width);
        let output_bits = match self {
            Self::F16 | Self::Q8_0 => self.bits_per_weight(width),
            _ => Self::Q6K.bits_per_weight(width),
        };
        let table_bits = if dimensions.has_tied_embeddings { 0.0 } else { self.bits_per_weight(width) };
        let bits = f64::from(dimensions.layers) * in_layer
            + dimensions.embedding_parameters() as f64 * (output_bits + table_bits)
            + dimensions.norm_parameters() as f64 * 32.0;
        (bits / 8.0) as u64
    }

    /// Bits per weight in rows of `columns` weights.
    fn bits_per_weight(self, columns: u64) -> f64 {
        let has_whole_blocks = columns.is_multiple_of(256);
        match self {
            Self::F16 => 16.0,
            Self::Q8_0 => 8.5,
            Self::Q6K if has_whole_blocks => 6.5625,
            Self::Q6K => 8.5, // as Q8_0
            Self::Q5KM if has_whole_blocks => 5.5,
            Self::Q5KM => 6.0, // as Q5_1
            Self::Q4KM if has_whole_blocks => 4.5,
            Self::Q4KM => 5.5, // as Q5_0
            Self::Q4_0 => 4.5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dimensions::tests::{GEMMA_3_270M, SMOLLM2_135M};
    use super::*;

    #[test]
    fn a_file_is_about_as_long_as_real_ones_are() {
        // The catalogue's file; sizes in MiB that https://github.com/docker/model-runner, ai/smollm2.md, states.
        for (format, dimensions, real_bytes) in [
            (WeightFormat::Q4KM, GEMMA_3_270M, 253_113_024.0),
            (WeightFormat::F16, SMOLLM2_135M, 256.63 * 1_048_576.0),
            (WeightFormat::Q4_0, SMOLLM2_135M, 85.77 * 1_048_576.0),
        ] {
            let estimate = format.file_bytes(&dimensions) as f64;
            assert!((estimate / real_bytes - 1.0).abs() < 0.05, "{}: {estimate} for {real_bytes}", format.name());
        }
    }

    #[test]
    fn less_exact_formats_are_never_longer() {
        for dimensions in [SMOLLM2_135M, GEMMA_3_270M] {
            let lengths = WeightFormat::ALL.map(|format| format.file_bytes(&dimensions));
            assert!(lengths.is_sorted_by(|longer, shorter| longer >= shorter), "{lengths:?}");
        }
    }
}
