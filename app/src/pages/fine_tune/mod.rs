//! Fine-tune: not there yet.

pub mod page;

pub use page::FineTunePage;
