//! Fine-tune: not there yet.

mod page;

pub use page::FineTunePage;
