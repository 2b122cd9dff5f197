//! The companion: serves the app, and the engine over OpenAI's API.

pub mod config;
pub mod database;
pub mod downloads;
pub mod error;
pub mod inference;
pub mod loopback;
pub mod protection;
