//! `quern worker`: trains as a folder says, for the companion that started it.

use std::process::ExitCode;

use crate::arguments::WorkerArguments;
use crate::fine_tuning::worker;

/// Trains; what happens is said on standard output.
pub(super) fn run(arguments: &WorkerArguments) -> ExitCode {
    worker::run(&arguments.folder)
}
