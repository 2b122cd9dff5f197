//! A companion on a free port, with a small deterministic model behind its real threads and queues.

pub(crate) mod echo_model;
pub(crate) mod test_companion;

pub(crate) use test_companion::{Answer, TestCompanion};
