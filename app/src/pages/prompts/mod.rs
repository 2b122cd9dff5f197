//! Prompts: not there yet.

pub mod page;

pub use page::PromptsPage;
