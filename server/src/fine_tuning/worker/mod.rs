//! `quern worker FOLDER`: the process that trains.
//!
//! [`run`] reads `FOLDER/specification.json`, makes tokens of the rows ([`rows`]), goes on from the newest whole checkpoint
//! ([`checkpoint`]), and makes steps ([`training`]) until all are made or somebody asks it to stop ([`link`]). Then it writes
//! what is served and compares it with the trainer ([`outcome`]). All that it does is a function of specification, base and
//! rows: killed anywhere and started again, it comes to the same bytes.

mod base;
mod checkpoint;
mod failure;
mod history;
mod link;
mod outcome;
mod rows;
mod sample;
mod training;
mod whole;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::process::ExitCode;

use self::base::BaseModel;
use self::checkpoint::{Checkpoint, Checkpoints, Identity};
use self::failure::Failure;
use self::link::Link;
use self::outcome::Outcome;
use self::rows::TokenRows;
use self::training::Training;
use super::estimate;
use super::{Objective, TrainingSpecification, WorkerEvent};
use crate::downloads::checksum::Checksum;
use crate::machine::available_memory_bytes;

/// What is to be done, in the job's folder.
const SPECIFICATION: &str = "specification.json";

/// Held by the one worker of a folder; the system lets go of it when that dies.
const LOCK: &str = "worker.lock";

/// How a worker came to its end.
enum End {
    Finished(Outcome),
    Paused { step: u64 },
    Cancelled,
}

/// Trains as `folder` says. What happens is said on standard output, commands are read from standard input.
pub fn run(folder: &Path) -> ExitCode {
    let link = Link::open();
    match train(folder, &link) {
        Ok(End::Finished(outcome)) => link.say(&outcome.event()),
        Ok(End::Paused { step }) => link.say(&WorkerEvent::Paused { step }),
        Ok(End::Cancelled) => {}
        Err(failure) => {
            link.say(&failure.into());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn train(folder: &Path, link: &Link) -> Result<End, Failure> {
    let _lock = lock(folder)?;
    let specification = read_specification(folder)?;
    let base = BaseModel::open(&specification.base)?;
    let memory_bytes = check_memory(&base, &specification)?;
    let checkpoints = Checkpoints::open(folder)?;
    let (outcome, newest) = (Outcome::read(folder)?, checkpoints.newest()?);
    let identity = identity(&specification, &base, outcome.as_ref(), newest.as_ref())?;
    if let Some(outcome) = outcome {
        return Ok(End::Finished(outcome));
    }
    let read = |path: &Path, param| {
        let tokens = specification.sequence_tokens.min(base.sizes.context_tokens);
        TokenRows::read(path, param, &base.text, tokens, &identity.today)
    };
    let rows = read(&specification.training_file, "training_file")?;
    let validation = specification.validation_file.as_deref().map(|path| read(path, "validation_file")).transpose()?;
    if rows.learned_tokens() == 0 {
        return Err(nothing_learned(&rows));
    }
    let mut training = Training::begin(&specification, &base, &rows, validation.as_ref(), identity, newest)?;
    link.say(&WorkerEvent::Started {
        steps: specification.schedule.steps,
        done_steps: training.done_steps(),
        learned_tokens: rows.learned_tokens(),
        cut_rows: rows.cut_rows,
        memory_bytes,
    });
    if let Some(end) = training.make_steps(link, &checkpoints)? {
        return Ok(end);
    }
    let outcome = training.finish(folder)?;
    outcome.write(folder)?;
    Ok(End::Finished(outcome))
}

fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(|error| Failure::writing(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::new("already_running", format!("another worker is at work in {}", folder.display())))
        }
        Err(TryLockError::Error(error)) => Err(Failure::writing(&path, &error)),
    }
}

fn read_specification(folder: &Path) -> Result<TrainingSpecification, Failure> {
    let path = folder.join(SPECIFICATION);
    let bytes = std::fs::read(&path).map_err(|error| Failure::reading(&path, &error))?;
    let invalid = |what: String| Failure::new("invalid_specification", format!("{}: {what}", path.display()));
    let specification: TrainingSpecification =
        serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
    if specification.objective != Objective::Supervised {
        return Err(Failure::at("method", "unsupported_method", "only supervised training is done here".to_owned()));
    }
    let sizes = [
        ("batch-rows", specification.batch_rows),
        ("sequence-tokens", specification.sequence_tokens),
        ("packed-tokens", specification.packed_tokens),
        ("schedule.steps", specification.schedule.steps as usize),
    ];
    match sizes.iter().find(|(_, size)| *size == 0) {
        Some((name, _)) => Err(invalid(format!("{name} is 0, and must be at least 1"))),
        None => Ok(specification),
    }
}

/// What it takes in memory, where that is there.
fn check_memory(base: &BaseModel, specification: &TrainingSpecification) -> Result<u64, Failure> {
    let of_base = |error| Failure::of_base(&specification.base.path, &error);
    let free_bytes = available_memory_bytes().unwrap_or(u64::MAX);
    match estimate::shortage(&base.file, specification, free_bytes).map_err(of_base)? {
        Some(shortage) => Err(Failure::at(shortage.param, "not_enough_memory", shortage.to_string())),
        None => estimate::memory(&base.file, specification).map_err(of_base),
    }
}

/// What this run is, which must be what was begun.
fn identity(
    specification: &TrainingSpecification,
    base: &BaseModel,
    outcome: Option<&Outcome>,
    newest: Option<&Checkpoint>,
) -> Result<Identity, Failure> {
    let begun = outcome.map(|outcome| &outcome.identity).or(newest.map(|checkpoint| &checkpoint.state.identity));
    let text =
        serde_json::to_vec(specification).map_err(|error| Failure::new("invalid_specification", error.to_string()))?;
    let identity = Identity {
        specification_sha256: Checksum::of_bytes(&text).to_string(),
        base_sha256: specification.base.sha256.clone(),
        template_sha256: base.template_sha256(),
        seed: specification.seed,
        today: begun.map_or_else(engine::clock::today, |identity| identity.today.clone()),
    };
    match begun {
        Some(begun) if *begun != identity => Err(Failure::new(
            "specification_changed",
            "the folder has checkpoints of another specification or base; resume with the one that they were made with, or \
             make a new job"
                .to_owned(),
        )),
        _ => Ok(identity),
    }
}

fn nothing_learned(rows: &TokenRows) -> Failure {
    let why = if rows.sequences.is_empty() {
        "it has no rows"
    } else if rows.cut_rows > 0 {
        "in every row the answer is empty, has weight 0, or lies behind the longest length, where rows are cut; make rows shorter, \
         or the length longer"
    } else {
        "every message of the assistant is empty or has weight 0; give those that are to be learned weight 1"
    };
    Failure::at("training_file", "no_learned_tokens", format!("the training file has no token that is learned: {why}"))
}
