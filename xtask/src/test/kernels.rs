//! Tests of the whole engine (`engine/tests`), on the GPU, or on Mesa's software one.

use anyhow::Result;

use super::ClosingLines;
use super::models::fetch_reference_models;
use super::runner::{Runner, TestPrograms};
use crate::machine::Machine;
use crate::terminal::note;

pub(super) fn run(machine: &Machine) -> Result<ClosingLines> {
    let programs = TestPrograms::list(machine)?;
    if programs.of_engine.is_empty() {
        note("engine/tests has no tests.");
        return Ok(ClosingLines::new());
    }
    fetch_reference_models(machine)?;
    let runner = Runner::find(machine);
    let mut command = runner.command(machine);
    for name in &programs.of_engine {
        command.args(["--test", name]);
    }
    runner.run(command)
}
