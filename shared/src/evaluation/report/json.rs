//! A run with its summary as one JSON document, for programs.
//!
//! ```json
//! {"format": 1, "summary": {"cells": 2, "passed": 1, "errors": 0, "columns": [ColumnSummary, …]}, "run": Run}
//! ```
//!
//! The field names are those of [`Summary`] and [`Run`]; `format` is [`RUN_FORMAT`] and changes when either does.

use serde::Serialize;

use super::summary::{Summary, summarize};
use crate::evaluation::{RUN_FORMAT, Run};

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    summary: Summary,
    run: &'a Run,
}

/// The document, with line breaks for people who look into it.
pub fn json(run: &Run) -> String {
    let document = Document { format: RUN_FORMAT, summary: summarize(run), run };
    // A map whose keys are texts always has JSON.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::run::tests::run_of;

    #[test]
    fn the_run_can_be_read_from_it() {
        let run = run_of(2, &[1.0, 0.0]);
        let document: serde_json::Value = serde_json::from_str(&json(&run)).unwrap();
        assert_eq!(document["summary"]["columns"][0]["all"]["score"]["mean"], 0.5);
        assert_eq!(Run::from_json(&document.to_string()).unwrap(), run);
    }
}
