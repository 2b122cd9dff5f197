//! Files that cases and whole evaluations come from and go to, one format per file.
//!
//! Nothing is read from a disk here: the caller brings the text, and a function that finds the text of further files.

pub mod csv;
mod expectation;
mod finding;
pub mod jsonl;
mod nunjucks;
pub mod promptfoo;
mod yaml;

use finding::Findings;

pub use finding::{Finding, Imported, Place, Refused};

/// The most cases that a file may have. Each is asked of every model with every prompt, so more than this is a mistake
/// or wants a sample first.
pub const MOST_CASES: usize = 50_000;

/// What a file with more than `most` cases is told.
fn too_many_cases(most: usize) -> String {
    format!(
        "the file has more than {most} cases; every case is asked of every model with every prompt. Take a random \
         sample of the rows, or split the file"
    )
}
