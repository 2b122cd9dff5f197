//! `cargo xtask run`: from a fresh checkout to an address with the app behind it.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::app_build;
use crate::companion::{Companion, default_model};
use crate::machine::Machine;
use crate::requirements;
use crate::setup::install_missing;
use crate::terminal::headline;

/// `cargo xtask run`.
#[derive(clap::Args)]
pub(crate) struct RunArguments {
    /// Options for `quern serve`, such as `-- --port 9000`
    #[arg(last = true)]
    serve_options: Vec<String>,
}

/// Sets up, builds, fetches, serves. Each step is skipped when there is nothing to do.
pub(crate) fn run(arguments: &RunArguments) -> Result<ExitCode> {
    let machine = Machine::find()?;
    install_missing(&machine, &requirements::for_running())?;
    headline("Building the app");
    let dist = app_build::build(&machine)?;
    headline("Building the companion");
    let companion = Companion::build_release(&machine)?;
    headline("Fetching the default model");
    let model = default_model(&machine.places)?;
    companion.pull_model(&model, &[])?;
    headline("Starting the companion; Ctrl-C stops it");
    let mut serve = companion.serve(&dist, &model);
    serve.args(&arguments.serve_options);
    replace_by(serve)
}

/// Becomes the other program, so that signals and the exit status are its own.
#[cfg(unix)]
fn replace_by(mut command: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    Err(error)
        .map_err(|error| anyhow::anyhow!("`{}` could not be started: {error}", crate::child_process::shown(&command)))
}

#[cfg(not(unix))]
fn replace_by(mut command: Command) -> Result<ExitCode> {
    crate::child_process::run_visibly(&mut command)?;
    Ok(ExitCode::SUCCESS)
}
