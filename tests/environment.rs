//! What `cargo xtask test --only browser` tells the journeys: programs and folders, by variable.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// The catalogue's name of the model that most journeys use.
pub const SMOLLM2: &str = "smollm2-135m-instruct-q4_1";

/// The catalogue's name of the model under terms of its own.
pub const GEMMA3: &str = "gemma-3-270m-q4_k_m";

/// The path that a variable names.
///
/// # Errors
/// It is not set, or nothing is there.
pub fn path(variable: &str) -> Result<PathBuf> {
    let value = std::env::var_os(variable).with_context(|| {
        format!("{variable} is not set: `cargo xtask test --only browser` sets it (docs/testing.md)")
    })?;
    let path = PathBuf::from(value);
    ensure!(path.exists(), "{variable} names {}, which is not there", path.display());
    Ok(path)
}

/// The file of a model of the catalogue, in the folder of reference models; `None` where it was not fetched.
///
/// # Errors
/// The folder is not known, or the catalogue can't be read.
pub fn model_file(name: &str) -> Result<Option<PathBuf>> {
    let catalogue = std::fs::read(checkout()?.join("public/catalog.json")).context("reading the catalogue")?;
    let catalogue: serde_json::Value = serde_json::from_slice(&catalogue)?;
    let entry = catalogue["models"].as_array().and_then(|models| models.iter().find(|entry| entry["name"] == name));
    let file_name = entry.and_then(|entry| entry["file_name"].as_str());
    let file_name = file_name.with_context(|| format!("the catalogue has no file for {name}"))?;
    let file = path("QUERN_MODELS_DIR")?.join(file_name);
    Ok(file.is_file().then_some(file))
}

/// The checkout's root.
///
/// # Errors
/// The tests were not started by cargo.
pub fn checkout() -> Result<PathBuf> {
    Ok(path("CARGO_MANIFEST_DIR")?.parent().context("tests/ lies in the checkout")?.to_owned())
}
