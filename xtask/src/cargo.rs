//! Calls of cargo: which toolchain, which folders, which packages.

use std::path::Path;
use std::process::Command;

use crate::places::{Places, on_path};

/// The compile target of the app.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Cargo's profile for the app, in the root Cargo.toml.
pub(crate) const WASM_PROFILE: &str = "wasm";

/// What is built and tested natively. Always this selection: another one would build dependencies again, with other
/// features.
pub(crate) const NATIVE_PACKAGES: [&str; 3] = ["--workspace", "--exclude", "app"];

/// Who compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// What `cargo` means in this folder.
    Default,
    /// Debian's packages rustc-web and cargo-web, in /usr.
    Debian,
}

/// Debian's linker for WASM; its compiler comes without one.
const DEBIAN_WASM_LINKER: &str = "wasm-ld-19";

impl Toolchain {
    /// Cargo of this toolchain, with the target folder set.
    pub(crate) fn cargo(self, places: &Places) -> Command {
        let mut command = self.program("cargo");
        command.current_dir(&places.checkout).env("CARGO_TARGET_DIR", &places.target);
        command
    }

    /// Cargo of this toolchain for the app: the flags of .cargo/config.toml hold whatever the environment says.
    pub(crate) fn cargo_for_wasm(self, places: &Places) -> Command {
        let mut command = self.cargo(places);
        self.prepare_for_wasm(&mut command);
        command
    }

    /// The compiler of this toolchain.
    pub(crate) fn rustc(self) -> Command {
        self.program("rustc")
    }

    /// Makes the cargo that a program calls this one.
    pub(crate) fn prepare_for_wasm(self, command: &mut Command) {
        // RUSTFLAGS would replace the flags in .cargo/config.toml, without which the app does not compile.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if self == Self::Debian {
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_WASM_LINKER);
            self.prepare(command);
        }
    }

    fn program(self, name: &str) -> Command {
        let mut command = match self {
            Self::Debian if !has_rustup() => Command::new(Path::new("/usr/bin").join(name)),
            _ => Command::new(name),
        };
        self.prepare(&mut command);
        command
    }

    fn prepare(self, command: &mut Command) {
        // What the cargo that started xtask says about itself is not meant for the cargo that xtask starts.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO" {
                command.env_remove(&name);
            }
        }
        if self == Self::Debian {
            if has_rustup() {
                command.env("RUSTUP_TOOLCHAIN", DEBIAN_TOOLCHAIN_NAME);
            } else {
                command.env("RUSTC", "/usr/bin/rustc");
            }
        }
    }
}

/// What rustup calls the compiler in /usr.
pub(crate) const DEBIAN_TOOLCHAIN_NAME: &str = "debian";

/// What rustup calls the toolchain that fuzzing needs.
pub(crate) const NIGHTLY: &str = "nightly";

/// True if toolchains are chosen by rustup.
pub(crate) fn has_rustup() -> bool {
    on_path("rustup").is_some()
}
