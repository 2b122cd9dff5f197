//! The wire, exactly as OpenAI names it, one file per resource; and the companion's own few endpoints.
//!
//! Requests keep the fields they don't know in `extra`, so that a field is honoured or refused with its name, never
//! ignored.

pub mod chat;
pub mod companion;
pub mod completions;
pub mod embeddings;
pub mod error;
pub mod event_stream;
pub mod files;
pub mod fine_tuning;
pub mod models;
pub mod page;
pub mod providers;
mod request;
pub mod response_format;
pub mod streamed_answer;
pub mod tokenizer;
pub mod uploads;

pub use request::{Stop, StreamOptions};
