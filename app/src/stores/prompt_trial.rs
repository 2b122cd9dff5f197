//! Trying a prompt: models answer it side by side, once or several times with a vote, whatever page is in sight.

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable, join};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::model_call::{ChatMessage, GenerationLimits, GenerationRequest, OutputConstraint, Prompt};
use shared::model_pool::{ModelPlace, ModelPool, ModelReference};
use shared::prompt::Written;
use shared::prompt::self_consistency::{AnswerPart, SampleEvent, Vote, sample};
use shared::sampling::SamplingParameters;
use wasm_bindgen_futures::spawn_local;

use super::model_pool::PageModels;
use crate::browser::clock::now_ms;
use crate::browser::local_storage;

/// The page draws new text at most so often.
const DRAW_EVERY_MS: f64 = 60.0;

/// How a prompt is tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrialSettings {
    /// Answers of each model.
    pub samples: u64,
    /// How varied they are.
    pub temperature: f32,
    /// Most tokens of an answer.
    pub max_tokens: u32,
    /// Same seed, same answers.
    pub seed: u64,
    /// What of an answer votes.
    pub part: AnswerPart,
    /// The answer is held to the prompt's form, where it has one.
    pub is_constrained: bool,
}

impl Default for TrialSettings {
    fn default() -> Self {
        Self { samples: 1, temperature: 0.0, max_tokens: 256, seed: 0, part: AnswerPart::Whole, is_constrained: true }
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialAnswer {
    /// Its turn has not come.
    Waiting,
    /// It is being written.
    Writing(String),
    /// It is there.
    Done(Written),
    /// It is not, or only in part.
    Failed {
        /// What there is.
        text: String,
        /// Why, in a sentence for the person.
        reason: String,
    },
}

impl TrialAnswer {
    /// What there is of it.
    pub fn text(&self) -> &str {
        match self {
            Self::Waiting => "",
            Self::Writing(text) | Self::Failed { text, .. } => text,
            Self::Done(written) => &written.text,
        }
    }

    /// How it stands, in a word.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Writing(_) => "under-way",
            Self::Done(_) => "finished",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What one model answers.
#[derive(Clone, Debug)]
pub struct ModelTrial {
    /// The model.
    pub model: ModelReference,
    /// Its answers.
    pub answers: Vec<RwSignal<TrialAnswer>>,
    /// How they voted so far.
    pub vote: RwSignal<Option<Vote>>,
}

/// What the last trial was asked, and what came.
#[derive(Clone, Copy)]
pub struct PromptTrial {
    /// How it is tried; kept in this browser.
    pub settings: RwSignal<TrialSettings>,
    /// One for each model.
    pub models: RwSignal<Vec<ModelTrial>>,
    /// What the answers are held to.
    pub constraint: RwSignal<Option<OutputConstraint>>,
    /// The prompt that the answers are to: its document's id.
    pub prompt_id: RwSignal<Option<String>>,
    /// Answers are being written.
    pub is_running: RwSignal<bool>,
    /// Why it did not begin.
    pub problem: RwSignal<Option<String>>,
    pool: PageModels,
    stopper: StoredValue<Option<AbortHandle>>,
    owner: StoredValue<Owner>,
}

impl PromptTrial {
    /// Nothing was tried yet; how it is tried is kept in this browser under `key`.
    pub fn new(pool: PageModels, key: &'static str) -> Self {
        let settings = RwSignal::new(local_storage::load::<TrialSettings>(key).unwrap_or_default());
        Effect::new(move |_| {
            // Without storage the choice lasts as long as the page.
            let _ = settings.with(|settings| local_storage::save(key, settings));
        });
        Self {
            settings,
            models: RwSignal::new(Vec::new()),
            constraint: RwSignal::new(None),
            prompt_id: RwSignal::new(None),
            is_running: RwSignal::new(false),
            problem: RwSignal::new(None),
            pool,
            stopper: StoredValue::new(None),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
        }
    }

    /// Asks `models` for answers to `messages`; those of a trial before are dropped.
    pub fn run(
        self,
        prompt_id: String,
        messages: Vec<ChatMessage>,
        constraint: Option<OutputConstraint>,
        models: Vec<ModelReference>,
    ) {
        self.stop();
        let settings = self.settings.get_untracked();
        let sampling = SamplingParameters {
            temperature: settings.temperature,
            seed: settings.seed,
            ..SamplingParameters::default()
        };
        let sampling = if sampling.is_greedy() { SamplingParameters::GREEDY } else { sampling };
        let limits = GenerationLimits { max_tokens: Some(settings.max_tokens), ..GenerationLimits::default() };
        let mut request = GenerationRequest::new(Prompt::Chat(messages), sampling, limits);
        request.constraint = constraint.clone().filter(|_| settings.is_constrained);
        let trial = |model: ModelReference| {
            let answers = (0..settings.samples).map(|_| RwSignal::new(TrialAnswer::Waiting)).collect();
            ModelTrial { model, answers, vote: RwSignal::new(None) }
        };
        let trials: Vec<ModelTrial> =
            self.owner.with_value(|owner| owner.with(|| models.into_iter().map(trial).collect()));
        self.problem.set(None);
        self.prompt_id.set(Some(prompt_id));
        self.constraint.set(constraint);
        self.models.set(trials.clone());
        self.is_running.set(true);
        let (stopper, registration) = AbortHandle::new_pair();
        self.stopper.set_value(Some(stopper));
        spawn_local(async move {
            let (here, there): (Vec<_>, Vec<_>) =
                trials.iter().cloned().partition(|trial| trial.model.place == ModelPlace::Browser);
            // One model at a time fits into the browser; the companion has its own queue.
            let both =
                join(self.ask_all(here, &request, &settings.part), self.ask_all(there, &request, &settings.part));
            if Abortable::new(both, registration).await.is_err() {
                for answer in trials.iter().flat_map(|trial| &trial.answers) {
                    answer.update(end_early);
                }
                return;
            }
            self.stopper.set_value(None);
            self.is_running.set(false);
        });
    }

    async fn ask_all(self, trials: Vec<ModelTrial>, request: &GenerationRequest, part: &AnswerPart) {
        for trial in trials {
            if let Err(reason) = self.ask(&trial, request, part).await {
                for answer in &trial.answers {
                    answer.set(TrialAnswer::Failed { text: String::new(), reason: reason.clone() });
                }
            }
        }
    }

    async fn ask(self, trial: &ModelTrial, request: &GenerationRequest, part: &AnswerPart) -> Result<(), String> {
        let model = self.pool.model(&trial.model).map_err(|error| error.to_string())?;
        let events = sample(&*model, request, trial.answers.len(), part, 1).map_err(|error| error.to_string())?;
        futures::pin_mut!(events);
        let mut waiting = String::new();
        let mut drawn_ms = 0.0;
        while let Some(event) = events.next().await {
            match event {
                SampleEvent::Text { sample, text } => {
                    waiting.push_str(&text);
                    if now_ms() - drawn_ms > DRAW_EVERY_MS {
                        drawn_ms = now_ms();
                        let new = std::mem::take(&mut waiting);
                        trial.answers[sample].update(|answer| {
                            *answer = TrialAnswer::Writing(answer.text().to_owned() + &new);
                        });
                    }
                }
                SampleEvent::Finished { sample, written } => {
                    let rest = std::mem::take(&mut waiting);
                    trial.answers[sample].update(|answer| {
                        *answer = match written {
                            Ok(written) => TrialAnswer::Done(written),
                            Err(error) => TrialAnswer::Failed {
                                text: answer.text().to_owned() + &rest,
                                reason: error.to_string(),
                            },
                        };
                    });
                }
                SampleEvent::Vote(vote) => trial.vote.set(Some(vote)),
            }
        }
        Ok(())
    }

    /// Stops the answers under way; what is there stays.
    pub fn stop(self) {
        if let Some(Some(stopper)) = self.stopper.try_update_value(Option::take) {
            stopper.abort();
        }
        self.is_running.set(false);
    }
}

/// What a stop makes of an answer.
fn end_early(answer: &mut TrialAnswer) {
    if matches!(answer, TrialAnswer::Waiting | TrialAnswer::Writing(_)) {
        *answer = TrialAnswer::Failed { text: answer.text().to_owned(), reason: "Stopped.".to_owned() };
    }
}
