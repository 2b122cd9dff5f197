//! How far scores can be trusted, and whether one run is really better than another.

mod bootstrap;
mod normal;
mod paired;

pub use bootstrap::{Interval, mean_interval};
pub use paired::{PairedComparison, compare_pairs, mcnemar_p_value};
