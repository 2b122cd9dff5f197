//! What several of the test programs need: models, random weights, and a forward pass that is easy to read.

pub(crate) mod gguf_file;
pub(crate) mod plain_executor;
pub(crate) mod random;
pub(crate) mod reference_models;
pub(crate) mod tiny_model;
