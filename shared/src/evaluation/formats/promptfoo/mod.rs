//! promptfoo's configuration, `promptfooconfig.yaml`: read so that the same file gives the same verdicts here and
//! there, and written so that promptfoo reads it.
//!
//! What would execute code (JavaScript, Python, transforms) is refused; what has no meaning here comes back as a
//! warning. Formats and their meaning: promptfoo's configuration reference and version 0.121 of its program.

mod cases;
mod checks;
mod prompts;
mod providers;
mod reader;
mod variables;
mod writer;

use self::reader::Reader;
use super::finding::{Findings, Imported, Place, Refused};
use super::yaml::{Node, Shape};
use crate::evaluation::{Case, EvaluationSuite};

pub(super) use self::cases::tag_key;
pub use self::reader::FindFile;
pub(super) use self::writer::case_json;
pub use self::writer::write;

/// Reads a configuration. Providers of OpenAI's API at `companion_url` (such as `http://127.0.0.1:8642/v1`) are the
/// companion's models. `find_file` gives the text of the files that it names.
///
/// # Errors
/// All that is broken or can't be done, each with its place.
pub fn read(
    text: &str,
    companion_url: &str,
    find_file: &mut FindFile<'_>,
) -> Result<Imported<EvaluationSuite>, Refused> {
    let document = Node::read(text, "")?;
    let mut reader = Reader::new(companion_url, find_file);
    let root = reader.follow_references(document.clone());
    let Shape::Map(entries) = &root.shape else {
        return Err(Refused::at(
            root.place,
            "this is not a promptfoo configuration: it must be a map with prompts, providers and tests",
        ));
    };
    let mut suite = EvaluationSuite::default();
    for (key, node) in entries {
        match key.as_str() {
            "description" => suite.description = reader.text(node, "description").unwrap_or_default(),
            "prompts" | "providers" | "targets" | "tests" | "defaultTest" | "scenarios" => {}
            "evaluateOptions" => suite.concurrency = concurrency(&mut reader, node),
            "env" => reader.ignore(key, node, "environment variables are not used"),
            "outputPath" | "sharing" | "writeLatestResults" | "commandLineOptions" | "tags" | "metadata"
            | "tracing" => {
                reader.ignore(key, node, "it is about promptfoo's own program");
            }
            "derivedMetrics" => reader.ignore(key, node, "metrics are not computed from other ones"),
            "extensions" if matches!(node.shape, Shape::Null) => {}
            "extensions" | "nunjucksFilters" => {
                reader.findings.refuse(&node.place, format!("{key} are programs; nothing is executed here"));
            }
            "redteam" | "plugins" | "strategies" => {
                reader.findings.refuse(&node.place, format!("{key}: attacks on models are not written here"));
            }
            "$schema" => {}
            // A home for what `$ref` names.
            _ if text.contains(&format!("#/{key}")) => {}
            _ => reader.unknown(key, node, "a configuration"),
        }
    }
    let prompts = match root.get("prompts") {
        Some(node) => reader.prompts(node),
        None => {
            reader.findings.refuse(&root.place, "the configuration has no prompts");
            Vec::new()
        }
    };
    match root.get("providers").or_else(|| root.get("targets")) {
        Some(node) => suite.models = reader.providers(node, &prompts),
        None => reader.findings.refuse(&root.place, "the configuration has no providers"),
    }
    let (mut cases, graders) = reader.cases(&root);
    suite.grader = graders.grader;
    suite.embedder = graders.embedder;
    suite.prompts = variables::declare(&mut reader, prompts, &mut cases);
    suite.cases = cases;
    reader.findings.finish(suite)
}

/// `maxConcurrency`, the only option of a run that is the suite's.
fn concurrency(reader: &mut Reader<'_>, node: &Node) -> Option<usize> {
    let mut concurrency = None;
    for (key, value) in reader.entries(node, "evaluateOptions") {
        match (key.as_str(), value.number()) {
            ("maxConcurrency", Some(number)) if number >= 1.0 => concurrency = Some(number as usize),
            ("repeat", Some(1.0)) => {}
            ("repeat", _) => reader.ignore(key, value, "every case is asked once"),
            ("maxConcurrency", _) => reader.findings.refuse(&value.place, "maxConcurrency must be a number, 1 or more"),
            _ => reader.ignore(key, value, "it is about promptfoo's own program"),
        }
    }
    concurrency
}

/// Reads one test that stands by itself in a file of cases, and adds the cases that it stands for.
pub(super) fn read_test(test: &str, place: &Place, findings: &mut Findings, cases: &mut Vec<Case>) {
    let mut find_file = |path: &str| Err(format!("a row can't name a file ({path}); write its text"));
    let mut reader = Reader::new("", &mut find_file);
    std::mem::swap(&mut reader.findings, findings);
    match Node::read(test, &place.file) {
        Ok(mut node) => {
            node.move_to_line(place.line);
            reader.lone_test(&node, cases);
        }
        Err(refused) => reader.findings.refuse_all(refused),
    }
    std::mem::swap(&mut reader.findings, findings);
}
