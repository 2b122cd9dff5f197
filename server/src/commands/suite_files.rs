//! Evaluations as files, and the models that they name: for every command that works with them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use shared::evaluation::formats::{Finding, MOST_CASES, csv, jsonl, promptfoo};
use shared::evaluation::{Case, EvaluationSuite, ModelChoice, ModelSource};
use shared::model_pool::ModelReference;

use super::opening::models_named;
use crate::arguments::SuiteArguments;
use crate::config::Config;
use crate::model_calls::NamedModels;
use crate::terminal::note;

/// More than this is no text that somebody wrote.
const MOST_FILE_BYTES: u64 = 256 << 20;

/// Reads the evaluation, with the cases and models that the arguments put in the place of its own.
pub(super) fn read_suite(config: &Config, arguments: &SuiteArguments) -> Result<EvaluationSuite> {
    let path = &arguments.file;
    if is_of_cases(path) {
        bail!(
            "{} holds cases, and an evaluation also has prompts and models. Give a promptfooconfig.yaml, and the cases with \
             --cases {0}",
            path.display()
        );
    }
    let text = read_text(path)?;
    let own_format = serde_json::from_str::<EvaluationSuite>(&text).ok();
    let mut suite = match own_format {
        Some(suite) => suite,
        None => {
            let folder = path.parent().map(Path::to_owned).unwrap_or_default();
            let mut find_file = |name: &str| read_text(&folder.join(name)).map_err(|error| format!("{error:#}"));
            let imported = promptfoo::read(&text, &companion_url(config), &mut find_file)
                .with_context(|| format!("{} can't be used", path.display()))?;
            warn(path, &imported.warnings);
            imported.value
        }
    };
    if let Some(path) = &arguments.cases {
        suite.cases = read_cases(path)?;
    }
    let reference = |name: &String| name.parse().unwrap_or_else(|_| ModelReference::companion(name));
    if !arguments.model.is_empty() {
        suite.models = arguments.model.iter().map(reference).map(ModelChoice::greedy).collect();
    }
    if let Some(name) = &arguments.grader {
        suite.grader = Some(ModelSource::Known(reference(name)));
    }
    if let Some(name) = &arguments.embedder {
        suite.embedder = Some(ModelSource::Known(reference(name)));
    }
    Ok(suite)
}

/// Where promptfoo finds the companion's models.
pub(super) fn companion_url(config: &Config) -> String {
    format!("http://{}:{}/v1", config.listen.host, config.listen.port)
}

fn is_of_cases(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["csv", "jsonl", "ndjson"].contains(&extension))
}

fn read_cases(path: &Path) -> Result<Vec<Case>> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).with_context(|| format!("opening {name}"))?;
    let reader = std::io::BufReader::new(file);
    let imported = match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => csv::read(reader, &name, MOST_CASES),
        Some("jsonl" | "ndjson") => jsonl::read(reader, &name, MOST_CASES),
        _ => bail!("{name} is of no kind that cases come in; name a .csv or a .jsonl file"),
    };
    let imported = imported.with_context(|| format!("{name} can't be used"))?;
    warn(path, &imported.warnings);
    Ok(imported.value)
}

pub(super) fn warn(path: &Path, warnings: &[Finding]) {
    for warning in warnings {
        note(&format!("{}: {warning}", path.display()));
    }
}

pub(super) fn read_text(path: &Path) -> Result<String> {
    let reading = || format!("reading {}", path.display());
    let size_bytes = std::fs::metadata(path).with_context(reading)?.len();
    if size_bytes > MOST_FILE_BYTES {
        bail!("{} has {size_bytes} bytes; at most {MOST_FILE_BYTES} are taken", path.display());
    }
    std::fs::read_to_string(path).with_context(reading)
}

/// Every model that the evaluation names, ready to be asked.
pub(super) async fn named_models(
    config: &Config,
    suite: &EvaluationSuite,
    accept_licence: bool,
) -> Result<NamedModels> {
    let asked = suite.models.iter().map(|choice| &choice.model);
    let names = asked.chain(&suite.grader).chain(&suite.embedder).filter_map(|source| match source {
        ModelSource::Known(ModelReference { name, .. }) => Some(name.as_str()),
        _ => None,
    });
    models_named(config, names, accept_licence).await
}
