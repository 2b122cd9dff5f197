//! Weights as files store them, and in four bits, to floats of 16 bits on a device.

use super::driver::{Argument, Element};
use super::operations::{Done, arguments, check, each, launch};
use super::tensor::Tensor;
use crate::training::nf4;

/// Weights of a format, by its name in the kernels, to floats of 16 bits.
pub(super) fn dequantize(format: &str, blocks: &Tensor, values: &Tensor) -> Done {
    check(values.element == Element::Bf16 && values.is_whole(), "weights are of 16 bits");
    let arguments = arguments![blocks, values, values.length() as u64];
    launch(values, &format!("dequantize_{format}"), each(values.length()), arguments)
}

/// A tensor in four bits.
pub(super) struct DeviceNf4 {
    /// Two values in a byte.
    pub(super) codes: Tensor,
    pub(super) scales: DeviceScales,
    /// What the 16 codes mean.
    pub(super) levels: Tensor,
    /// Where each row is stored.
    pub(super) rows: Tensor,
}

/// What 64 values are multiplied by.
pub(super) enum DeviceScales {
    Plain(Tensor),
    /// A byte each, with a coarse scale for 256, what the bytes mean, and the mean of all.
    Quantized {
        codes: Tensor,
        coarse: Tensor,
        map: Tensor,
        mean: f32,
    },
}

/// The values of a tensor in four bits.
pub(super) fn dequantize_nf4(from: &DeviceNf4, values: &Tensor) -> Done {
    let count = values.length();
    check(values.element == Element::Bf16 && values.is_whole(), "weights are of 16 bits");
    check(from.rows.length() == values.rows && from.codes.length() == count.div_ceil(2), "as many values");
    let blocks = count.div_ceil(nf4::BLOCK);
    let (columns, grid) = (values.columns as u32, each(count));
    match &from.scales {
        DeviceScales::Plain(scales) => {
            check(scales.length() == blocks, "a scale for each block");
            let arguments = arguments![&from.codes, scales, &from.levels, &from.rows, columns, values, count as u64];
            launch(values, "dequantize_nf4", grid, arguments)
        }
        DeviceScales::Quantized { codes, coarse, map, mean } => {
            let is_enough = codes.length() == blocks && coarse.length() == blocks.div_ceil(nf4::SCALES_BLOCK);
            check(is_enough && map.length() == 256, "a scale for each block");
            let arguments = arguments![
                &from.codes,
                codes,
                coarse,
                map,
                *mean,
                &from.levels,
                &from.rows,
                columns,
                values,
                count as u64
            ];
            launch(values, "dequantize_nf4_double", grid, arguments)
        }
    }
}

/// The rows of tokens, `scale` times.
pub(super) fn embed(format: &str, table: &Tensor, tokens: &Tensor, scale: f32, output: &Tensor) -> Done {
    check(output.element == Element::F32 && output.is_whole() && output.rows == tokens.length(), "embeddings fit");
    launch(
        output,
        &format!("embed_{format}"),
        each(output.length()),
        arguments![table, tokens, output.columns as u32, scale, output, output.length() as u64],
    )
}
