//! What both sides of a benchmark do: one model reads one prompt and writes so many tokens, greedily.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::child_process::output_of;
use crate::companion::{Companion, default_model};
use crate::machine::Machine;
use crate::terminal::headline;

/// Tokens to write after the prompt.
pub(super) const DECODE_TOKENS: u32 = 64;

/// Least ratio of writing while held to a schema to writing freely.
pub(super) const CONSTRAINED_FLOOR: f64 = 0.95;

/// A JSON Schema that asks for a long text in quotes: no token of it is known beforehand, so none is saved, and each
/// needs its own mask.
pub(super) const SCHEMA: &str = include_str!("schema.json");

/// About 300 tokens of prose without special tokens: every correct tokenizer reads it alike.
const PROMPT: &str = include_str!("prompt.txt");

/// The task, and the companion that does it.
pub(super) struct Task {
    pub(super) companion: Companion,
    /// Name in the catalogue.
    pub(super) model: String,
    /// The same model as a file, for the peer.
    pub(super) model_path: PathBuf,
    pub(super) prompt: &'static str,
    pub(super) prompt_ids: Vec<u32>,
}

impl Task {
    /// Builds the companion, fetches the model, and has the prompt turned into token ids.
    pub(super) fn prepare(machine: &Machine) -> Result<Self> {
        headline("Building the companion");
        let companion = Companion::build_release(machine)?;
        let model = default_model(&machine.places)?;
        companion.pull_model(&model, &[])?;
        let model_path = model_path(&companion, &model)?;
        let prompt = PROMPT.trim_end();
        let prompt_ids = prompt_ids(&companion, &model, prompt)?;
        Ok(Self { companion, model, model_path, prompt, prompt_ids })
    }
}

fn model_path(companion: &Companion, name: &str) -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Listed {
        name: String,
        path: Option<PathBuf>,
    }
    let text = output_of(Command::new(&companion.path).args(["models", "list", "--json"]))?;
    let models: Vec<Listed> = serde_json::from_str(&text).context("reading what `quern models list --json` printed")?;
    let listed = models.into_iter().find(|listed| listed.name == name);
    listed.and_then(|listed| listed.path).with_context(|| format!("`quern models list` has no file for {name}"))
}

fn prompt_ids(companion: &Companion, model: &str, prompt: &str) -> Result<Vec<u32>> {
    #[derive(Deserialize)]
    struct Generated {
        prompt_ids: Vec<u32>,
    }
    let mut command = Command::new(&companion.path);
    command.args(["generate", "--model", model, "--prompt", prompt, "--max-tokens", "1", "--json", "--device", "cpu"]);
    let generated: Generated = last_json_line(&output_of(&mut command)?)?;
    Ok(generated.prompt_ids)
}

/// Reads the last line of what a measured program printed.
pub(super) fn last_json_line<T: DeserializeOwned>(printed: &str) -> Result<T> {
    let line = printed.trim_end().lines().next_back().context("figures as JSON were expected; nothing was printed")?;
    serde_json::from_str(line).with_context(|| format!("figures as JSON were expected; this was printed: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_line_is_read() {
        assert_eq!(last_json_line::<Vec<u32>>("a warning\n[1, 2]\n").unwrap(), [1, 2]);
        assert!(last_json_line::<Vec<u32>>("").is_err());
        assert!(last_json_line::<Vec<u32>>("[1]\noops").unwrap_err().to_string().contains("oops"));
    }
}
