//! Evaluate: not there yet.

pub mod page;

pub use page::EvaluatePage;
