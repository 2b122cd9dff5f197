//! One entry of the tensor index: name, shape, block type and place in the file.

use super::cursor::Cursor;
use super::limits;
use crate::error::EngineError;
use crate::quantization::BlockType;

/// Where one tensor's data lies and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name, e.g. `blk.0.attn_q.weight`.
    pub name: String,
    /// How its values are stored.
    pub block_type: BlockType,
    /// Values of one row: the dimension that is contiguous in memory.
    pub columns: usize,
    /// Number of rows (all other dimensions multiplied).
    pub rows: usize,
    /// Where its data begins, from the start of the file.
    pub offset_bytes: u64,
    /// Length of its data.
    pub size_bytes: u64,
}

/// A tensor as the index names it, before its place in the file is known.
pub(super) struct TensorInfo {
    name: String,
    block_type: BlockType,
    columns: u64,
    rows: u64,
    relative_offset_bytes: u64,
    size_bytes: u64,
}

impl TensorInfo {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, EngineError> {
        let name = cursor.string(limits::NAME_BYTES, "a tensor name")?.to_owned();
        let dimension_count = cursor.u32("a tensor's dimensions")?;
        if dimension_count == 0 || dimension_count > limits::DIMENSIONS {
            return Err(EngineError::Malformed(format!("tensor {name:?} has {dimension_count} dimensions")));
        }
        let columns = cursor.u64("a tensor's dimensions")?;
        let mut rows = 1_u64;
        let too_large = || EngineError::Malformed(format!("tensor {name:?} has impossible dimensions"));
        for _ in 1..dimension_count {
            rows = rows.checked_mul(cursor.u64("a tensor's dimensions")?).ok_or_else(too_large)?;
        }
        let type_id = cursor.u32("a tensor's type")?;
        let relative_offset_bytes = cursor.u64("a tensor's offset")?;
        let block_type = BlockType::from_gguf_id(type_id).ok_or_else(|| EngineError::UnsupportedType {
            tensor: name.clone(),
            type_name: crate::quantization::gguf_type_name(type_id),
        })?;
        let block_values = block_type.values() as u64;
        if columns == 0 || rows == 0 || columns % block_values != 0 {
            return Err(EngineError::Malformed(format!(
                "tensor {name:?} has {rows} rows of {columns} values; {block_type} needs a positive multiple of {block_values}"
            )));
        }
        let size_bytes = (columns / block_values)
            .checked_mul(block_type.size_bytes() as u64)
            .and_then(|row_bytes| row_bytes.checked_mul(rows))
            .ok_or_else(too_large)?;
        Ok(Self { name, block_type, columns, rows, relative_offset_bytes, size_bytes })
    }

    /// The tensor's place, given where the data section begins; it must lie inside the file.
    pub(super) fn place(self, data_offset_bytes: u64, alignment: u64, file_bytes: u64) -> Result<Tensor, EngineError> {
        let Self { name, block_type, columns, rows, relative_offset_bytes, size_bytes } = self;
        if relative_offset_bytes % alignment != 0 {
            return Err(EngineError::Malformed(format!(
                "tensor {name:?} lies at offset {relative_offset_bytes}, which is no multiple of {alignment}"
            )));
        }
        let offset_bytes = data_offset_bytes.checked_add(relative_offset_bytes);
        let end = offset_bytes.and_then(|offset| offset.checked_add(size_bytes));
        let (Some(offset_bytes), Some(end)) = (offset_bytes, end) else {
            return Err(EngineError::Malformed(format!("tensor {name:?} lies outside any file")));
        };
        if end > file_bytes {
            return Err(EngineError::Malformed(format!(
                "tensor {name:?} ends at byte {end}, but the file has only {file_bytes} (is the download complete?)"
            )));
        }
        let (Ok(columns), Ok(rows)) = (usize::try_from(columns), usize::try_from(rows)) else {
            return Err(EngineError::Malformed(format!("tensor {name:?} is too large for this machine")));
        };
        Ok(Tensor { name, block_type, columns, rows, offset_bytes, size_bytes })
    }
}

impl Tensor {
    /// Bytes of one row.
    pub fn row_bytes(&self) -> usize {
        self.columns / self.block_type.values() * self.block_type.size_bytes()
    }
}
