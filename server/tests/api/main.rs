//! The companion over HTTP, as a client sees it: one file per route, with a small deterministic model behind it.

#![expect(clippy::unwrap_used, reason = "a test whose preparations fail has failed")]

mod adapters;
mod app_files;
mod chat_completions;
mod companion;
mod completions;
mod device;
mod embeddings;
mod envelope;
#[path = "../support/fake_provider.rs"]
mod fake_provider;
mod files;
mod fine_tuning;
mod health;
mod model_files;
mod models;
mod protection;
mod providers;
mod queue;
mod shutdown;
mod sse;
mod support;
mod tokenizer;
mod uploads;
