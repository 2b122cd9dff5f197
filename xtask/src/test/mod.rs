//! `cargo xtask test`: formatting, lints and all tests; each part alone with `--only`.

mod browser;
mod closing_lines;
mod format;
mod kernels;
mod lint;
mod models;
mod runner;
mod unit;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::ValueEnum;

use crate::machine::Machine;
use crate::requirements::{self, Requirement};
use crate::setup::install_missing;
use crate::terminal::{headline, note, print_line, seconds};

/// `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct TestArguments {
    /// Only this part; can be given several times [default: all]
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

/// What `test` consists of, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Formatting
    Fmt,
    /// Lints, natively and for browsers; licences and advisories of dependencies if cargo-deny is there
    Clippy,
    /// Unit and integration tests, natively
    Unit,
    /// Tests of the whole engine, on the GPU or Mesa's software one
    Kernels,
    /// End-to-end tests in Chromium, and with OpenAI's clients
    Browser,
}

/// What a part's test runners said last.
type ClosingLines = Vec<String>;

impl Part {
    fn requirements(self) -> Vec<Box<dyn Requirement>> {
        match self {
            Self::Fmt | Self::Clippy => requirements::for_lints(),
            Self::Unit => requirements::for_unit_tests(),
            Self::Kernels => requirements::for_kernels(),
            Self::Browser => requirements::for_browser(),
        }
    }

    fn run(self, machine: &Machine) -> Result<ClosingLines> {
        match self {
            Self::Fmt => format::run(machine),
            Self::Clippy => lint::run(machine),
            Self::Unit => unit::run(machine),
            Self::Kernels => kernels::run(machine),
            Self::Browser => browser::run(machine),
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Runs the parts, goes on after a failure, and ends with the runners' closing lines.
pub(crate) fn run(arguments: &TestArguments) -> Result<ExitCode> {
    let machine = Machine::find()?;
    let mut parts = Part::value_variants().to_vec();
    if !arguments.only.is_empty() {
        parts.retain(|part| arguments.only.contains(part));
    }
    let mut wanted = requirements::for_running();
    wanted.extend(parts.iter().flat_map(|part| part.requirements()));
    install_missing(&machine, &wanted)?;

    let mut overview = Vec::new();
    let mut closing_lines = ClosingLines::new();
    let mut failed_count = 0;
    for part in parts {
        headline(&part.name());
        let started = Instant::now();
        let result = part.run(&machine);
        let time = seconds(started.elapsed());
        match result {
            Ok(lines) => {
                overview.push(format!("{:8} ok       {time}", part.name()));
                closing_lines.extend(lines);
            }
            Err(error) => {
                failed_count += 1;
                note(&format!("{}: {error:#}", part.name()));
                overview.push(format!("{:8} FAILED   {time}   {error:#}", part.name()));
                closing_lines.extend(
                    error.downcast::<runner::FailedTests>().map(|failed| failed.closing_lines).unwrap_or_default(),
                );
            }
        }
    }
    headline("result");
    for line in overview {
        print_line(&line);
    }
    for line in closing_lines {
        print_line(&line);
    }
    Ok(if failed_count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
