//! Apache Parquet, as Hugging Face keeps datasets: columns, read by the `parquet` crate.
//!
//! <https://parquet.apache.org/docs/file-format/>

mod columns;
mod footer;
mod pages;
mod reader;
mod source;
mod writer;

pub(super) use self::reader::Parquet;
pub(super) use self::writer::ParquetWriter;

#[cfg(test)]
mod tests;
