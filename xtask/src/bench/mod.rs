//! `cargo xtask bench NAME`: speed against peers.

use std::process::ExitCode;

use anyhow::Result;

use crate::terminal::note;

/// `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    /// Which benchmark
    name: String,
}

/// Every benchmark by name.
const BENCHMARKS: [&str; 0] = [];

/// Runs one benchmark.
#[expect(clippy::unnecessary_wraps, reason = "benchmarks can fail")]
pub(crate) fn run(arguments: &BenchArgs) -> Result<ExitCode> {
    note(&format!("unknown benchmark {}; known: {}", arguments.name, BENCHMARKS.join(", ")));
    Ok(ExitCode::FAILURE)
}
