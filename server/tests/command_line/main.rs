//! The program `quern` as a person or a script runs it.

mod config;
mod generate;
mod models;
mod quern;
mod serve;
mod tiny_model;
mod tokenize;
