//! How good answers are: evaluations over cases with what is expected of an answer, the verdict on each, and reports.

pub mod assertions;
mod case;
pub mod formats;
mod judge;
pub mod metrics;
pub mod report;
mod run;
mod runner;
pub mod statistics;
mod suite;
mod verdict;

pub use case::{AssertionSet, Case, Check, WeightedAssertion};
pub use judge::{compare, judge, most_model_calls};
pub use run::{Cell, CellIndex, CellOutcome, InvalidRun, RUN_FORMAT, Run, RunCase};
pub use runner::{RunEvent, RunOptions, run};
pub(crate) use suite::hexadecimal_digest;
pub use suite::{EvaluationSuite, ForeignModel, InvalidSuite, ModelChoice, ModelSource};
pub use verdict::{Answer, Verdict};
