//! Datasets: not there yet.

mod page;

pub use page::DatasetsPage;
