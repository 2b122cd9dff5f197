//! `cargo xtask <verb>`: everything that a person or CI runs in this repository.

mod app_build;
mod bench;
mod cargo;
mod child_process;
mod companion;
mod doctor;
mod fuzz;
mod machine;
mod pinned_versions;
mod places;
mod requirements;
mod run;
mod setup;
mod terminal;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Sets up, runs, tests and measures Quern.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what is missing, build the app and the companion, fetch the default model, and serve
    Run(run::RunArguments),
    /// Check formatting and lints, and run all tests, in a real browser too
    Test(test::TestArguments),
    /// Say what is there, what is missing, and the exact command that mends it
    Doctor,
    /// Install what is missing (`run` and `test` do it too)
    Setup(setup::SetupArguments),
    /// Measure speed against peers
    Bench(bench::BenchArgs),
    /// Feed hostile bytes to what reads bytes from outside, until something breaks
    Fuzz(fuzz::FuzzArguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().verb {
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Test(arguments) => test::run(&arguments),
        Verb::Doctor => doctor::run(),
        Verb::Setup(arguments) => setup::run(&arguments),
        Verb::Bench(arguments) => bench::run(&arguments),
        Verb::Fuzz(arguments) => fuzz::run(&arguments),
    };
    result.unwrap_or_else(|error| {
        terminal::note(&format!("\ncargo xtask: {error:#}"));
        ExitCode::FAILURE
    })
}
