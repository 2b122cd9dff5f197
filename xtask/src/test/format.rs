//! Formatting is as rustfmt would have it.

use anyhow::{Context, Result};

use super::ClosingLines;
use crate::child_process::run_visibly;
use crate::machine::Machine;
use crate::requirements::lint_toolchain;

pub(super) fn run(machine: &Machine) -> Result<ClosingLines> {
    let toolchain = lint_toolchain(machine).context("no rustfmt: `cargo xtask doctor` says what to do")?;
    run_visibly(toolchain.cargo(&machine.places).args(["fmt", "--all", "--check"]))
        .context("`cargo fmt --all` mends it")?;
    Ok(ClosingLines::new())
}
