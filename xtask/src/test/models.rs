//! The reference models: fetched before the tests that need them, kept in the cache.

use std::path::Path;

use anyhow::Result;

use super::runner::build_companion;
use crate::companion::Companion;
use crate::machine::Machine;
use crate::terminal::{headline, is_interactive, note};

/// Fetched freely.
const FREE_MODEL: &str = "smollm2-135m-instruct-q4_1";

/// Under terms that a person accepts first.
const MODEL_WITH_TERMS: &str = "gemma-3-270m-q4_k_m";

/// Set to 1 by who accepts the terms of the models that the tests use.
const ACCEPT_VARIABLE: &str = "QUERN_ACCEPT_LICENCES";

/// Has the companion fetch both models. Without somebody who accepts its terms the second stays away, and the tests
/// that need it say that they are skipped.
pub(super) fn fetch_reference_models(machine: &Machine) -> Result<Companion> {
    build_companion(machine)?;
    let companion = Companion::of_test_build(machine);
    headline("Fetching the reference models");
    let (models, data) = (machine.places.models(), machine.places.cache.join("test-data"));
    companion.pull_model(FREE_MODEL, &folders(&models, &data))?;
    let has_accepted = std::env::var(ACCEPT_VARIABLE).is_ok_and(|value| value == "1");
    let mut options = folders(&models, &data);
    if has_accepted {
        options.push("--accept-licence");
    }
    if has_accepted || is_interactive() {
        companion.pull_model(MODEL_WITH_TERMS, &options)?;
    } else {
        note(&format!(
            "{MODEL_WITH_TERMS} is not fetched: nobody is here to accept its terms. `quern models pull \
             {MODEL_WITH_TERMS}` shows them; {ACCEPT_VARIABLE}=1 accepts them."
        ));
    }
    Ok(companion)
}

fn folders<'a>(models: &'a Path, data: &'a Path) -> Vec<&'a str> {
    let text = |path: &'a Path| path.to_str().unwrap_or_default();
    vec!["--models-dir", text(models), "--data-dir", text(data)]
}
