//! A compiler for the app's target: rustup's, or Debian's where that can't be downloaded.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::{Check, Remedy, Requirement, debian_wasm_std};
use crate::cargo::{Toolchain, WASM_TARGET, has_rustup};
use crate::child_process::run_visibly;
use crate::machine::Machine;
use crate::terminal::note;

/// `rustc --target wasm32-unknown-unknown`.
pub(crate) struct WasmTarget;

impl Requirement for WasmTarget {
    fn name(&self) -> String {
        "wasm-target".to_owned()
    }

    fn purpose(&self) -> &'static str {
        "compiles the app for browsers"
    }

    fn check(&self, _machine: &Machine) -> Check {
        match wasm_toolchain() {
            Some(Toolchain::Default) => Check::Present("of the default toolchain".to_owned()),
            Some(Toolchain::Debian) => {
                Check::Present("Debian's compiler, with a standard library built here".to_owned())
            }
            None => Check::Missing(format!("no compiler here has a standard library for {WASM_TARGET}")),
        }
    }

    fn remedy(&self, machine: &Machine) -> Remedy {
        if has_rustup() || machine.has_debian_packages {
            let first = format!("rustup target add {WASM_TARGET}");
            let then = "; if that can't be downloaded, Debian's compiler and a build of the standard library (root)";
            Remedy::Setup(if machine.has_debian_packages { first + then } else { first })
        } else {
            Remedy::ByHand(format!(
                "add the target {WASM_TARGET} to your Rust; with rustup (https://rustup.rs) xtask does it"
            ))
        }
    }

    fn install(&self, machine: &Machine) -> Result<()> {
        // Set by the tests of the Debian route on machines that could download.
        let is_rustup_wanted = std::env::var("QUERN_WASM_TOOLCHAIN").map_or(true, |wanted| wanted != "debian");
        let mut add = Command::new("rustup");
        add.args(["target", "add", WASM_TARGET]);
        if is_rustup_wanted && has_rustup() && run_visibly(&mut add).is_ok() {
            return Ok(());
        }
        if !machine.has_debian_packages {
            bail!(
                "the target {WASM_TARGET} could not be downloaded: try `rustup target add {WASM_TARGET}` again later"
            );
        }
        note("The target can't be downloaded here. Debian's compiler can do it, with a standard library built here.");
        debian_wasm_std::install(machine)
    }
}

/// The toolchain that compiles the app; the default one if it can.
pub(crate) fn wasm_toolchain() -> Option<Toolchain> {
    let wanted = std::env::var("QUERN_WASM_TOOLCHAIN").unwrap_or_default();
    let candidates: &[Toolchain] = match wanted.as_str() {
        "debian" => &[Toolchain::Debian],
        _ => &[Toolchain::Default, Toolchain::Debian],
    };
    candidates.iter().copied().find(|toolchain| has_standard_library(*toolchain))
}

/// Compiles nothing at all: it fails without a standard library, and with one of another compiler version.
fn has_standard_library(toolchain: Toolchain) -> bool {
    let mut probe = toolchain.rustc();
    probe.args(["--target", WASM_TARGET, "--crate-type", "lib", "--crate-name", "probe", "--emit", "metadata=-", "-"]);
    crate::child_process::succeeds(probe.stdin(Stdio::null()))
}
