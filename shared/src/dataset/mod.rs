//! Datasets: rows of any format, from any file, made into what a model is trained on.
//!
//! Nothing here does I/O: bytes come from whoever calls, in the page's worker and natively, and the same bytes give the
//! same rows on both sides.

pub mod formats;
pub mod json;
pub mod records;
pub mod row;
pub mod rows;
