//! Weights in memory as the file stores them: mapped where the system can, copied where not.

use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::plan::Weight;
use crate::quantization::BlockType;
use crate::source::ReadAt;
use crate::weights;

/// A (stacked) weight matrix.
pub(crate) struct CpuWeight {
    pub(crate) block_type: BlockType,
    pub(crate) columns: usize,
    parts: Vec<Part>,
}

struct Part {
    first_row: usize,
    rows: usize,
    bytes: Bytes,
}

enum Bytes {
    Owned(Vec<u8>),
    #[cfg(not(target_arch = "wasm32"))]
    Mapped {
        map: std::sync::Arc<memmap2::Mmap>,
        start: usize,
        length: usize,
    },
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            #[cfg(not(target_arch = "wasm32"))]
            Self::Mapped { map, start, length } => &map[*start..*start + *length],
        }
    }
}

impl CpuWeight {
    /// Takes a weight from the file.
    ///
    /// # Errors
    /// The file can't be read, or there is no memory for it.
    pub(crate) fn load(source: &dyn ReadAt, file: &GgufFile, weight: &Weight) -> Result<Self, EngineError> {
        let mut parts = Vec::new();
        let mut first_row = 0;
        for tensor in weights::tensors(file, weight)? {
            let size_bytes = tensor.size_bytes as usize;
            let bytes = match mapped(source, tensor.offset_bytes, size_bytes) {
                Some(bytes) => bytes,
                None => {
                    let mut bytes = Vec::new();
                    bytes.try_reserve_exact(size_bytes).map_err(|_| EngineError::OutOfMemory {
                        what: format!("tensor {:?}", tensor.name),
                        needed_bytes: tensor.size_bytes,
                        limit: "the memory this tab or process may still take".to_owned(),
                    })?;
                    bytes.resize(size_bytes, 0);
                    source.read_exact_at(tensor.offset_bytes, &mut bytes).map_err(|cause| EngineError::Read {
                        offset_bytes: tensor.offset_bytes,
                        wanted_bytes: tensor.size_bytes,
                        cause,
                    })?;
                    Bytes::Owned(bytes)
                }
            };
            parts.push(Part { first_row, rows: tensor.rows, bytes });
            first_row += tensor.rows;
        }
        Ok(Self { block_type: weight.block_type, columns: weight.columns, parts })
    }

    /// Bytes of one row.
    pub(crate) fn row_bytes(&self) -> usize {
        self.block_type.row_bytes(self.columns)
    }

    /// The blocks of row `row`.
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        let part = self.parts.iter().rfind(|part| part.first_row <= row).map_or(&self.parts[0], |part| part);
        &part.bytes.as_slice()[(row - part.first_row) * self.row_bytes()..][..self.row_bytes()]
    }

    /// Consecutive rows as floats, where they lie as such in one piece of memory.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn floats(&self, rows: std::ops::Range<usize>) -> Option<&[f32]> {
        let mut runs = self.runs(rows.clone());
        let (_, bytes) = runs.next().filter(|_| self.block_type == BlockType::F32)?;
        let floats: &[f32] = bytemuck::try_cast_slice(bytes).ok()?;
        (floats.len() == rows.len() * self.columns).then_some(floats)
    }

    /// Consecutive rows `rows` as runs that lie in one piece: (first row, blocks).
    pub(crate) fn runs(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = (usize, &[u8])> {
        let row_bytes = self.row_bytes();
        self.parts.iter().filter_map(move |part| {
            let start = rows.start.max(part.first_row);
            let end = rows.end.min(part.first_row + part.rows);
            let bytes =
                || &part.bytes.as_slice()[(start - part.first_row) * row_bytes..(end - part.first_row) * row_bytes];
            (start < end).then(|| (start, bytes()))
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn mapped(source: &dyn ReadAt, offset_bytes: u64, length: usize) -> Option<Bytes> {
    let map = source.mapped()?;
    let start = offset_bytes as usize;
    (start + length <= map.len()).then_some(Bytes::Mapped { map, start, length })
}

#[cfg(target_arch = "wasm32")]
fn mapped(_source: &dyn ReadAt, _offset_bytes: u64, _length: usize) -> Option<Bytes> {
    None
}
