//! Unit and integration tests, natively. The engine's integration tests are the kernels' part, the journeys the
//! browser's.

use anyhow::Result;

use super::ClosingLines;
use super::models::fetch_reference_models;
use super::runner::{Runner, TestPrograms};
use crate::machine::Machine;

pub(super) fn run(machine: &Machine) -> Result<ClosingLines> {
    let programs = TestPrograms::list(machine)?;
    // The command line is tested with a real model.
    fetch_reference_models(machine)?;
    let runner = Runner::find(machine);
    let mut command = runner.command(machine);
    command.args(["--lib", "--bins"]);
    for name in programs.of_other_packages() {
        command.args(["--test", name]);
    }
    let mut lines = runner.run(command)?;
    lines.extend(Runner::Cargo.run(Runner::doc_tests(machine))?);
    Ok(lines)
}
