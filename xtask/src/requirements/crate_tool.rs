//! A tool from crates.io at its pinned version: on PATH, or compiled once into the cache folder.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{Check, Remedy, Requirement};
use crate::cargo::Toolchain;
use crate::child_process::{output_of, run_visibly};
use crate::machine::Machine;
use crate::places::on_path;

/// What to install, and how.
pub(crate) struct CrateTool {
    package: &'static str,
    program: &'static str,
    purpose: &'static str,
    /// Further arguments of `cargo install`.
    arguments: &'static [&'static str],
    minutes: &'static str,
}

/// Their release profiles optimize for weeks of use; ours runs them for seconds.
const QUICK_BUILD: [&str; 6] = [
    "--config",
    "profile.release.lto=false",
    "--config",
    "profile.release.opt-level=1",
    "--config",
    "profile.release.codegen-units=16",
];

impl CrateTool {
    /// Builds and bundles the app.
    pub(crate) fn trunk() -> Self {
        Self {
            package: "trunk",
            program: "trunk",
            purpose: "bundles the app",
            // It asks for a newer compiler than it needs.
            arguments: &["--locked", "--ignore-rust-version"],
            minutes: "about 7 minutes on 2 cores",
        }
    }

    /// Makes WASM callable from a page; Trunk calls it.
    pub(crate) fn wasm_bindgen() -> Self {
        Self {
            package: "wasm-bindgen-cli",
            program: "wasm-bindgen",
            purpose: "connects WASM with the page",
            arguments: &[],
            minutes: "about 3 minutes on 2 cores",
        }
    }

    /// Builds and runs what is fuzzed.
    pub(crate) fn cargo_fuzz() -> Self {
        Self {
            package: "cargo-fuzz",
            program: "cargo-fuzz",
            purpose: "feeds hostile bytes to what reads files",
            arguments: &["--locked"],
            minutes: "about 1 minute on 2 cores",
        }
    }

    /// The program at its pinned version, if it is there.
    pub(crate) fn find(&self, machine: &Machine) -> Result<Option<PathBuf>> {
        let version = machine.versions.cargo(self.package)?;
        let on_path = on_path(self.program).filter(|path| is_version(path, version));
        let file_name = format!("{}{}", self.program, std::env::consts::EXE_SUFFIX);
        let cached = machine.places.tool(self.program, version).join("bin").join(file_name);
        Ok(on_path.or_else(|| cached.is_file().then_some(cached)))
    }
}

/// `trunk 0.22.1`, `wasm-bindgen 0.2.130`.
fn is_version(program: &PathBuf, version: &str) -> bool {
    output_of(Command::new(program).arg("--version"))
        .is_ok_and(|text| text.split_whitespace().any(|word| word == version))
}

impl Requirement for CrateTool {
    fn name(&self) -> String {
        self.program.to_owned()
    }

    fn purpose(&self) -> &'static str {
        self.purpose
    }

    fn check(&self, machine: &Machine) -> Check {
        match (self.find(machine), machine.versions.cargo(self.package)) {
            (Ok(Some(path)), Ok(version)) => Check::Present(format!("{version}, {}", path.display())),
            (_, Ok(version)) => Check::Missing(format!("version {version} is neither on PATH nor in the cache")),
            (_, Err(error)) => Check::Missing(format!("{error:#}")),
        }
    }

    fn remedy(&self, _machine: &Machine) -> Remedy {
        Remedy::Setup(format!("cargo install {}, into the cache folder ({})", self.package, self.minutes))
    }

    fn install(&self, machine: &Machine) -> Result<()> {
        let version = machine.versions.cargo(self.package)?;
        let mut install = Toolchain::Default.cargo(&machine.places);
        install
            .args(["install", self.package, "--version", version, "--root"])
            .arg(machine.places.tool(self.program, version))
            .args(self.arguments)
            .args(QUICK_BUILD)
            // Its build is of no use later: cargo throws it away.
            .env_remove("CARGO_TARGET_DIR")
            // Outside of the checkout: its settings are not for tools.
            .current_dir(std::env::temp_dir());
        run_visibly(&mut install)
    }
}
