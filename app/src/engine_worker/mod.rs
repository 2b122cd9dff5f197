//! The engine worker: one bundle, started three times by the page.
//!
//! One instance holds the model and computes; another owns the model files (downloads, imports, deletes), so a
//! crash of the engine never costs a download; the third prepares datasets. All speak [`protocol`]; [`client`] is the page's end, [`host`] the
//! worker's. Read in this order.

pub mod dataset_protocol;
pub mod protocol;

pub mod client;
pub mod wire;

pub mod dataset_host;
pub mod host;
pub mod model_host;
pub mod text_host;
