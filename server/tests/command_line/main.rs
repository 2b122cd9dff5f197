//! The program `quern` as a person or a script runs it.

#![expect(clippy::unwrap_used, reason = "a test whose preparations fail has failed")]

mod config;
mod generate;
mod models;
mod optimize;
mod quern;
mod serve;
mod tiny_model;
mod tokenize;
