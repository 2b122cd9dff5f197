//! The companion `quern`: building it, having it fetch models, starting it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::cargo::Toolchain;
use crate::child_process::run_visibly;
use crate::machine::Machine;
use crate::places::Places;

/// The program.
pub(crate) struct Companion {
    /// Where it lies.
    pub(crate) path: PathBuf,
}

impl Companion {
    /// Builds the program that people get.
    pub(crate) fn build_release(machine: &Machine) -> Result<Self> {
        let mut build = Toolchain::Default.cargo(&machine.places);
        run_visibly(build.args(["build", "--release", "--package", "server", "--bin", "quern"]))?;
        Ok(Self { path: program(&machine.places, "release") })
    }

    /// The program that a native test build left: optimized where it computes, and checking itself.
    pub(crate) fn of_test_build(machine: &Machine) -> Self {
        Self { path: program(&machine.places, "debug") }
    }

    /// Has it fetch a model, unless it is there. Terms that must be accepted are asked for, or accepted beforehand.
    pub(crate) fn pull_model(&self, name: &str, options: &[&str]) -> Result<()> {
        run_visibly(Command::new(&self.path).args(["models", "pull", name]).args(options))
    }

    /// A command that serves the app.
    pub(crate) fn serve(&self, app: &Path, model: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.args(["serve", "--model", model, "--app-dir"]).arg(app);
        command
    }
}

fn program(places: &Places, profile_folder: &str) -> PathBuf {
    places.target.join(profile_folder).join(format!("quern{}", std::env::consts::EXE_SUFFIX))
}

/// The catalogue's name of the model that `cargo xtask run` fetches: the one tagged "default".
pub(crate) fn default_model(places: &Places) -> Result<String> {
    #[derive(Deserialize)]
    struct Catalogue {
        models: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        name: String,
        #[serde(default)]
        tags: Vec<String>,
    }
    let path = places.checkout.join("public/catalog.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let catalogue: Catalogue = serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let default = catalogue.models.into_iter().find(|entry| entry.tags.iter().any(|tag| tag == "default"));
    Ok(default.with_context(|| format!("{}: no model is tagged \"default\"", path.display()))?.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_names_a_default_model() {
        assert_eq!(default_model(&Places::find().unwrap()).unwrap(), "smollm2-135m-instruct-q4_1");
    }
}
