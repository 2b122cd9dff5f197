//! Model files in the browser's private file system (OPFS), and the app's own files for offline use.
//!
//! Everything that writes runs in the worker, where OPFS has synchronous handles. A model is a folder:
//! `models/<name>/weights.gguf` with `download.json` while it is incomplete and `record.json` once it is whole and
//! verified. The record is written last, so whatever lacks it counts as incomplete.

pub mod opfs;

pub mod blob_source;
pub mod dataset_files;
pub mod model_files;
pub mod payload_hash;

pub mod download;
pub mod import;

pub mod service_worker;
