//! rustfmt and clippy: rustup's components, or Debian's packages where those can't be downloaded.

use std::process::Command;

use anyhow::{Result, bail};

use super::{Check, Remedy, Requirement, debian_wasm_std, wasm_toolchain};
use crate::cargo::{Toolchain, has_rustup};
use crate::child_process::{run_visibly, succeeds};
use crate::machine::Machine;
use crate::terminal::note;

/// Both tools, natively; and clippy of the compiler that makes the app.
pub(crate) struct Lints;

/// For Debian's compiler.
const DEBIAN_PACKAGES: [&str; 2] = ["rust-web-clippy", "rustfmt-web"];

impl Requirement for Lints {
    fn name(&self) -> String {
        "lints".to_owned()
    }

    fn purpose(&self) -> &'static str {
        "rustfmt and clippy, for tests"
    }

    fn check(&self, machine: &Machine) -> Check {
        let Some(toolchain) = lint_toolchain(machine) else {
            return Check::Missing("`cargo fmt` or `cargo clippy` fails".to_owned());
        };
        if wasm_toolchain().is_some_and(|of_app| !has_tool(of_app, machine, "clippy")) {
            return Check::Missing("the compiler that makes the app has no clippy".to_owned());
        }
        Check::Present(match toolchain {
            Toolchain::Default => "of the default toolchain".to_owned(),
            Toolchain::Debian => "Debian's".to_owned(),
        })
    }

    fn remedy(&self, _machine: &Machine) -> Remedy {
        Remedy::Setup("rustup component add rustfmt clippy; if that is not enough, Debian's packages (root)".to_owned())
    }

    fn install(&self, machine: &Machine) -> Result<()> {
        if lint_toolchain(machine).is_none() && has_rustup() {
            // Its failure shows in the check below.
            let _ = run_visibly(Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]));
        }
        if matches!(self.check(machine), Check::Present(_)) {
            return Ok(());
        }
        if !machine.has_debian_packages {
            bail!("rustfmt and clippy could not be downloaded: try `rustup component add rustfmt clippy` again later");
        }
        note("Debian's compiler has packages for them.");
        debian_wasm_std::install_compiler(machine)?;
        machine.install_debian_packages(&DEBIAN_PACKAGES)
    }
}

/// The toolchain whose rustfmt and clippy are used natively.
pub(crate) fn lint_toolchain(machine: &Machine) -> Option<Toolchain> {
    let has_both = |toolchain: &Toolchain| ["fmt", "clippy"].iter().all(|tool| has_tool(*toolchain, machine, tool));
    [Toolchain::Default, Toolchain::Debian].into_iter().find(has_both)
}

fn has_tool(toolchain: Toolchain, machine: &Machine, tool: &str) -> bool {
    succeeds(toolchain.cargo(&machine.places).args([tool, "--version"]))
}
