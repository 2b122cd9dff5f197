//! wasm-opt on both bundles: small for the page, fast for the engine. Kept by input, since it takes minutes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::inputs::{files, hash_file};
use crate::child_process::run_quietly;
use crate::machine::Machine;
use crate::requirements::NpmPackage;
use crate::terminal::note;

/// Most of what -Oz saves, in a fraction of its time.
const PAGE_LEVEL: &str = "-Os";

/// The engine computes.
const WORKER_LEVEL: &str = "-O3";

/// What Rust's compiler writes for this target; wasm-opt refuses what it isn't told of.
const FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// What the result depends on besides the bundle.
pub(super) fn settings(machine: &Machine) -> Result<String> {
    Ok(format!("wasm-opt {} {PAGE_LEVEL} {WORKER_LEVEL}", machine.versions.npm("binaryen")?))
}

/// Optimizes every bundle in the folder, in place.
pub(super) fn bundles(machine: &Machine, folder: &Path) -> Result<()> {
    for path in files(folder)? {
        if path.extension().is_some_and(|extension| extension == "wasm") {
            optimize(machine, &path)?;
        }
    }
    Ok(())
}

fn optimize(machine: &Machine, bundle: &Path) -> Result<()> {
    let name = bundle.file_name().context("a bundle has a name")?.to_string_lossy().into_owned();
    let level = if name.starts_with("engine_worker") { WORKER_LEVEL } else { PAGE_LEVEL };
    let kept = kept(machine, bundle, level)?;
    if !kept.is_file() {
        std::fs::create_dir_all(kept.parent().context("kept files have a folder")?)?;
        // Two builds at once, of two checkouts, each write their own.
        let part = kept.with_extension(format!("{}.part", std::process::id()));
        let mut command = NpmPackage::wasm_opt().program(machine, "wasm-opt")?;
        command.arg(level).args(FEATURES).arg(bundle).arg("--output").arg(&part);
        run_quietly(&format!("Optimizing {name} ({level})"), &mut command)?;
        std::fs::rename(&part, &kept).with_context(|| format!("moving {}", part.display()))?;
    }
    let sizes_bytes = (std::fs::metadata(bundle)?.len(), std::fs::metadata(&kept)?.len());
    std::fs::copy(&kept, bundle).with_context(|| format!("writing {}", bundle.display()))?;
    note(&format!("{name}: {} kB, {} kB before wasm-opt", sizes_bytes.1 / 1000, sizes_bytes.0 / 1000));
    Ok(())
}

/// Where the result of this input and these settings is kept.
fn kept(machine: &Machine, bundle: &Path, level: &str) -> Result<PathBuf> {
    let version = machine.versions.npm("binaryen")?;
    let file_name = format!("{}{level}-{version}.wasm", hash_file(bundle)?);
    Ok(machine.places.target.join("wasm-opt").join(file_name))
}
