//! Clippy without warnings: what runs natively, then what runs in browsers. And cargo-deny, if it is there.

use anyhow::{Context, Result};

use super::ClosingLines;
use crate::cargo::{NATIVE_PACKAGES, Toolchain, WASM_PROFILE, WASM_TARGET};
use crate::child_process::run_visibly;
use crate::machine::Machine;
use crate::places::on_path;
use crate::requirements::{lint_toolchain, wasm_toolchain};
use crate::terminal::note;

const DENY_WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

pub(super) fn run(machine: &Machine) -> Result<ClosingLines> {
    let toolchain = lint_toolchain(machine).context("no clippy: `cargo xtask doctor` says what to do")?;
    let mut natively = toolchain.cargo(&machine.places);
    natively.arg("clippy").args(NATIVE_PACKAGES).arg("--all-targets").args(DENY_WARNINGS);
    let native_result = run_visibly(&mut natively);

    let toolchain = wasm_toolchain().context("no compiler for WASM: `cargo xtask doctor` says what to do")?;
    let mut for_browsers = toolchain.cargo_for_wasm(&machine.places);
    for_browsers
        .args(["clippy", "--package", "app", "--package", "engine", "--package", "shared", "--lib", "--bins"])
        // The profile of the real build: macros and build scripts are compiled once for both.
        .args(["--target", WASM_TARGET, "--profile", WASM_PROFILE])
        .args(DENY_WARNINGS);
    let browser_result = run_visibly(&mut for_browsers);

    native_result.and(browser_result)?;
    check_dependencies(machine)?;
    Ok(ClosingLines::new())
}

/// Licences, advisories and sources of dependencies, as deny.toml wants them.
fn check_dependencies(machine: &Machine) -> Result<()> {
    if on_path("cargo-deny").is_none() {
        note("Skipped: cargo-deny is not installed (`cargo install cargo-deny --locked` installs it).");
        return Ok(());
    }
    run_visibly(Toolchain::Default.cargo(&machine.places).args(["deny", "check"]))
}
