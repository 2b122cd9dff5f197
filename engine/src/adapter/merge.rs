//! A model with its adapter in its weights: what runs where adapters do not.

use std::io::Write;

use super::LoraAdapter;
use crate::error::EngineError;
use crate::gguf::{GgufFile, RewriteError, write_in_floats};
use crate::source::ReadAt;

/// Writes the model in `source` with `factor * B A` added to each matrix that has an adapter, in 32-bit floats.
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
    let (rank, factor) = (adapter.settings.rank, adapter.settings.factor());
    write_in_floats(file, source, out, |tensor, values| {
        if let Some(matrix) = adapter.matrices.iter().find(|matrix| matrix.tensor == tensor.name) {
            for (row, b) in values.chunks_exact_mut(matrix.columns).zip(matrix.b.chunks_exact(rank)) {
                for (a, b) in matrix.a.chunks_exact(matrix.columns).zip(b) {
                    row.iter_mut().zip(a).for_each(|(value, a)| *value += factor * b * a);
                }
            }
        }
        Ok(())
    })
}
