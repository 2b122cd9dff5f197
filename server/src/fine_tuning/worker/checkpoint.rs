//! Checkpoints: all that a run is made of at a step, in `checkpoints/step-N`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use engine::adapter::{LoraAdapter, peft};
use engine::models::Hyperparameters;
use engine::training::{AdamW, CpuTrainer};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::history::History;
use super::whole::{WholeFolder, check_folder, remove_folder, remove_unfinished, set_aside};
use crate::terminal::note;

/// Where checkpoints are in a job's folder.
const FOLDER: &str = "checkpoints";

/// Checkpoints that are kept besides those at epochs' ends.
const KEPT: usize = 2;

/// The adapter that the engine loads.
pub(super) const ADAPTER: &str = "adapter.gguf";

const STATE: &str = "state.json";
const PARAMETERS: &str = "parameters.f32";
const MEANS: &str = "means.f32";
const SQUARES: &str = "squares.f32";

/// What a checkpoint says besides its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct State {
    /// What the run is: it goes on only where all of it is the same.
    pub(super) identity: Identity,
    /// Steps that were made, those in which nothing was learned too.
    pub(super) step: u64,
    /// The epoch under way, from 0, and its rows that were seen.
    pub(super) epoch: u32,
    /// See above.
    pub(super) row: usize,
    /// Whether it is the end of an epoch.
    pub(super) ends_epoch: bool,
    /// Steps of the optimizer.
    pub(super) optimizer_steps: u64,
    /// What was said of the steps so far.
    pub(super) history: History,
}

/// What a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Identity {
    /// SHA-256 of the specification.
    pub(super) specification_sha256: String,
    /// Of the base model's file.
    pub(super) base_sha256: String,
    /// Of the chat template.
    pub(super) template_sha256: String,
    /// The seed of all that is random.
    pub(super) seed: u64,
    /// The day that templates are told, however long the run takes.
    pub(super) today: String,
}

/// The checkpoints of a job.
pub(super) struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// Opens the folder, and removes what an earlier worker left unfinished.
    pub(super) fn open(job: &Path) -> Result<Self, Failure> {
        let folder = job.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(|error| Failure::writing(&folder, &error))?;
        for folder in [job, &folder] {
            remove_unfinished(folder).map_err(|error| Failure::writing(folder, &error))?;
        }
        Ok(Self { folder })
    }

    /// Step and folder of each, the newest first.
    fn list(&self) -> Result<Vec<(u64, PathBuf)>, Failure> {
        let reading = |error| Failure::reading(&self.folder, &error);
        let mut list = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(reading)? {
            let name = entry.map_err(reading)?.file_name();
            let step = name.to_str().and_then(|name| name.strip_prefix("step-")).and_then(|step| step.parse().ok());
            list.extend(step.map(|step| (step, self.folder.join(&name))));
        }
        list.sort_unstable_by_key(|(step, _)| std::cmp::Reverse(*step));
        Ok(list)
    }

    /// The newest that is whole. Damaged ones are set aside.
    pub(super) fn newest(&self) -> Result<Option<Checkpoint>, Failure> {
        for (step, folder) in self.list()? {
            let state = check_folder(&folder).and_then(|()| read_state(&folder));
            match state {
                Ok(state) => return Ok(Some(Checkpoint { folder, state })),
                Err(reason) => {
                    let aside = set_aside(&folder).map_err(|error| Failure::writing(&folder, &error))?;
                    note(&format!(
                        "quern worker: the checkpoint of step {step} is damaged ({reason}) and was set aside as {}",
                        aside.display()
                    ));
                }
            }
        }
        Ok(None)
    }

    /// Writes one, and gives its folder within the job's.
    pub(super) fn write(
        &self,
        state: &State,
        trainer: &CpuTrainer,
        optimizer: &AdamW,
        adapter: Option<&AdapterFiles>,
    ) -> Result<String, Failure> {
        let name = format!("step-{}", state.step);
        let mut folder = WholeFolder::create(&self.folder.join(&name))?;
        let lists =
            [(PARAMETERS, &trainer.parameters.values), (MEANS, &optimizer.means), (SQUARES, &optimizer.squares)];
        for (name, values) in lists {
            folder.write(name, |out| write_floats(out, values))?;
        }
        for (name, bytes) in adapter.into_iter().flat_map(|files| &files.0) {
            folder.write(name, |out| out.write_all(bytes))?;
        }
        folder.write(STATE, |out| Ok(serde_json::to_writer_pretty(out, state)?))?;
        folder.finish()?;
        self.remove_old()?;
        Ok(format!("{FOLDER}/{name}"))
    }

    fn remove_old(&self) -> Result<(), Failure> {
        for (_, folder) in self.list()?.into_iter().skip(KEPT) {
            if !read_state(&folder).is_ok_and(|state| state.ends_epoch) {
                remove_folder(&folder).map_err(|error| Failure::writing(&folder, &error))?;
            }
        }
        Ok(())
    }
}

/// A checkpoint that is whole.
pub(super) struct Checkpoint {
    folder: PathBuf,
    pub(super) state: State,
}

impl Checkpoint {
    /// Puts trainer and optimizer where they were.
    pub(super) fn restore(&self, trainer: &mut CpuTrainer, optimizer: &mut AdamW) -> Result<(), Failure> {
        read_floats(&self.folder.join(PARAMETERS), &mut trainer.parameters.values)?;
        read_floats(&self.folder.join(MEANS), &mut optimizer.means)?;
        read_floats(&self.folder.join(SQUARES), &mut optimizer.squares)?;
        optimizer.steps = self.state.optimizer_steps;
        Ok(())
    }
}

/// The files of an adapter that others load, by name.
pub(super) struct AdapterFiles(pub(super) Vec<(&'static str, Vec<u8>)>);

impl AdapterFiles {
    /// Of an adapter of the base model that clients call `base`.
    pub(super) fn of(adapter: &LoraAdapter, sizes: &Hyperparameters, base: &str) -> Result<Self, Failure> {
        let unusable = |error| Failure::new("unusable_adapter", format!("the adapter can't be written: {error}"));
        let files = adapter.to_peft(sizes, base).map_err(unusable)?;
        Ok(Self(vec![
            (ADAPTER, adapter.to_gguf().map_err(unusable)?),
            (peft::CONFIG_FILE_NAME, files.config.into_bytes()),
            (peft::WEIGHTS_FILE_NAME, files.weights),
        ]))
    }
}

fn read_state(folder: &Path) -> Result<State, String> {
    let bytes = std::fs::read(folder.join(STATE)).map_err(|error| format!("{STATE}: {error}"))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{STATE}: {error}"))
}

fn write_floats(out: &mut dyn Write, values: &[f32]) -> io::Result<()> {
    values.chunks(1 << 14).try_for_each(|values| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        out.write_all(&bytes)
    })
}

fn read_floats(path: &Path, values: &mut [f32]) -> Result<(), Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::reading(path, &error))?;
    if bytes.len() != size_of_val(values) {
        return Err(Failure::new(
            "damaged_checkpoint",
            format!("{} holds {} bytes where the run needs {}", path.display(), bytes.len(), size_of_val(values)),
        ));
    }
    for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *value = f32::from_le_bytes(*bytes);
    }
    Ok(())
}
