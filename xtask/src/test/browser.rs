//! End-to-end tests (`tests/journeys`): the real companion, the built app, a real Chromium, OpenAI's clients.

use anyhow::{Context, Result};

use super::ClosingLines;
use super::models::fetch_reference_models;
use super::runner::Runner;
use crate::app_build;
use crate::machine::Machine;
use crate::requirements::{NpmPackage, PypiPackage, chromedriver, chromium};

pub(super) fn run(machine: &Machine) -> Result<ClosingLines> {
    let dist = app_build::build(machine)?;
    let companion = fetch_reference_models(machine)?;
    let runner = Runner::find(machine);
    let mut command = runner.command(machine);
    command
        .args(["--test", "journeys"])
        .env("QUERN_BIN", &companion.path)
        .env("QUERN_DIST", dist)
        .env("QUERN_CHROMIUM", chromium().context("no chromium: `cargo xtask doctor` says what to do")?)
        .env("QUERN_CHROMEDRIVER", chromedriver().context("no chromedriver: `cargo xtask doctor` says what to do")?)
        .env("QUERN_PYTHON", PypiPackage::openai().python(machine)?)
        .env("QUERN_NODE_MODULES", NpmPackage::openai().node_modules(machine)?);
    runner.limit_to_one_at_a_time(&mut command);
    runner.run(command)
}
