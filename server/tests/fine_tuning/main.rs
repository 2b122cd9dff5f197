//! `quern worker`: what comes of a job's folder, and what does not depend on how often the worker was killed.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../../../engine/tests/support/gguf_file.rs"]
#[expect(dead_code, reason = "every program uses its part")]
mod gguf_file;
mod job;
mod kills;
mod outcomes;
#[path = "../../../engine/tests/support/random.rs"]
#[expect(dead_code, reason = "as above")]
mod random;
mod refusals;
#[path = "../../../engine/tests/support/tiny_model.rs"]
#[expect(dead_code, reason = "as above")]
mod tiny_model;
