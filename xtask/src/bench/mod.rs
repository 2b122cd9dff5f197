//! `cargo xtask bench NAME`: speed against peers, on this machine. Fails where a floor is missed.

mod browser;
mod data;
mod native;
mod report;
mod rounds;
mod task;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::machine::Machine;
use crate::terminal::note;

/// More programs than this that want a processor spoil figures: threads that wait for each other suffer most.
const BUSY_LOAD: f64 = 1.0;

/// `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    /// Which benchmark
    #[arg(value_enum)]
    name: Benchmark,
    /// How often each side is measured; medians count
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// File for the raw figures [default: bench/NAME.json in the target folder]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Every benchmark.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Benchmark {
    /// The app in Chromium against wllama (llama.cpp in WebAssembly)
    Browser,
    /// `quern generate` against llama.cpp through node-llama-cpp, on the CPU with 2 threads each
    Native,
    /// `quern data run` against Hugging Face's datasets and datatrove: exact and near duplicates
    Data,
}

/// Runs one benchmark, on a machine that should have nothing else to do.
pub(crate) fn run(arguments: &BenchArgs) -> Result<ExitCode> {
    let machine = Machine::find()?;
    if let Some(load) = recent_load()
        && load > BUSY_LOAD
    {
        note(&format!("This machine is busy (load {load:.1} in the last minute): expect wrong figures."));
    }
    let runs = usize::from(arguments.runs);
    let (name, report) = match arguments.name {
        Benchmark::Browser => ("browser", browser::run(&machine, runs)?),
        Benchmark::Native => ("native", native::run(&machine, runs)?),
        Benchmark::Data => ("data", data::run(&machine, runs)?),
    };
    let path = arguments.json.clone().unwrap_or_else(|| machine.places.target.join(format!("bench/{name}.json")));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    std::fs::write(&path, report.to_json(name)?).with_context(|| format!("writing {}", path.display()))?;
    note(&format!("\nRaw figures: {}\n", path.display()));
    report.print(name);
    Ok(if report.missed_floors().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many programs wanted a processor in the last minute, where the system (Linux) tells.
fn recent_load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
