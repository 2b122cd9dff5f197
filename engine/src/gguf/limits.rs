//! The most a GGUF header may ask for: far above any real model, far below what harms.

/// Metadata entries.
pub const METADATA_ENTRIES: u64 = 65_536;
/// Bytes of a metadata key or a tensor name.
pub const NAME_BYTES: u64 = 65_535;
/// Bytes of one string value (chat templates are the longest).
pub const STRING_BYTES: u64 = 16 << 20;
/// Elements of one array (vocabularies and merge lists are the longest).
pub const ARRAY_ELEMENTS: u64 = 4 << 20;
/// Bytes of all the strings in one array.
pub const ARRAY_STRING_BYTES: u64 = 256 << 20;
/// Tensors of one file.
pub const TENSORS: u64 = 65_536;
/// Dimensions of one tensor.
pub const DIMENSIONS: u32 = 4;
/// `general.alignment`.
pub const ALIGNMENT_BYTES: u32 = 1 << 16;
