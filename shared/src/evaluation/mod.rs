//! How good answers are: evaluations over cases with what is expected of an answer, the verdict on each, and reports.

pub mod assertions;
mod case;
mod judge;
pub mod metrics;
pub mod statistics;
mod verdict;

pub use case::{AssertionSet, Case, Check, WeightedAssertion};
pub use judge::{compare, judge, most_model_calls};
pub use verdict::{Answer, Verdict};
