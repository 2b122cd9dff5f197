//! How good answers are: cases with what is expected of an answer, and the verdict on one.

pub mod assertions;
mod case;
mod judge;
pub mod metrics;
pub mod statistics;
mod verdict;

pub use case::{AssertionSet, Case, Check, WeightedAssertion};
pub use judge::{compare, judge, most_model_calls};
pub use verdict::{Answer, Verdict};
