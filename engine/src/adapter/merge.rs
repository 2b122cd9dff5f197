//! A model with its adapter in its weights: what runs where adapters do not.

use std::io::Write;

use super::LoraAdapter;
use crate::error::EngineError;
use crate::gguf::{GgufFile, RewriteError, write_in_floats};
use crate::source::ReadAt;

/// Writes the model in `source` with its adapter in each matrix that has one, in 32-bit floats.
///
/// # Errors
/// The adapter stands beside what the model does not have, the model can't be read, or `out` can't be written to.
pub fn merge(
    file: &GgufFile,
    source: &dyn ReadAt,
    adapter: &LoraAdapter,
    out: &mut dyn Write,
) -> Result<(), RewriteError> {
    for matrix in &adapter.matrices {
        let tensor = file.tensor(&matrix.tensor);
        if tensor.is_none_or(|tensor| (tensor.rows, tensor.columns) != (matrix.rows, matrix.columns)) {
            return Err(RewriteError::Model(EngineError::Tensor {
                name: matrix.tensor.clone(),
                expected: format!("{} x {} values, as the adapter has beside it", matrix.rows, matrix.columns),
                found: tensor.map_or("no such tensor".to_owned(), |it| format!("{} x {}", it.rows, it.columns)),
            }));
        }
    }
    let factor = adapter.settings.factor();
    write_in_floats(file, source, out, |tensor, values| {
        if let Some(matrix) = adapter.matrices.iter().find(|matrix| matrix.tensor == tensor.name) {
            matrix.merge_into(factor, values);
        }
        Ok(())
    })
}
