//! Takes weights from the file to their place, a window at a time.

use crate::error::EngineError;
use crate::gguf::{GgufFile, Tensor};
use crate::plan::Weight;
use crate::source::ReadAt;

/// The largest piece read at once: big enough for full speed from OPFS and disks, small against a tab's memory.
const WINDOW_BYTES: usize = 4 << 20;

/// The tensors of a stacked weight.
///
/// # Errors
/// A tensor is missing.
pub fn tensors<'f>(file: &'f GgufFile, weight: &Weight) -> Result<Vec<&'f Tensor>, EngineError> {
    weight
        .tensors
        .iter()
        .map(|name| {
            file.tensor(name).ok_or_else(|| EngineError::Tensor {
                name: name.clone(),
                expected: "a tensor of that name".to_owned(),
                found: "no such tensor".to_owned(),
            })
        })
        .collect()
}

/// Reads a weight in windows of whole rows and hands each to `place(first_row, bytes)`.
///
/// # Errors
/// The file can't be read, or `place` fails.
pub fn for_each_window(
    source: &dyn ReadAt,
    file: &GgufFile,
    weight: &Weight,
    mut place: impl FnMut(usize, &[u8]) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let mut first_row = 0;
    let mut window = Vec::new();
    for tensor in tensors(file, weight)? {
        let row_bytes = tensor.row_bytes();
        // An even number: the GPU's 16-bit scales of two rows together are whole words in every format.
        let window_rows = (WINDOW_BYTES / row_bytes / 2 * 2).max(2);
        let mut row = 0;
        while row < tensor.rows {
            let rows = window_rows.min(tensor.rows - row);
            window.resize(rows * row_bytes, 0);
            let offset_bytes = tensor.offset_bytes + (row * row_bytes) as u64;
            source.read_exact_at(offset_bytes, &mut window).map_err(|cause| EngineError::Read {
                offset_bytes,
                wanted_bytes: window.len() as u64,
                cause,
            })?;
            place(first_row + row, &window)?;
            row += rows;
        }
        first_row += tensor.rows;
    }
    Ok(())
}

/// Reads a small weight of plain floats (norms) whole. `[rows * columns]`
///
/// # Errors
/// The file can't be read.
pub fn read_floats(source: &dyn ReadAt, file: &GgufFile, weight: &Weight) -> Result<Vec<f32>, EngineError> {
    let mut values = vec![0.0; weight.rows * weight.columns];
    for_each_window(source, file, weight, |first_row, bytes| {
        let rows = bytes.len() / weight.block_type.row_bytes(weight.columns);
        weight.block_type.dequantize(bytes, &mut values[first_row * weight.columns..][..rows * weight.columns]);
        Ok(())
    })?;
    Ok(values)
}
