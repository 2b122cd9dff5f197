//! `quern eval`: an evaluation in the terminal and in CI, by the same code as in the page.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use shared::evaluation::formats::promptfoo;
use shared::evaluation::report;
use shared::evaluation::{EvaluationSuite, Run, RunEvent, RunOptions, run};
use shared::model_call::GenerationUsage;
use shared::model_pool::ModelReference;

use super::prices::{cost_of_answer, costs};
use super::suite_files::{companion_url, named_models, read_suite, read_text, warn};
use super::whole_file::{check_folder, write_whole};
use crate::arguments::EvalArguments;
use crate::config::Config;
use crate::model_calls::{EngineTimer, NamedModels};
use crate::terminal::{note, print};

/// Runs the evaluation; the exit code says whether enough of it passed.
pub(super) async fn run_command(config: Config, arguments: EvalArguments) -> Result<ExitCode> {
    for path in [&arguments.output, &arguments.junit, &arguments.export].into_iter().flatten() {
        check_folder(path)?;
    }
    let suite = read_suite(&config, &arguments.suite)?;
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
    let models = named_models(&config, &suite, arguments.suite.accept_licence).await?;
    let costs = costs(&models, arguments.suite.prices.as_deref(), None)?;
    let price = |model: &ModelReference, usage: &GenerationUsage| cost_of_answer(&costs, model, usage);
    let options = RunOptions { done, started_at: Some(engine::clock::today()), price: &price, ..RunOptions::default() };
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
    if !is_enough && arguments.least_pass_rate < 1.0 {
        note(&format!("fewer passed than --least-pass-rate {} asks for", arguments.least_pass_rate));
    }
    Ok(if is_enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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

/// How far a run came.
enum Progress {
    Finished(Run),
    /// Stopped by the person, with what was done until then.
    Stopped(Run),
}

/// Runs to the end, or until Ctrl-C, showing how far it is.
async fn follow(suite: &EvaluationSuite, models: &NamedModels, options: RunOptions<'_>) -> Result<Progress> {
    let mut so_far = Run::from_suite(suite, options.started_at.clone());
    so_far.cells.clone_from(&options.done);
    let events = run(suite, models, &EngineTimer, options)?;
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
            note(&format!("evaluating {} answers", total - done));
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
