//! How good answers are: cases with what is expected of an answer, and the verdict on one.

pub mod assertions;
mod case;
pub mod formats;
mod suite;
mod verdict;

pub use case::{AssertionSet, Case, Check, WeightedAssertion};
pub use suite::{EvaluationSuite, ForeignModel, InvalidSuite, ModelChoice, ModelSource};
pub use verdict::{Answer, Verdict};
