//! Writes a model again with other values: all that its file says stays, and every tensor is in 32-bit floats.

use std::io::{self, Write};

use super::{GgufFile, Tensor};
use crate::error::EngineError;
use crate::plan::Weight;
use crate::source::ReadAt;
use crate::weights;

/// Where data begins is a multiple of this, in files that do not say otherwise; what is written does not.
const ALIGNMENT_BYTES: u64 = 32;

/// What a file says that is not so of the one that is written.
const NOT_COPIED: [&str; 3] = ["general.alignment", "general.file_type", "general.quantization_version"];

/// Why a model can't be written.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// The model can't be read, or does not fit what is to be written.
    #[error(transparent)]
    Model(#[from] EngineError),
    /// It can't be written.
    #[error("the model can't be written: {0}")]
    Write(#[from] io::Error),
}

/// Writes the model in `source` to `out`, tensor by tensor. `change` gets each tensor's values `[rows * columns]`.
///
/// # Errors
/// The model can't be read, `change` fails, or `out` can't be written to.
pub fn write_in_floats(
    file: &GgufFile,
    source: &dyn ReadAt,
    out: &mut dyn Write,
    mut change: impl FnMut(&Tensor, &mut [f32]) -> Result<(), EngineError>,
) -> Result<(), RewriteError> {
    let copied: Vec<_> = file.metadata.places().iter().filter(|(key, _)| !NOT_COPIED.contains(&key.as_str())).collect();
    let mut head = b"GGUF".to_vec();
    head.extend_from_slice(&3_u32.to_le_bytes());
    head.extend_from_slice(&(file.tensors.len() as u64).to_le_bytes());
    head.extend_from_slice(&(copied.len() as u64).to_le_bytes());
    for (_, place) in copied {
        let start = head.len();
        let wanted_bytes = place.end - place.start;
        head.resize(start + wanted_bytes as usize, 0);
        source.read_exact_at(place.start, &mut head[start..]).map_err(|cause| EngineError::Read {
            offset_bytes: place.start,
            wanted_bytes,
            cause,
        })?;
    }
    let mut offset_bytes = 0_u64;
    for tensor in &file.tensors {
        head.extend_from_slice(&(tensor.name.len() as u64).to_le_bytes());
        head.extend_from_slice(tensor.name.as_bytes());
        // What has one row is a list and no matrix.
        let sizes = [tensor.columns as u64, tensor.rows as u64];
        let sizes = if tensor.rows == 1 { &sizes[..1] } else { &sizes[..] };
        head.extend_from_slice(&(sizes.len() as u32).to_le_bytes());
        sizes.iter().for_each(|size| head.extend_from_slice(&size.to_le_bytes()));
        head.extend_from_slice(&0_u32.to_le_bytes()); // F32
        head.extend_from_slice(&offset_bytes.to_le_bytes());
        offset_bytes = (offset_bytes + float_bytes(tensor)).next_multiple_of(ALIGNMENT_BYTES);
    }
    out.write_all(&head)?;
    pad(out, head.len() as u64)?;
    for tensor in &file.tensors {
        let (block_type, rows, columns) = (tensor.block_type, tensor.rows, tensor.columns);
        let weight = Weight { tensors: vec![tensor.name.clone()], block_type, rows, columns };
        let mut values = weights::read_floats(source, file, &weight)?;
        change(tensor, &mut values)?;
        for values in values.chunks(1 << 14) {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            out.write_all(&bytes)?;
        }
        pad(out, float_bytes(tensor))?;
    }
    out.flush()?;
    Ok(())
}

fn float_bytes(tensor: &Tensor) -> u64 {
    (tensor.rows * tensor.columns * size_of::<f32>()) as u64
}

/// Fills up what is `bytes` long.
fn pad(out: &mut dyn Write, bytes: u64) -> io::Result<()> {
    let missing = bytes.next_multiple_of(ALIGNMENT_BYTES) - bytes;
    out.write_all(&[0; ALIGNMENT_BYTES as usize][..missing as usize])
}
