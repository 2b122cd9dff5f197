//! What comes of a training: the files that are served, and what is known of them.

use std::io;
use std::path::Path;

use engine::adapter::LoraAdapter;
use engine::gguf::RewriteError;
use engine::source::FileSource;
use engine::training::CpuTrainer;
use engine::{Device, EngineError, LoadOptions, Model};
use serde::{Deserialize, Serialize};

use super::super::{Output, TrainingSpecification, WorkerEvent};
use super::base::BaseModel;
use super::checkpoint::{ADAPTER, AdapterFiles, Identity};
use super::failure::Failure;
use super::history::History;
use super::rows::TokenRows;
use super::whole::write_whole;

/// The file that says it all; it is written last.
const OUTCOME: &str = "outcome.json";

/// A model of which every weight was trained.
const MODEL: &str = "model.gguf";

/// Rows that trainer and engine are compared with, and how much of each.
const COMPARED_ROWS: usize = 8;
const COMPARED_TOKENS: usize = 64;

/// What is known of a training that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Outcome {
    /// What the run was.
    pub(super) identity: Identity,
    /// The largest difference between logits of trainer and engine, with the adapter beside the base and merged into it.
    pub(super) logit_difference: f64,
    /// Losses, step by step.
    pub(super) history: History,
}

impl Outcome {
    /// That of an earlier worker, if it came to an end.
    pub(super) fn read(job: &Path) -> Result<Option<Self>, Failure> {
        let path = job.join(OUTCOME);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::reading(&path, &error)),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| Failure::reading(&path, &error.into()))
    }

    /// Writes it.
    pub(super) fn write(&self, job: &Path) -> Result<(), Failure> {
        write_whole(&job.join(OUTCOME), |out| Ok(serde_json::to_writer_pretty(out, self)?))
    }

    /// As the server hears it.
    pub(super) fn event(&self) -> WorkerEvent {
        WorkerEvent::Finished {
            trained_tokens: self.history.learned_tokens,
            logit_difference: self.logit_difference,
            template_sha256: self.identity.template_sha256.clone(),
        }
    }
}

/// Writes what is served, and gives the largest difference between its logits and the trainer's.
pub(super) fn write_served(
    job: &Path,
    specification: &TrainingSpecification,
    base: &BaseModel,
    trainer: &mut CpuTrainer,
    rows: &TokenRows,
) -> Result<f64, Failure> {
    let write_model = |trainer: &CpuTrainer, path: &Path| {
        write_whole(path, |out| {
            trainer.write_model(&base.file, &base.source, out).map_err(|error| match error {
                RewriteError::Write(error) => error,
                RewriteError::Model(error) => io::Error::other(error),
            })
        })
    };
    match (&specification.output, trainer.adapter()) {
        (Output::Adapter { .. }, Some(adapter)) => {
            for (name, bytes) in AdapterFiles::of(&adapter, &base.sizes, &specification.base.name)?.0 {
                write_whole(&job.join(name), |out| out.write_all(&bytes))?;
            }
            let card = model_card(specification);
            write_whole(&job.join("README.md"), |out| out.write_all(card.as_bytes()))?;
            // A name that the next worker removes, should this one end here.
            let merged = job.join("merged.gguf.part");
            write_model(trainer, &merged)?;
            let of_merged = largest_difference(trainer, &merged, None, rows, specification.threads);
            std::fs::remove_file(&merged).map_err(|error| Failure::writing(&merged, &error))?;
            let (base, adapter) = (&specification.base.path, job.join(ADAPTER));
            let of_served = largest_difference(trainer, base, Some(&adapter), rows, specification.threads)?;
            Ok(of_merged?.max(of_served))
        }
        _ => {
            let path = job.join(MODEL);
            write_model(trainer, &path)?;
            largest_difference(trainer, &path, None, rows, specification.threads)
        }
    }
}

/// The largest difference between the logits of the trainer and those of the engine on the model at `path`, with the adapter beside it
/// as it lies on the disk, over the beginnings of some rows.
fn largest_difference(
    trainer: &mut CpuTrainer,
    path: &Path,
    adapter: Option<&Path>,
    rows: &TokenRows,
    threads: usize,
) -> Result<f64, Failure> {
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::new("served_model_differs", format!("what was trained can't be run by the engine: {error}"))
    };
    let failed = |error: EngineError| unusable(&error);
    let source = FileSource::open(path).map_err(|error| Failure::reading(path, &error))?;
    let options = LoadOptions { device: Device::Cpu { threads }, context_tokens: COMPARED_TOKENS as u32 };
    let mut model = pollster::block_on(Model::load(Box::new(source), options, &mut |_| {})).map_err(failed)?;
    if let Some(path) = adapter {
        let source = FileSource::open(path).map_err(|error| Failure::reading(path, &error))?;
        let adapter = LoraAdapter::from_gguf(&source).map_err(|error| unusable(&error))?;
        pollster::block_on(model.load_adapter(ADAPTER, &adapter)).map_err(failed)?;
        model.use_adapter(Some(ADAPTER)).map_err(failed)?;
    }
    let mut largest = 0.0_f64;
    let compared = rows.sequences.iter().filter(|sequence| !sequence.tokens.is_empty()).take(COMPARED_ROWS);
    for sequence in compared {
        let tokens = &sequence.tokens[..sequence.tokens.len().min(model.context_tokens())];
        let expected = trainer.logits(tokens, 0..tokens.len()).map_err(failed)?;
        let vocabulary = expected.len() / tokens.len();
        let mut compare = |place: usize, logits: &[f32]| {
            for (logit, expected) in logits.iter().zip(&expected[place * vocabulary..]) {
                let difference = f64::from((logit - expected).abs());
                // A difference that is no number is the largest of all.
                largest = if difference <= largest { largest } else { difference };
            }
        };
        pollster::block_on(model.score(tokens, &mut compare)).map_err(failed)?;
    }
    if largest.is_finite() {
        return Ok(largest);
    }
    Err(Failure::new("served_model_differs", "the trained model computes logits that are no numbers".to_owned()))
}

/// What hubs show of an adapter, and by which they find its base.
fn model_card(specification: &TrainingSpecification) -> String {
    let TrainingSpecification { base, job, epochs, batch_rows, schedule, seed, .. } = specification;
    format!(
        "---\nbase_model: {name}\nlibrary_name: peft\ntags:\n- lora\n---\n\n# An adapter of {name}\n\nTrained by Quern in the \
         job {job}: {steps} steps of {batch_rows} rows, epochs: {epochs}, learning rate {peak}, seed {seed}.\n\n\
         - `adapter_config.json` and `adapter_model.safetensors` are for `peft`.\n\
         - `adapter.gguf` is for Quern and llama.cpp.\n\nSHA-256 of the base model's file: {sha256}\n",
        name = base.name,
        steps = schedule.steps,
        peak = schedule.peak,
        sha256 = base.sha256,
    )
}
