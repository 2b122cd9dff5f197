//! Tensors of a model's file in four bits.

use std::ops::Range;

use super::nf4::Nf4;
use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::models::hugging_face::{Modules, RowOrder};
use crate::plan;
use crate::source::ReadAt;
use crate::weights;

/// A tensor in four bits, its rows in the order of transformers' matrix: the same values share a scale there and here.
pub(super) struct Nf4Tensor {
    /// Where it lies in its stacked weight.
    pub(super) rows: Range<usize>,
    pub(super) order: RowOrder,
    pub(super) values: Nf4,
}

impl Nf4Tensor {
    /// Takes the tensors of a stacked weight from the file and stores them in four bits.
    ///
    /// # Errors
    /// The file can't be read.
    pub(super) fn load(
        source: &dyn ReadAt,
        file: &GgufFile,
        modules: &Modules<'_>,
        weight: &plan::Weight,
        double_quantization: bool,
    ) -> Result<Vec<Self>, EngineError> {
        let mut first_row = 0;
        let mut tensors = Vec::with_capacity(weight.tensors.len());
        for tensor in weights::tensors(file, weight)? {
            let (rows, columns) = (tensor.rows, tensor.columns);
            let alone = plan::Weight { tensors: vec![tensor.name.clone()], rows, ..weight.clone() };
            let stored = weights::read_floats(source, file, &alone)?;
            let order = modules.row_order(&tensor.name);
            let mut values = vec![0.0; stored.len()];
            for (row, from) in stored.chunks_exact(columns).enumerate() {
                values[order.row_of_module(row, rows) * columns..][..columns].copy_from_slice(from);
            }
            let values = Nf4::quantize(&values, double_quantization);
            tensors.push(Self { rows: first_row..first_row + rows, order, values });
            first_row += rows;
        }
        Ok(tensors)
    }
}
