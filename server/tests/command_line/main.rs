//! The program `quern` as a person or a script runs it.

#![expect(clippy::unwrap_used, reason = "a test whose preparations fail has failed")]

mod adapters;
mod config;
mod data;
mod data_asking;
mod data_learned;
mod eval;
#[path = "../support/fake_provider.rs"]
mod fake_provider;
mod generate;
mod models;
mod optimize;
mod providers;
mod quern;
mod serve;
mod tiny_model;
mod tokenize;
