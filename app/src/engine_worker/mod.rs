//! The engine worker: one bundle, started twice by the page.
//!
//! One instance holds the model and computes; the other owns the model files (downloads, imports, deletes), so a
//! crash of the engine never costs a download. Both speak [`protocol`]; [`client`] is the page's end, [`host`] the
//! worker's. Read in this order.

pub mod protocol;

pub mod client;
pub mod wire;

pub mod host;
pub mod model_host;
pub mod text_host;
