//! Files that evaluations and cases come from.

use leptos::prelude::*;
use shared::evaluation::formats::{Finding, MOST_CASES, csv, jsonl, promptfoo};
use shared::evaluation::{Case, EvaluationSuite};

use crate::browser::read_file;

/// More than this is no text that somebody wrote.
const MOST_FILE_BYTES: f64 = 256e6;

/// What a file brought.
pub(super) struct Brought<T> {
    /// The content.
    pub(super) value: T,
    /// What was left out or changed, in sentences.
    pub(super) remarks: Vec<String>,
}

fn sentences(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}

/// The whole evaluation of a file: promptfoo's configuration, one that was exported here, or cases alone.
///
/// # Errors
/// What is wrong with the file, a sentence for each fault.
pub(super) async fn suite(file: web_sys::File) -> Result<Brought<EvaluationSuite>, Vec<String>> {
    let name = file.name();
    if is_of_cases(&name) {
        let brought = cases(file).await?;
        let suite = EvaluationSuite { description: stem(&name), cases: brought.value, ..EvaluationSuite::default() };
        return Ok(Brought { value: suite, remarks: brought.remarks });
    }
    let text = read_file::text(&file, MOST_FILE_BYTES).await.map_err(|message| vec![message])?;
    if let Ok(suite) = serde_json::from_str::<EvaluationSuite>(&text) {
        return Ok(Brought { value: suite, remarks: Vec::new() });
    }
    let mut no_other_files = |path: &str| {
        Err(format!("a page can't open {path:?} by itself; put its text into the configuration, or use `quern eval`"))
    };
    let imported = promptfoo::read(&text, &companion_url(), &mut no_other_files);
    let imported = imported.map_err(|refused| sentences(&refused.0))?;
    let mut suite = imported.value;
    if suite.description.is_empty() {
        suite.description = stem(&name);
    }
    Ok(Brought { value: suite, remarks: sentences(&imported.warnings) })
}

/// The cases of a file.
///
/// # Errors
/// What is wrong with the file, a sentence for each fault.
pub(super) async fn cases(file: web_sys::File) -> Result<Brought<Vec<Case>>, Vec<String>> {
    let name = file.name();
    let text = read_file::text(&file, MOST_FILE_BYTES).await.map_err(|message| vec![message])?;
    let imported = if name.to_ascii_lowercase().ends_with(".csv") {
        csv::read(text.as_bytes(), &name, MOST_CASES)
    } else {
        jsonl::read(text.as_bytes(), &name, MOST_CASES)
    };
    let imported = imported.map_err(|refused| sentences(&refused.0))?;
    Ok(Brought { value: imported.value, remarks: sentences(&imported.warnings) })
}

fn is_of_cases(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".csv", ".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending))
}

fn stem(name: &str) -> String {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

/// Where promptfoo finds the companion's models.
pub(super) fn companion_url() -> String {
    let origin = window().location().origin().unwrap_or_default();
    format!("{origin}/v1")
}
