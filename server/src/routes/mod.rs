//! What each route does, one file per resource.

pub mod app_files;
pub mod chat_completions;
pub mod companion;
pub mod completions;
pub mod device;
pub mod embeddings;
pub mod files;
pub mod fine_tuning;
mod forwarding;
pub mod health;
mod list_query;
mod log_probabilities;
pub mod model_files;
pub mod models;
mod multipart;
mod name_in_path;
pub mod providers;
mod request_body;
mod streaming;
pub mod tokenizer;
pub mod uploads;
mod usage;
