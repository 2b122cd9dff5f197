//! Prompts: not there yet.

mod page;

pub use page::PromptsPage;
