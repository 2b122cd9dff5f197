//! The job that is open: what it is, and everything that happens to it, as it happens, whatever page is in sight.

use futures::future::{AbortHandle, Abortable};
use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use shared::api::fine_tuning::{EventKind, FineTuningCheckpoint, FineTuningEvent, FineTuningJob};
use shared::model_call::{ModelCallError, ModelCallErrorKind};
use wasm_bindgen_futures::spawn_local;

use super::history::JobHistory;
use crate::companion::fine_tuning as api;

/// How often a job is asked for while nothing tells of it by itself.
const ASK_EVERY_MS: u32 = 3_000;
/// The page draws what is new at most so often.
const DRAW_EVERY_MS: u32 = 250;

/// How news of a job come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewsFrom {
    /// It was not asked yet.
    Nobody,
    /// The companion tells them as they happen.
    Stream,
    /// The companion is asked every few seconds.
    Asking,
    /// The companion does not answer, for this reason; it is asked again.
    Lost(String),
    /// There is no such job, or it can't be told of.
    Refused(String),
}

/// The job that is open.
#[derive(Clone, Copy)]
pub struct FollowedJob {
    /// Its id.
    pub id: RwSignal<Option<String>>,
    /// The job, once it is known.
    pub job: RwSignal<Option<FineTuningJob>>,
    /// What its events tell.
    pub history: RwSignal<JobHistory>,
    /// What it left on the way, the newest first.
    pub checkpoints: RwSignal<Vec<FineTuningCheckpoint>>,
    /// How news of it come.
    pub news_from: RwSignal<NewsFrom>,
    following: StoredValue<Option<AbortHandle>>,
    is_drawing: StoredValue<bool>,
}

impl FollowedJob {
    /// No job is open.
    pub(super) fn new() -> Self {
        Self {
            id: RwSignal::new(None),
            job: RwSignal::new(None),
            history: RwSignal::new(JobHistory::default()),
            checkpoints: RwSignal::new(Vec::new()),
            news_from: RwSignal::new(NewsFrom::Nobody),
            following: StoredValue::new(None),
            is_drawing: StoredValue::new(false),
        }
    }

    /// Opens another job, or none.
    pub fn open(self, id: Option<String>) {
        if self.id.get_untracked() == id {
            return;
        }
        self.id.set(id);
        self.job.set(None);
        self.history.set(JobHistory::default());
        self.checkpoints.set(Vec::new());
        self.news_from.set(NewsFrom::Nobody);
        self.follow();
    }

    /// Follows the open job from where it is known, until it is over.
    pub fn follow(self) {
        if let Some(Some(following)) = self.following.try_update_value(Option::take) {
            following.abort();
        }
        let Some(id) = self.id.get_untracked() else { return };
        let (handle, registration) = AbortHandle::new_pair();
        self.following.set_value(Some(handle));
        spawn_local(async move {
            // Aborted means that another job is open.
            let _ = Abortable::new(self.follow_to_the_end(&id), registration).await;
        });
    }

    async fn follow_to_the_end(self, id: &str) {
        loop {
            match self.follow_once(id).await {
                Ok(Followed::ToTheEnd) => return,
                Ok(Followed::SoFar) => self.news_from.set(NewsFrom::Asking),
                Err(error) if error.kind != ModelCallErrorKind::Unavailable => {
                    self.news_from.set(NewsFrom::Refused(error.message));
                    return;
                }
                Err(error) => self.news_from.set(NewsFrom::Lost(error.message)),
            }
            TimeoutFuture::new(ASK_EVERY_MS).await;
        }
    }

    /// Takes what happened meanwhile, and then what happens, until the connection ends.
    async fn follow_once(self, id: &str) -> Result<Followed, ModelCallError> {
        let is_over = self.look(id).await?;
        // Opened before what happened is asked for, so that nothing falls between; what comes twice is known by its id.
        let live = if is_over { None } else { api::live_events(id).await.ok() };
        self.catch_up(id).await?;
        let Some(mut live) = live else {
            return Ok(if is_over { Followed::ToTheEnd } else { Followed::SoFar });
        };
        self.news_from.set(NewsFrom::Stream);
        while let Some(data) = live.next().await? {
            // The last line of a stream is no event.
            let Ok(event) = serde_json::from_str::<FineTuningEvent>(&data) else { continue };
            let is_news = event.kind == EventKind::Message && event.sample().is_none();
            self.take(event);
            if is_news && self.look(id).await? {
                self.catch_up(id).await?;
                return Ok(Followed::ToTheEnd);
            }
        }
        Ok(Followed::SoFar)
    }

    /// Asks how the job is; true if it is over.
    async fn look(self, id: &str) -> Result<bool, ModelCallError> {
        let job = api::job(id).await?;
        let is_over = job.status.is_final();
        self.job.set(Some(job));
        let checkpoints = api::checkpoints(id).await?;
        if self.checkpoints.with_untracked(|known| *known != checkpoints) {
            self.checkpoints.set(checkpoints);
        }
        Ok(is_over)
    }

    async fn catch_up(self, id: &str) -> Result<(), ModelCallError> {
        let known = self.history.with_untracked(|history| history.last_event().map(str::to_owned));
        for event in api::events_after(id, known.as_deref()).await? {
            self.take(event);
        }
        Ok(())
    }

    /// Takes an event now, and lets it be drawn soon.
    fn take(self, event: FineTuningEvent) {
        self.history.update_untracked(|history| history.take(event));
        if self.is_drawing.get_value() {
            return;
        }
        self.is_drawing.set_value(true);
        let draw = move || {
            self.is_drawing.set_value(false);
            self.history.notify();
        };
        Timeout::new(DRAW_EVERY_MS, draw).forget();
    }

    /// The steps that were made and those that are to be made, where both are known; tracked.
    pub fn steps(self) -> Option<(u64, u64)> {
        let job = self.job.get()?.quern;
        let (step, total) = self.history.with(|history| (history.step(), history.total_steps()));
        let total = total.or(job.steps).filter(|total| *total > 0)?;
        Some((step.unwrap_or_default().max(job.step).min(total), total))
    }

    /// How long the rest takes; tracked.
    pub fn seconds_left(self) -> Option<f64> {
        let (_, total) = self.steps()?;
        self.history.with(|history| history.seconds_left(total))
    }
}

/// How far a job was followed.
enum Followed {
    /// It is over, and all is known.
    ToTheEnd,
    /// More may happen.
    SoFar,
}
