//! `cargo xtask doctor`: what is there, what is missing, and the exact command that mends it.

use std::process::ExitCode;

use anyhow::Result;

use crate::machine::Machine;
use crate::requirements::{self, Check, Remedy, Requirement};
use crate::terminal::print_line;

/// Prints a line for each thing; fails if one is missing.
pub(crate) fn run() -> Result<ExitCode> {
    let machine = Machine::find()?;
    let mut missing_count = 0;
    for requirement in requirements::all() {
        match requirement.check(&machine) {
            Check::Present(found) => {
                print_line(&format!("ok       {:13} {} [{found}]", requirement.name(), requirement.purpose()));
            }
            Check::Missing(found) => {
                missing_count += 1;
                print_line(&format!("MISSING  {:13} {} [{found}]", requirement.name(), requirement.purpose()));
                print_line(&format!("         mend it:      {}", mending(&machine, requirement.as_ref())));
            }
        }
    }
    print_line("");
    if missing_count == 0 {
        print_line("Everything is there: `cargo xtask run` starts Quern, `cargo xtask test` tests it.");
        return Ok(ExitCode::SUCCESS);
    }
    print_line(&format!("{missing_count} missing. `cargo xtask setup` mends all that it can."));
    Ok(ExitCode::FAILURE)
}

fn mending(machine: &Machine, requirement: &dyn Requirement) -> String {
    match requirement.remedy(machine) {
        Remedy::DebianPackages(packages) => {
            format!("{}   (needs root)", machine.debian_command(&packages))
        }
        Remedy::Setup(what) => format!("cargo xtask setup {}   ({what})", requirement.name()),
        Remedy::ByHand(what) => what,
    }
}
