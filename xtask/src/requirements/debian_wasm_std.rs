//! The Debian way to a WASM compiler: rustc-web from packages, and its standard library built once from its sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{DEBIAN_TOOLCHAIN_NAME, WASM_TARGET, has_rustup};
use crate::child_process::{run_quietly, run_visibly, succeeds};
use crate::machine::Machine;

/// Compiler, cargo, the standard library's sources, and a linker for WASM.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];

/// The tiny crate that the standard library is built for.
const PROBE_CRATE: &str = "probe";

/// Installs the packages, builds the standard library and puts it where the compiler looks.
pub(super) fn install(machine: &Machine) -> Result<()> {
    install_compiler(machine)?;
    let built = build_standard_library(machine)?;
    copy_to_sysroot(machine, &built)
}

/// Installs the packages and makes the compiler a rustup toolchain.
pub(super) fn install_compiler(machine: &Machine) -> Result<()> {
    let is_installed = |package: &&str| succeeds(Command::new("dpkg").args(["--status", package]));
    if !PACKAGES.iter().all(is_installed) {
        machine.install_debian_packages(&PACKAGES).context(
            "this Debian may be too new or too old for rustc-web: with access to static.rust-lang.org, \
             `rustup target add wasm32-unknown-unknown` is all that is needed",
        )?;
    }
    if has_rustup() {
        run_visibly(Command::new("rustup").args(["toolchain", "link", DEBIAN_TOOLCHAIN_NAME, "/usr"]))?;
    }
    Ok(())
}

/// Builds `std` for WASM from the sources of rust-web-src, in the cache folder: outside of the checkout, so that the
/// checkout's settings don't reach it.
fn build_standard_library(machine: &Machine) -> Result<PathBuf> {
    let folder = machine.places.cache.join("wasm-std");
    let manifest =
        format!("[package]\nname = \"{PROBE_CRATE}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n");
    std::fs::create_dir_all(folder.join("src")).with_context(|| format!("making {}", folder.display()))?;
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    std::fs::write(folder.join("src/lib.rs"), "//! Built only for the standard library that it needs.\n")?;
    let mut build = Command::new("/usr/bin/cargo");
    build
        .current_dir(&folder)
        .env("RUSTC", "/usr/bin/rustc")
        // Building the standard library is an unstable feature; what comes out needs none.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .args(["build", "--release", "--target", WASM_TARGET, "-Zbuild-std=std,panic_abort"]);
    let built = folder.join("target").join(WASM_TARGET).join("release/deps");
    if built.exists() {
        // Left by an older compiler: its files would be copied too.
        std::fs::remove_dir_all(&built)?;
    }
    run_quietly("Building Rust's standard library for WASM (under a minute)", &mut build)?;
    let is_library = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rlib");
    let libraries: Vec<PathBuf> = std::fs::read_dir(&built)
        .with_context(|| format!("reading {}", built.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_library)
        .collect();
    for own in libraries.iter().filter(|path| is_own(path)) {
        std::fs::remove_file(own).with_context(|| format!("removing {}", own.display()))?;
    }
    ensure!(libraries.len() > 1, "the build left no libraries in {}", built.display());
    Ok(built)
}

/// The tiny crate's library is of no use to others.
fn is_own(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("lib{PROBE_CRATE}-")))
}

fn copy_to_sysroot(machine: &Machine, built: &Path) -> Result<()> {
    let sysroot = Path::new("/usr/lib/rustlib").join(WASM_TARGET).join("lib");
    let why = format!("copying the standard library to {}", sysroot.display());
    // Libraries of another compiler version in the same folder would be ambiguous.
    let script = r#"mkdir -p "$1" && rm -f "$1"/*.rlib && install -m 644 "$0"/*.rlib "$1""#;
    let mut copy = Command::new("sh");
    copy.arg("-c").arg(script).arg(built).arg(&sysroot);
    machine.run_as_root(&why, &mut copy)
}
