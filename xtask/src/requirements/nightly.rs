//! A nightly toolchain: only that can build programs that watch which lines an input reaches.

use std::process::Command;

use anyhow::Result;

use super::{Check, Remedy, Requirement};
use crate::cargo::{NIGHTLY, Toolchain, has_rustup};
use crate::child_process::{output_of, run_visibly};
use crate::machine::Machine;

/// rustup's `nightly`.
pub(crate) struct Nightly;

impl Requirement for Nightly {
    fn name(&self) -> String {
        "nightly".to_owned()
    }

    fn purpose(&self) -> &'static str {
        "builds what is fuzzed"
    }

    fn check(&self, _machine: &Machine) -> Check {
        let mut rustc = Toolchain::Default.rustc();
        match output_of(rustc.env("RUSTUP_TOOLCHAIN", NIGHTLY).arg("--version")) {
            // Without rustup nobody looks at the variable.
            Ok(version) if version.contains(NIGHTLY) => Check::Present(version.trim().to_owned()),
            _ => Check::Missing("there is no nightly toolchain".to_owned()),
        }
    }

    fn remedy(&self, _machine: &Machine) -> Remedy {
        if has_rustup() {
            Remedy::Setup("rustup toolchain install nightly --profile minimal".to_owned())
        } else {
            Remedy::ByHand("get rustup from https://rustup.rs, then `rustup toolchain install nightly`".to_owned())
        }
    }

    fn install(&self, _machine: &Machine) -> Result<()> {
        run_visibly(Command::new("rustup").args(["toolchain", "install", NIGHTLY, "--profile", "minimal"]))
    }
}
