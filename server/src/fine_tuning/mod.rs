//! Fine-tuning: jobs, and the process that does the work of one.
//!
//! The server never trains in its own process. It writes a [`TrainingSpecification`] into the job's folder, starts
//! `quern worker FOLDER`, and reads [`WorkerEvent`]s from its output, a line of JSON each. The worker knows nothing of the
//! database: a folder goes in, checkpoints and adapters come out.
//!
//! Jobs are in the database; [`Transition`] is how their states change. Whoever runs one holds its
//! [`Lease`](crate::database::Lease), so that several companions on one database never run a job twice.

mod estimate;
mod job;
mod outcome;
mod plan;
mod run;
mod schedule;
mod specification;
mod transition;
mod validation;
pub mod worker;
mod worker_event;
mod worker_process;

pub use estimate::{MemoryShortage, memory, shortage};
pub(crate) use job::new_job;
pub use specification::{Base, Objective, Optimizer, Output, TrainingSpecification};
pub use transition::{NotAllowed, Transition};
pub use worker_event::{WorkerCommand, WorkerEvent};
pub use worker_process::{StartWorker, ThisProgram};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shared::api::fine_tuning::{FineTuningEvent, FineTuningJob, FineTuningRequest};
use tokio::sync::watch;

use crate::config::Config;
use crate::database::{Database, DatabaseError, FineTunedModel, Lease, StoredJob, TakenAway, insert_event, now_unix_s};
use crate::files::FileStore;
use crate::model_store::ModelStore;
use crate::random;

/// How long a job is its runner's without a sign of life.
const LEASE: Duration = Duration::from_secs(20);

/// The jobs, and what running them takes; clones share it.
#[derive(Clone)]
pub struct FineTuning {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    files: FileStore,
    store: ModelStore,
    folder: PathBuf,
    threads: u16,
    most_running: u16,
    start: Arc<dyn StartWorker>,
    /// This process, among those that share the database.
    owner: String,
    /// Something has changed that others here may wait for.
    changed: watch::Sender<()>,
}

impl FineTuning {
    /// The jobs of a data folder. Nothing runs before [`FineTuning::run_jobs`].
    pub fn new(
        config: &Config,
        database: Database,
        files: FileStore,
        store: ModelStore,
        start: Arc<dyn StartWorker>,
    ) -> Self {
        let shared = Shared {
            database,
            files,
            store,
            folder: config.storage.data_dir.join("fine_tuning"),
            threads: config.inference.threads,
            most_running: config.limits.max_fine_tuning_jobs,
            start,
            owner: random::identifier("companion"),
            changed: watch::Sender::new(()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Adds a job, whose request has been checked.
    pub(crate) fn create(&self, mut request: FineTuningRequest) -> Result<FineTuningJob, DatabaseError> {
        let seed = *request.seed.get_or_insert_with(|| random::seed() as u32);
        let job = new_job(&request, seed);
        self.database().put_job(&StoredJob { job: job.clone(), request })?;
        self.tell(&job.id, job::message(format!("Created fine-tuning job: {}", job.id)))?;
        Ok(job)
    }

    /// Where jobs are kept.
    pub(crate) fn database(&self) -> &Database {
        &self.shared.database
    }

    /// Makes a transition happen that a client asks for; `None` where there is no such job.
    pub(crate) fn ask(
        &self,
        id: &str,
        transition: Transition,
    ) -> Result<Option<Result<FineTuningJob, NotAllowed>>, DatabaseError> {
        let mut told = None;
        let changed = self.database().change_job(id, |job| {
            if transition == Transition::Pause && job.status == shared::api::fine_tuning::JobStatus::Running {
                // The worker writes a checkpoint first; whoever runs it hears of this with its next sign of life.
                job.quern.pausing = true;
                return Ok(TakenAway::No);
            }
            transition.apply(job, now_unix_s())?;
            told = match transition {
                Transition::Pause => Some("The job was paused"),
                Transition::Resume => Some("The job was resumed, and waits for its turn"),
                Transition::Cancel => Some("The job was cancelled"),
                _ => None,
            };
            Ok(TakenAway::Yes)
        })?;
        if let Some(told) = told {
            self.tell(id, job::message(told))?;
        }
        self.notify();
        Ok(changed)
    }

    /// Adds an event that is not of a run.
    fn tell(&self, job: &str, event: FineTuningEvent) -> Result<(), DatabaseError> {
        self.database().transaction(|connection| insert_event(connection, job, &event))?;
        self.notify();
        Ok(())
    }

    /// Writes under a lease, and wakes those who wait; `None` where the lease is lost.
    fn write<T>(
        &self,
        lease: &Lease,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<(T, FineTuningJob)>, DatabaseError> {
        let written = self.database().fenced(lease, work)?;
        self.notify();
        Ok(written)
    }

    /// Hears of changes made by this process.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    fn notify(&self) {
        self.shared.changed.send_replace(());
    }

    /// The folder of a job's files.
    fn folder_of(&self, job: &str) -> PathBuf {
        self.shared.folder.join(job)
    }

    /// The models that jobs made and whose files are there.
    pub(crate) fn models(&self) -> Result<Vec<FineTunedModel>, DatabaseError> {
        let mut models = self.database().fine_tuned_models()?;
        models.retain(|model| model.path.exists());
        Ok(models)
    }

    /// One of them.
    pub(crate) fn model(&self, name: &str) -> Result<Option<FineTunedModel>, DatabaseError> {
        Ok(self.database().fine_tuned_model(name)?.filter(|model| model.path.exists()))
    }

    /// Forgets one of them and deletes its file. What can be taken up again of its job stays.
    pub(crate) fn delete_model(&self, model: &FineTunedModel) -> Result<(), DatabaseError> {
        self.database().delete_fine_tuned_model(&model.name)?;
        // A folder is a checkpoint, from which a job goes on.
        if let Err(error) = if model.path.is_file() { std::fs::remove_file(&model.path) } else { Ok(()) } {
            tracing::warn!(%error, model = model.name, "the file of a model could not be deleted");
        }
        Ok(())
    }
}
