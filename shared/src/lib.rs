//! Logic and types that both sides use, with the same result everywhere.
//!
//! What is here does no I/O, reads no clock and touches no GPU: the page, the engine worker and the companion
//! call the same functions and get the same bytes. What must never be here: wgpu, tokio, axum, candle, leptos,
//! web-sys (`xtask/tests/layering.rs` holds the line).

pub mod api;
pub mod catalog;
pub mod chat_template;
pub mod dataset;
pub mod evaluation;
pub mod model_call;
pub mod model_pool;
pub mod model_source;
pub mod optimization;
pub mod patient_model;
pub mod prompt;
pub mod quantities;
pub mod sampling;
pub mod tokenizer;
pub mod workspace;
