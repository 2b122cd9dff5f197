//! What a model multiplies with while it is trained on a GPU.

use std::ops::Range;
use std::sync::Arc;

use super::dequantization::{DeviceNf4, DeviceScales, dequantize};
use super::driver::{Driver, Element};
use super::kernels::format_name;
use super::operations;
use super::tensor::Tensor;
use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::plan;
use crate::quantization::BlockType;
use crate::source::ReadAt;
use crate::training::Parameters;
use crate::training::dynamic_map::dynamic_map;
use crate::training::nf4::{LEVELS, Scales};
use crate::training::nf4_tensor::Nf4Tensor;
use crate::weights;

/// A weight of the plan.
pub(super) enum Weight {
    /// A norm that stays as it is, in 32 bits.
    FrozenNorm(Tensor),
    /// A matrix that stays as it is: floats in 16 bits, or as the file stores it, and decoded each time that it is used.
    Frozen { format: &'static str, blocks: Tensor },
    /// One in four bits: its tensors, the one below the other.
    Nf4(Vec<(Range<usize>, DeviceNf4)>),
    /// One that is trained: its number among the parameters.
    Trained(usize),
}

impl Weight {
    /// Takes a norm to the device.
    pub(super) fn norm(
        driver: &Arc<dyn Driver>,
        source: &dyn ReadAt,
        file: &GgufFile,
        weight: &plan::Weight,
    ) -> Result<Self, EngineError> {
        Ok(Self::FrozenNorm(Tensor::of(driver, Element::F32, &weights::read_floats(source, file, weight)?)?))
    }

    /// Takes a matrix to the device, in four bits.
    pub(super) fn nf4(driver: &Arc<dyn Driver>, tensors: &[Nf4Tensor]) -> Result<Self, EngineError> {
        let to_device = |tensor: &Nf4Tensor| Ok((tensor.rows.clone(), device_nf4(driver, tensor)?));
        Ok(Self::Nf4(tensors.iter().map(to_device).collect::<Result<_, EngineError>>()?))
    }

    /// Takes a matrix to the device.
    pub(super) fn matrix(
        driver: &Arc<dyn Driver>,
        source: &dyn ReadAt,
        file: &GgufFile,
        weight: &plan::Weight,
    ) -> Result<Self, EngineError> {
        let (rows, columns, block_type) = (weight.rows, weight.columns, weight.block_type);
        let row_bytes = block_type.row_bytes(columns);
        // Floats are multiplied in 16 bits, so nothing else need be held.
        let is_plain = matches!(block_type, BlockType::F32 | BlockType::F16);
        if is_plain {
            let halves = Tensor::new(driver, Element::Bf16, 1, rows * columns)?;
            weights::for_each_window(source, file, weight, |first_row, bytes| {
                let count = bytes.len() / row_bytes;
                let range = first_row * columns..(first_row + count) * columns;
                let window = Tensor::of(driver, Element::U8, bytes)?;
                dequantize(format_name(block_type), &window, &halves.matrix(&range, count, columns))
            })?;
            return Ok(Self::Frozen { format: "bf16", blocks: halves });
        }
        let blocks = Tensor::new(driver, Element::U8, 1, rows * row_bytes)?;
        weights::for_each_window(source, file, weight, |first_row, bytes| {
            let first = first_row * row_bytes;
            blocks.matrix(&(first..first + bytes.len()), 1, bytes.len()).upload(bytes)
        })?;
        Ok(Self::Frozen { format: format_name(block_type), blocks })
    }
}

/// Takes a tensor in four bits to the device.
fn device_nf4(driver: &Arc<dyn Driver>, tensor: &Nf4Tensor) -> Result<DeviceNf4, EngineError> {
    let floats = |values: &[f32]| Tensor::of(driver, Element::F32, values);
    let count = tensor.rows.len();
    let rows: Vec<u32> = (0..count).map(|row| tensor.order.row_of_module(row, count) as u32).collect();
    // The last block is whole there; here it ends with the values.
    let codes = &tensor.values.codes[..tensor.values.length.div_ceil(2)];
    Ok(DeviceNf4 {
        codes: Tensor::of(driver, Element::U8, codes)?,
        scales: match &tensor.values.scales {
            Scales::Plain(scales) => DeviceScales::Plain(floats(scales)?),
            Scales::Quantized { codes, scales, mean } => DeviceScales::Quantized {
                codes: Tensor::of(driver, Element::U8, codes)?,
                coarse: floats(scales)?,
                map: floats(dynamic_map())?,
                mean: *mean,
            },
        },
        levels: floats(&LEVELS)?,
        rows: Tensor::of(driver, Element::U32, &rows)?,
    })
}

/// Parameters on the device.
pub(super) struct DeviceParameters {
    /// All of them, as one row, in 32 bits.
    pub(super) values: Tensor,
    pub(super) gradients: Tensor,
    /// The values in 16 bits, to multiply with.
    pub(super) copies: Tensor,
}

impl DeviceParameters {
    pub(super) fn new(driver: &Arc<dyn Driver>, parameters: &Parameters) -> Result<Self, EngineError> {
        let count = parameters.values.len();
        let values = Tensor::of(driver, Element::F32, &parameters.values)?;
        let gradients = Tensor::zeros(driver, Element::F32, 1, count)?;
        let copies = Tensor::new(driver, Element::Bf16, 1, count)?;
        operations::convert(&copies, &values)?;
        Ok(Self { values, gradients, copies })
    }

    /// A parameter as a matrix, of `all`.
    pub(super) fn matrix(&self, all: &Tensor, parameters: &Parameters, number: usize) -> Tensor {
        let parameter = &parameters.list[number];
        all.matrix(&parameter.range, parameter.rows, parameter.columns)
    }
}
