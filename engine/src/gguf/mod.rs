//! The GGUF v3 container (ggml `docs/gguf.md`): header, metadata and tensor index, read as a stream.
//!
//! Every length, offset, type and dimension is checked against [`limits`] and the file's size before it is used, so
//! a truncated, corrupt or hostile file ends in an error. Tensor data is never read here: [`Tensor`] says where it
//! lies.

pub mod cursor;
pub mod header;
pub mod limits;
pub mod metadata;
mod rewrite;
pub mod tensor;
pub mod vocabulary;
pub mod writer;

pub use header::GgufFile;
pub use metadata::{Metadata, Value};
pub use rewrite::{RewriteError, write_in_floats};
pub use tensor::Tensor;
pub use writer::GgufWriter;
