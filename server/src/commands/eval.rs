//! `quern eval`: an evaluation in the terminal and in CI, by the same code as in the page.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use shared::evaluation::formats::{Finding, MOST_CASES, csv, jsonl, promptfoo};
use shared::evaluation::report;
use shared::evaluation::{Case, EvaluationSuite, ModelChoice, ModelSource, Run, RunEvent, RunOptions, run};
use shared::model_pool::{Clock, ModelReference};

use super::opening::{open_database, open_store, ready_model};
use crate::arguments::{EvalArguments, ModelArguments};
use crate::config::Config;
use crate::inference::{EngineBackend, ServedModels};
use crate::model_calls::LocalModels;
use crate::terminal::{note, print};

/// More than this is no text that somebody wrote.
const MOST_FILE_BYTES: u64 = 256 << 20;

/// Runs the evaluation; the exit code says whether enough of it passed.
pub(super) async fn run_command(config: Config, arguments: EvalArguments) -> Result<ExitCode> {
    let suite = read_suite(&config, &arguments)?;
    if let Some(path) = &arguments.export {
        return export(&config, &suite, path);
    }
    suite.validate()?;
    let done = match (&arguments.output, arguments.resume) {
        (Some(path), true) if path.exists() => read_run(path)?.cells_to_resume(&suite)?,
        (None, true) => bail!("--resume goes on from the file that --output names; give both"),
        _ => Vec::new(),
    };
    let earlier = arguments.compare.as_deref().map(read_run).transpose()?;
    let models = local_models(&config, &suite, arguments.accept_licence).await?;
    let options = RunOptions { done, started_at: Some(engine::clock::today()), ..RunOptions::default() };
    let finished = follow(&suite, &models, options).await?;
    let (run, is_whole) = match finished {
        Progress::Finished(run) => (run, true),
        Progress::Stopped(run) => (run, false),
    };
    if let Some(path) = &arguments.output {
        write_whole(path, &report::json(&run))?;
    }
    if !is_whole {
        let kept = arguments.output.as_ref().map_or("--output would have kept what was done", |_| "--resume goes on");
        bail!("stopped after {} cells; {kept}", run.cells.len());
    }
    if let Some(path) = &arguments.junit {
        write_whole(path, &report::junit(&run))?;
    }
    print(&report::text(&run, arguments.most_failures))?;
    if let Some(earlier) = earlier {
        print(&format!("\n{}", report::comparison_text(&report::compare_runs(&earlier, &run))))?;
    }
    let passed = run.cells.iter().filter(|cell| cell.is_passed()).count();
    let is_enough = passed as f64 >= arguments.least_pass_rate * run.cells.len() as f64;
    Ok(if is_enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads the evaluation, with the cases and models that the arguments put in the place of its own.
fn read_suite(config: &Config, arguments: &EvalArguments) -> Result<EvaluationSuite> {
    let path = &arguments.file;
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
fn companion_url(config: &Config) -> String {
    format!("http://{}:{}/v1", config.listen.host, config.listen.port)
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

fn warn(path: &Path, warnings: &[Finding]) {
    for warning in warnings {
        note(&format!("{}: {warning}", path.display()));
    }
}

fn read_text(path: &Path) -> Result<String> {
    let reading = || format!("reading {}", path.display());
    let size_bytes = std::fs::metadata(path).with_context(reading)?.len();
    if size_bytes > MOST_FILE_BYTES {
        bail!("{} has {size_bytes} bytes; at most {MOST_FILE_BYTES} are taken", path.display());
    }
    std::fs::read_to_string(path).with_context(reading)
}

fn read_run(path: &Path) -> Result<Run> {
    Run::from_json(&read_text(path)?).with_context(|| format!("{} can't be used", path.display()))
}

/// Writes the evaluation in promptfoo's format.
fn export(config: &Config, suite: &EvaluationSuite, path: &Path) -> Result<ExitCode> {
    let exported = promptfoo::write(suite, &companion_url(config));
    warn(path, &exported.warnings);
    write_whole(path, &exported.value)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is whole or not there at all.
fn write_whole(path: &Path, text: &str) -> Result<()> {
    let part = PathBuf::from(format!("{}.part", path.display()));
    let writing = || format!("writing {}", path.display());
    std::fs::write(&part, text).with_context(writing)?;
    std::fs::rename(&part, path).with_context(writing)
}

/// Every model that the evaluation names, on this machine.
async fn local_models(config: &Config, suite: &EvaluationSuite, accept_licence: bool) -> Result<LocalModels> {
    let database = open_database(config)?;
    let store = open_store(config, database.clone())?;
    let asked = suite.models.iter().map(|choice| &choice.model);
    let mut models = BTreeMap::new();
    for source in asked.chain(&suite.grader).chain(&suite.embedder) {
        if let ModelSource::Known(ModelReference { name, .. }) = source
            && !models.contains_key(name)
        {
            let arguments = ModelArguments { model: name.clone(), accept_licence };
            models.insert(name.clone(), ready_model(&store, &arguments).await?);
        }
    }
    let backend = Arc::new(EngineBackend::new(&config.inference));
    Ok(LocalModels::new(ServedModels::new(backend, database, config.inference.clone()), models))
}

/// How far a run came.
enum Progress {
    Finished(Run),
    /// Stopped by the person, with what was done until then.
    Stopped(Run),
}

/// Runs to the end, or until Ctrl-C, showing how far it is.
async fn follow(suite: &EvaluationSuite, models: &LocalModels, options: RunOptions<'_>) -> Result<Progress> {
    let mut so_far = Run::from_suite(suite, options.started_at.clone());
    so_far.cells.clone_from(&options.done);
    let events = run(suite, models, &EngineClock, options)?;
    futures::pin_mut!(events);
    let bar = CellBar::default();
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                return Ok(Progress::Stopped(so_far));
            }
        };
        match event {
            Some(RunEvent::Started { total_cells, done_cells }) => bar.start(total_cells, done_cells),
            Some(RunEvent::CellFinished(cell)) => {
                so_far.cells.retain(|known| known.index != cell.index);
                so_far.cells.push(cell);
                bar.show(so_far.cells.len());
            }
            Some(RunEvent::Finished(run)) => return Ok(Progress::Finished(run)),
            Some(RunEvent::CellStarted(_) | RunEvent::Text { .. }) => {}
            None => bail!("the run ended without a result"),
        }
    }
}

struct EngineClock;

impl Clock for EngineClock {
    fn now_seconds(&self) -> f64 {
        engine::clock::now_seconds()
    }
}

/// A bar of cells. Without a terminal, a line for every tenth of them.
#[derive(Default)]
struct CellBar {
    bar: std::cell::OnceCell<ProgressBar>,
}

impl CellBar {
    fn start(&self, total: usize, done: usize) {
        let bar = ProgressBar::new(total as u64);
        if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("evaluating [{bar:30}] {pos}/{len} {eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        } else {
            bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        let bar = self.bar.get_or_init(|| bar);
        bar.set_position(done as u64);
    }

    fn show(&self, done: usize) {
        let Some(bar) = self.bar.get() else { return };
        bar.set_position(done as u64);
        let total = bar.length().unwrap_or_default();
        if bar.is_hidden() && (done as u64 * 10 / total.max(1)) > ((done as u64 - 1) * 10 / total.max(1)) {
            note(&format!("evaluated {done} of {total}"));
        }
    }
}

impl Drop for CellBar {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
