//! The companion: serves the app, and the engine over OpenAI's API. The binary is `quern`.
//!
//! Flags, variables and files become a [`config::Config`]; [`state::AppState`] is what every request can reach;
//! [`router::router`] has every route on one page; [`inference`] owns the models, one thread each; [`model_store`]
//! knows which models there are, and [`downloads`] fetches them; [`providers`] knows and asks external addresses.

pub mod arguments;
pub mod commands;
pub mod config;
pub mod database;
pub mod downloads;
pub mod error;
mod file_lock;
pub mod files;
pub mod fine_tuning;
pub mod inference;
pub mod loopback;
pub mod machine;
pub mod model_calls;
pub mod model_store;
pub mod protection;
pub mod providers;
pub mod pulls;
mod random;
pub mod router;
pub mod routes;
pub mod serving;
pub mod state;
mod synced_folder;
pub mod terminal;
