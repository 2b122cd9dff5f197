//! Evaluate: not there yet.

mod page;

pub use page::EvaluatePage;
