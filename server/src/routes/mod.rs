//! What each route does, one file per resource.

pub mod app_files;
pub mod chat_completions;
pub mod companion;
pub mod completions;
pub mod device;
pub mod embeddings;
mod forwarding;
pub mod health;
mod log_probabilities;
pub mod model_files;
pub mod models;
mod name_in_path;
pub mod providers;
mod request_body;
mod streaming;
pub mod tokenizer;
mod usage;
