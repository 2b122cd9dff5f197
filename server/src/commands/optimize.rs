//! `quern optimize`: the search for a better prompt in the terminal and in CI, by the same code as in the page.

use std::cell::{Cell, RefCell};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{IsTerminal, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use shared::evaluation::{EvaluationSuite, ModelSource};
use shared::optimization::{
    AppendFuture, AssertionJudge, Budget, CallHistory, CallLog, CallLogError, Optimization, OptimizationError,
    OptimizationEvent, Outcome, Phase, SearchSettings, Surroundings, optimize, to_chat_jsonl,
};

use super::prices::{costs, limit};
use super::suite_files::{named_models, read_suite};
use super::whole_file::{check_folder, write_whole};
use crate::arguments::OptimizeArguments;
use crate::config::Config;
use crate::model_calls::EngineTimer;
use crate::terminal::{note, print};

/// Searches; the exit code says whether the winner is shown to be better.
pub(super) async fn run(config: Config, arguments: OptimizeArguments) -> Result<ExitCode> {
    for path in [&arguments.log, &arguments.output, &arguments.winner, &arguments.traces].into_iter().flatten() {
        check_folder(path)?;
    }
    let suite = read_suite(&config, &arguments.suite)?;
    suite.validate()?;
    let optimization = optimization(&suite, &arguments)?;
    let judge = AssertionJudge {
        grader: suite.grader.as_ref().and_then(ModelSource::known),
        embedder: suite.embedder.as_ref().and_then(ModelSource::known),
    };
    let (log, history) = match &arguments.log {
        Some(path) => FileLog::open(path, arguments.resume)?,
        None => (FileLog::nowhere(), CallHistory::default()),
    };
    let models = named_models(&config, &suite, arguments.suite.accept_licence).await?;
    let costs = costs(&models, arguments.suite.prices.as_deref(), optimization.budget.most_money.as_ref())?;
    let surroundings = Surroundings { models: &models, costs: &costs, timer: &EngineTimer, log: &log, judge: &judge };
    let outcome = follow(&optimization, surroundings, history).await.map_err(|error| {
        let is_begun = matches!(error.downcast_ref(), Some(OptimizationError::Stopped(_)));
        match arguments.log.as_deref().filter(|_| is_begun) {
            Some(path) => error.context(format!("what was done is in {}; --resume goes on", path.display())),
            None => error,
        }
    })?;
    write_outcome(&arguments, &outcome)?;
    print(&format!("{}\n", outcome.conclusion))?;
    Ok(if outcome.proof.is_significant { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn optimization(suite: &EvaluationSuite, arguments: &OptimizeArguments) -> Result<Optimization> {
    let start = match &arguments.prompt {
        None => suite.prompts.first(),
        Some(name) => suite.prompts.iter().find(|prompt| prompt.name == *name),
    };
    let start = start.cloned().with_context(|| {
        let names: Vec<_> = suite.prompts.iter().map(|prompt| prompt.name.as_str()).collect();
        format!("there is no prompt of that name; there are: {}", names.join(", "))
    })?;
    let [choice] = suite.models.as_slice() else {
        bail!("a search is for one model, and there are {}; name one with --model", suite.models.len());
    };
    let model = choice.model.known().context("the file's model is not one of yours; name one with --model")?;
    Ok(Optimization {
        start,
        description: arguments.description.clone(),
        cases: suite.cases.clone(),
        model,
        budget: Budget {
            most_tokens: arguments.most_tokens,
            most_money: arguments.most_money.map(limit),
            most_seconds: arguments.most_seconds,
        },
        settings: SearchSettings {
            seed: arguments.seed,
            stop: choice.stop.clone(),
            held_out_fraction: arguments.held_out,
            rounds: arguments.rounds,
            proposals: arguments.proposals,
            demonstration_sets: arguments.demonstration_sets,
            most_demonstrations: arguments.most_demonstrations,
            most_answer_tokens: arguments.answer_tokens,
            most_prompt_tokens: arguments.prompt_tokens,
            ..SearchSettings::default()
        },
    })
}

/// Runs to the end, or until Ctrl-C.
async fn follow(optimization: &Optimization, surroundings: Surroundings<'_>, history: CallHistory) -> Result<Outcome> {
    let is_stopping = Cell::new(false);
    let bar = BudgetBar::new();
    let mut on_event = |event: OptimizationEvent| {
        bar.show(&event);
        if is_stopping.get() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let search = optimize(optimization, surroundings, history, &mut on_event);
    futures::pin_mut!(search);
    loop {
        tokio::select! {
            outcome = &mut search => return outcome.map_err(Into::into),
            signal = tokio::signal::ctrl_c(), if !is_stopping.get() => {
                signal?;
                note("stopping before the next call");
                is_stopping.set(true);
            }
        }
    }
}

fn write_outcome(arguments: &OptimizeArguments, outcome: &Outcome) -> Result<()> {
    if let Some(path) = &arguments.output {
        write_whole(path, &serde_json::to_string_pretty(outcome)?)?;
    }
    if let Some(path) = &arguments.winner {
        write_whole(path, &outcome.winner.to_yaml())?;
    }
    if let Some(path) = &arguments.traces {
        write_whole(path, &to_chat_jsonl(&outcome.traces))?;
    }
    Ok(())
}

/// The log of calls as a file that one process holds.
struct FileLog {
    file: Option<RefCell<File>>,
}

impl FileLog {
    /// For a search that can't be resumed.
    fn nowhere() -> Self {
        Self { file: None }
    }

    /// Opens the file, and reads what an earlier search left in it.
    fn open(path: &Path, is_resuming: bool) -> Result<(Self, CallHistory)> {
        let name = path.display();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let mut file = options.open(path).with_context(|| format!("opening the log {name}"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another search is writing {name}; wait for it, or name another log")
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("locking the log {name}")),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).with_context(|| format!("reading the log {name}"))?;
        if !bytes.is_empty() && !is_resuming {
            bail!("{name} is the log of an earlier search; --resume goes on with it, or name another file");
        }
        let history = CallHistory::read(&bytes).with_context(|| format!("{name} can't be resumed from"))?;
        // A line that a crash left half-written.
        file.set_len(history.whole_bytes as u64).with_context(|| format!("mending the log {name}"))?;
        Ok((Self { file: Some(RefCell::new(file)) }, history))
    }
}

impl CallLog for FileLog {
    fn append(&self, line: String) -> AppendFuture<'_> {
        let written = self.file.as_ref().map_or(Ok(()), |file| {
            let mut file = file.borrow_mut();
            file.write_all(line.as_bytes()).and_then(|()| file.sync_data())
        });
        let written = written.map_err(|error| CallLogError(format!("the log can't be written: {error}")));
        Box::pin(std::future::ready(written))
    }
}

/// How much of the budget is used. Without a terminal, a line for each part of the search.
struct BudgetBar {
    bar: ProgressBar,
}

impl BudgetBar {
    const STEPS: u64 = 1000;

    fn new() -> Self {
        let bar = ProgressBar::new(Self::STEPS);
        if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("budget used [{bar:30}] {msg} · at most {eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        } else {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { bar }
    }

    fn show(&self, event: &OptimizationEvent) {
        match event {
            OptimizationEvent::Progress(progress) => {
                self.bar.set_position((progress.used_fraction * Self::STEPS as f64) as u64);
                self.bar.set_message(format!("{} calls, {} tokens", progress.calls, progress.spent.tokens));
            }
            OptimizationEvent::Phase(phase) if self.bar.is_hidden() => note(phase_words(*phase)),
            _ => {}
        }
    }
}

impl Drop for BudgetBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Start => "the starting prompt answers the cases of the search",
        Phase::Propose { .. } => "other instructions are proposed",
        Phase::Demonstrate => "examples are written",
        Phase::Search { .. } => "candidates answer cases",
        Phase::Proof => "starting prompt and winner answer cases that the search never saw",
    }
}
