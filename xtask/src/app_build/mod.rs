//! Building the app: Trunk makes the bundles, wasm-opt shrinks and speeds them up, a list names what works offline.

mod inputs;
mod optimize;
mod precache;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::cargo::{Toolchain, WASM_PROFILE, WASM_TARGET};
use crate::child_process::{output_of, run_quietly, run_visibly};
use crate::machine::Machine;
use crate::requirements::{CrateTool, wasm_toolchain};
use crate::terminal::note;

/// Beside the app: what it was built from.
const STAMP_FILE: &str = "build.json";

const TRUNK_LOCK: &str = ".trunk-lock";

#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Stamp {
    /// Hash of everything that the app is built from.
    inputs: String,
}

/// Builds the app into `dist/`, unless what lies there was built from the same inputs.
pub(crate) fn build(machine: &Machine) -> Result<PathBuf> {
    let places = &machine.places;
    let dist = places.dist();
    let toolchain = wasm_toolchain().context("no compiler for WASM: `cargo xtask doctor` says what to do")?;
    let compiler = output_of(toolchain.rustc().arg("--version"))?;
    let stamp = Stamp { inputs: inputs::hash(&places.checkout, &[&compiler, &optimize::settings(machine)?])? };
    if read_stamp(&dist).is_some_and(|there| there == stamp) {
        note("The app is up to date.");
        return Ok(dist);
    }
    compile(machine, toolchain)?;
    // Beside dist/, and moved there when complete: a companion that serves dist/ never shows half an app.
    let next = places.checkout.join("dist-next");
    bundle(machine, toolchain, &next)?;
    optimize::bundles(machine, &next)?;
    precache::write_list(&next)?;
    std::fs::write(next.join(STAMP_FILE), serde_json::to_string_pretty(&stamp)?)?;
    if dist.exists() {
        std::fs::remove_dir_all(&dist).with_context(|| format!("removing {}", dist.display()))?;
    }
    std::fs::rename(&next, &dist).with_context(|| format!("moving {} to {}", next.display(), dist.display()))?;
    Ok(dist)
}

fn read_stamp(dist: &Path) -> Option<Stamp> {
    serde_json::from_str(&std::fs::read_to_string(dist.join(STAMP_FILE)).ok()?).ok()
}

/// Compiles both bundles in one go: Trunk would do one after the other, without showing progress.
fn compile(machine: &Machine, toolchain: Toolchain) -> Result<()> {
    let mut build = toolchain.cargo_for_wasm(&machine.places);
    build.args(["build", "--package", "app", "--bins", "--target", WASM_TARGET, "--profile", WASM_PROFILE]);
    run_visibly(&mut build)
}

/// Trunk finds the compiled bundles, makes their JavaScript and puts everything in one folder.
fn bundle(machine: &Machine, toolchain: Toolchain, into: &Path) -> Result<()> {
    let missing = "is missing: `cargo xtask setup` installs it";
    let trunk = CrateTool::trunk().find(machine)?.with_context(|| format!("trunk {missing}"))?;
    let wasm_bindgen = CrateTool::wasm_bindgen().find(machine)?.with_context(|| format!("wasm-bindgen {missing}"))?;
    let folders = wasm_bindgen.parent().map(Path::to_owned).into_iter();
    let path =
        std::env::join_paths(folders.chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())))?;
    let mut command = Command::new(trunk);
    command
        .current_dir(&machine.places.checkout)
        .env("PATH", path)
        // Trunk reads NO_COLOR as one of its own options and wants "true" or "false" in it.
        .env_remove("NO_COLOR")
        .arg("build")
        .arg("--dist")
        .arg(into);
    if machine.places.has_own_target() {
        command.env("CARGO_TARGET_DIR", &machine.places.target);
    }
    toolchain.prepare_for_wasm(&mut command);
    run_quietly("Bundling the app", &mut command)?;
    // Left by Trunk; nobody waits for it in a folder that is moved.
    std::fs::remove_file(into.join(TRUNK_LOCK)).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error).context("removing Trunk's lock file"),
    })
}
