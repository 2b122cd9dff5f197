//! What a run says: numbers with their intervals, comparisons, and the files that people and CI systems read. One
//! kind of report per file; each takes a finished [`Run`](super::Run) alone.

mod comparison;
mod json;
mod junit;
mod summary;
mod text;

pub use comparison::{Column, ColumnComparison, Flip, compare_columns, compare_runs};
pub use json::json;
pub use junit::junit;
pub use summary::{ColumnSummary, Estimate, Group, Spread, Summary, summarize};
pub use text::{comparison_text, text};
