//! The Rust compiler, new enough, and the linker that it calls.

use std::process::Command;

use super::{Check, Remedy, Requirement};
use crate::cargo::{Toolchain, has_rustup};
use crate::child_process::output_of;
use crate::machine::Machine;
use crate::pinned_versions::is_at_least;
use crate::places::on_path;

/// `rustc`.
pub(crate) struct Compiler;

const LEAST_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

impl Requirement for Compiler {
    fn name(&self) -> String {
        "rust".to_owned()
    }

    fn purpose(&self) -> &'static str {
        "compiles everything"
    }

    fn check(&self, _machine: &Machine) -> Check {
        let Ok(text) = output_of(Toolchain::Default.rustc().arg("--version")) else {
            return Check::Missing("`rustc --version` fails".to_owned());
        };
        let version = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
        if is_at_least(&version, LEAST_RUST) {
            Check::Present(version)
        } else {
            Check::Missing(format!("{version}; {LEAST_RUST} or newer is needed"))
        }
    }

    fn remedy(&self, _machine: &Machine) -> Remedy {
        let text = if has_rustup() { "rustup update stable && rustup default stable" } else { "see https://rustup.rs" };
        Remedy::ByHand(text.to_owned())
    }
}

/// `cc`, which Rust links with and the C parts of dependencies are compiled with.
pub(crate) struct NativeLinker;

impl Requirement for NativeLinker {
    fn name(&self) -> String {
        "cc".to_owned()
    }

    fn purpose(&self) -> &'static str {
        "links native programs, compiles SQLite"
    }

    fn check(&self, _machine: &Machine) -> Check {
        if cfg!(windows) {
            return Check::Present("comes with Rust's toolchain".to_owned());
        }
        match on_path("cc") {
            Some(path) if output_of(Command::new(&path).arg("--version")).is_ok() => {
                Check::Present(path.display().to_string())
            }
            _ => Check::Missing("no cc on PATH".to_owned()),
        }
    }

    fn remedy(&self, machine: &Machine) -> Remedy {
        let elsewhere =
            if cfg!(target_os = "macos") { "xcode-select --install" } else { "install a C compiler (gcc or clang)" };
        Remedy::packages_or(machine, &["build-essential"], elsewhere)
    }
}
