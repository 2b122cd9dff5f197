//! Fine-tuning: what is chosen, what is sent, and the companion's jobs.

mod choices;
mod followed_job;
mod history;
mod sending;

pub use choices::{RowSource, TrainingChoices};
pub use followed_job::{FollowedJob, NewsFrom};
pub use history::{Happening, JobHistory, Measure};
pub use sending::Sending;

use leptos::prelude::*;
use shared::api::files::FileObject;
use shared::api::fine_tuning::{FineTuningJob, FineTuningRequest};
use shared::model_pool::ModelReference;
use wasm_bindgen_futures::spawn_local;

use super::companion::CompanionStore;
use super::datasets::DatasetStore;
use super::model_pool::PageModels;
use super::prompt_trial::PromptTrial;
use crate::browser::local_storage;
use crate::companion::fine_tuning::{self as api, JobRequest};
use crate::components::Toaster;

const KEY: &str = "fine-tuning";

/// Fine-tuned models are named so.
const PREFIX: &str = "ft:";

/// Fine-tuning.
#[derive(Clone, Copy)]
pub struct FineTuningStore {
    /// What is chosen for the next job; kept in this browser.
    pub choices: RwSignal<TrainingChoices>,
    /// Files to learn from that the companion has, the newest first.
    pub files: RwSignal<Vec<FileObject>>,
    /// What is being sent to the companion.
    pub sending: RwSignal<Option<Sending>>,
    /// A job is about to begin.
    pub is_starting: RwSignal<bool>,
    /// Why it did not begin, or a file was not sent.
    pub problem: RwSignal<Option<String>>,
    /// The companion's jobs, the newest first; `None` before they are known.
    pub jobs: RwSignal<Option<Vec<FineTuningJob>>>,
    /// Why they are not known.
    pub jobs_problem: RwSignal<Option<String>>,
    /// The job that is open.
    pub open: FollowedJob,
    /// A question to the base and to the fine-tuned model.
    pub comparison: PromptTrial,
    companion: CompanionStore,
    datasets: DatasetStore,
    toaster: Toaster,
}

impl FineTuningStore {
    /// With what was chosen last.
    pub fn start(companion: CompanionStore, datasets: DatasetStore, pool: PageModels, toaster: Toaster) -> Self {
        let choices = RwSignal::new(local_storage::load::<TrainingChoices>(KEY).unwrap_or_default());
        Effect::new(move |_| {
            // Without storage the choice lasts as long as the page.
            let _ = choices.with(|choices| local_storage::save(KEY, choices));
        });
        let open = FollowedJob::new();
        let jobs = RwSignal::new(None);
        let store = Self {
            choices,
            files: RwSignal::new(Vec::new()),
            sending: RwSignal::new(None),
            is_starting: RwSignal::new(false),
            problem: RwSignal::new(None),
            jobs,
            jobs_problem: RwSignal::new(None),
            open,
            comparison: PromptTrial::new(pool, "fine-tuning-comparison"),
            companion,
            datasets,
            toaster,
        };
        Effect::new(move |_| {
            let Some(job) = open.job.get() else { return };
            store.note_job(job);
        });
        store
    }

    /// The companion's own models that can learn; tracked.
    pub fn bases(self) -> Vec<ModelReference> {
        self.companion.own_models().into_iter().filter(|model| !model.name.starts_with(PREFIX)).collect()
    }

    /// Asks which jobs and files there are.
    pub fn look(self) {
        spawn_local(async move {
            match api::jobs().await {
                Ok(jobs) => {
                    self.jobs_problem.set(None);
                    // Lists that are redrawn for no reason lose the place of whoever reads them.
                    if self.jobs.with_untracked(|known| known.as_ref() != Some(&jobs)) {
                        self.jobs.set(Some(jobs));
                    }
                }
                Err(error) => self.jobs_problem.set(Some(error.message)),
            }
            if let Ok(files) = api::files().await
                && self.files.with_untracked(|known| *known != files)
            {
                self.files.set(files);
            }
        });
    }

    /// A job as it is now goes to its place in the list. A model that has come of it can be asked at once.
    fn note_job(self, job: FineTuningJob) {
        let is_new = job.fine_tuned_model.as_ref().is_some_and(|model| {
            let is_known = |jobs: &Option<Vec<FineTuningJob>>| {
                jobs.iter().flatten().any(|known| known.fine_tuned_model.as_ref() == Some(model))
            };
            !self.jobs.with_untracked(is_known)
        });
        self.jobs.update(|jobs| {
            let Some(jobs) = jobs else { return };
            match jobs.iter_mut().find(|known| known.id == job.id) {
                Some(known) => *known = job,
                None => jobs.insert(0, job),
            }
        });
        if is_new {
            self.companion.look();
        }
    }

    /// Begins a job with what is chosen; its id.
    pub async fn begin(self) -> Option<String> {
        if self.is_starting.get_untracked() {
            return None;
        }
        self.problem.set(None);
        self.is_starting.set(true);
        let begun = self.try_begin().await;
        self.is_starting.set(false);
        self.sending.set(None);
        match begun {
            Ok(job) => {
                let id = job.id.clone();
                self.note_job(job);
                Some(id)
            }
            Err(problem) => {
                self.problem.set(Some(problem));
                None
            }
        }
    }

    async fn try_begin(self) -> Result<FineTuningJob, String> {
        let request = self.prepare().await?;
        api::create(&request).await.map_err(|error| error.message)
    }

    /// The request, once the files that it names are at the companion.
    async fn prepare(self) -> Result<FineTuningRequest, String> {
        let choices = self.choices.get_untracked();
        // What is out of range is said before anything is sent.
        choices.request("file".to_owned(), None)?;
        let (training_file, validation_file) = match choices.source {
            RowSource::Files => (
                choices.training_file.clone().ok_or("Choose the file to learn from.")?,
                choices.validation_file.clone(),
            ),
            RowSource::Dataset => self.send_dataset(choices.format()).await?,
        };
        choices.request(training_file, validation_file)
    }

    /// Asks something of the open job.
    pub fn ask(self, request: JobRequest) {
        let Some(id) = self.open.id.get_untracked() else { return };
        spawn_local(async move {
            match api::ask(&id, request).await {
                Ok(job) => {
                    // Another job may be open by now.
                    if self.open.id.get_untracked().as_ref() == Some(&job.id) {
                        self.open.job.set(Some(job));
                        self.open.follow();
                    }
                }
                Err(error) => self.toaster.warn(error.message),
            }
        });
    }

    /// Deletes the model that came of a job.
    pub fn delete_model(self, name: String) {
        spawn_local(async move {
            match api::delete_model(&name).await {
                Ok(()) => {
                    self.toaster.say(format!("{name} is deleted."));
                    self.companion.look();
                    self.open.follow();
                }
                Err(error) => self.toaster.warn(error.message),
            }
        });
    }
}
