//! The head of a GGUF file: magic, version, metadata, tensor index.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::limits;
use super::metadata::Metadata;
use super::tensor::{Tensor, TensorInfo};
use crate::error::EngineError;
use crate::source::ReadAt;

/// Everything a GGUF file says before its tensor data.
#[derive(Clone, Debug)]
pub struct GgufFile {
    /// The key-value pairs.
    pub metadata: Metadata,
    /// The tensors in the file's order.
    pub tensors: Vec<Tensor>,
    by_name: HashMap<String, usize>,
}

impl GgufFile {
    /// Reads and checks the head of `source`.
    ///
    /// # Errors
    /// [`EngineError::Malformed`] and its kin: whatever is wrong with the file, with offset or name.
    pub fn read(source: &dyn ReadAt) -> Result<Self, EngineError> {
        let mut cursor = Cursor::new(source);
        let magic: [u8; 4] = cursor.array("the file's first four bytes")?;
        if &magic != b"GGUF" {
            return Err(EngineError::Malformed(format!(
                "it begins with {:?} instead of \"GGUF\"",
                String::from_utf8_lossy(&magic)
            )));
        }
        let version = cursor.u32("the version")?;
        if !(2..=3).contains(&version) {
            let hint = if version.swap_bytes() <= 3 { " (a big-endian file)" } else { "" };
            return Err(EngineError::Malformed(format!(
                "it is GGUF version {version}{hint}; versions 2 and 3 are read"
            )));
        }
        let tensor_count = cursor.count(limits::TENSORS, "the number of tensors")?;
        let metadata_count = cursor.count(limits::METADATA_ENTRIES, "the number of metadata entries")?;
        let metadata = Metadata::read(&mut cursor, metadata_count)?;
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(_) => metadata
                .integer("general.alignment")
                .filter(|bytes| bytes.is_power_of_two() && (8..=limits::ALIGNMENT_BYTES).contains(bytes))
                .ok_or(EngineError::Metadata {
                    key: "general.alignment".to_owned(),
                    expected: "a power of two from 8 to 65536",
                })?,
        };
        let alignment = u64::from(alignment);
        let mut infos = Vec::new();
        for _ in 0..tensor_count {
            infos.push(TensorInfo::read(&mut cursor)?);
        }
        let data_offset_bytes = cursor.offset_bytes().next_multiple_of(alignment);
        let file_bytes = source.size_bytes();
        let tensors = infos
            .into_iter()
            .map(|info| info.place(data_offset_bytes, alignment, file_bytes))
            .collect::<Result<Vec<_>, _>>()?;
        check_overlaps(&tensors)?;
        let mut by_name = HashMap::new();
        for (index, tensor) in tensors.iter().enumerate() {
            if by_name.insert(tensor.name.clone(), index).is_some() {
                return Err(EngineError::Malformed(format!("tensor {:?} is there twice", tensor.name)));
            }
        }
        Ok(Self { metadata, tensors, by_name })
    }

    /// The tensor called `name`, if the file has one.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.by_name.get(name).map(|&index| &self.tensors[index])
    }
}

/// A small file whose tensors all lie in the same place would become a model of any size.
fn check_overlaps(tensors: &[Tensor]) -> Result<(), EngineError> {
    let mut in_order: Vec<&Tensor> = tensors.iter().collect();
    in_order.sort_unstable_by_key(|tensor| tensor.offset_bytes);
    match in_order.windows(2).find(|pair| pair[0].offset_bytes + pair[0].size_bytes > pair[1].offset_bytes) {
        None => Ok(()),
        Some(pair) => Err(EngineError::Malformed(format!(
            "tensors {:?} and {:?} lie in the same place",
            pair[0].name, pair[1].name
        ))),
    }
}
