//! Datasets: the one that is open, what it holds, and the work under way on it, whatever page is in sight.

use std::pin::pin;

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use shared::dataset::asking::{Score, Scores, ask};
use shared::dataset::classes::{ClassOf, Classes};
use shared::dataset::export::Export;
use shared::dataset::loss_mask::{MaskProblem, MaskTotals, MaskedRow};
use shared::dataset::overview::Overview;
use shared::dataset::preparation::Counts;
use shared::dataset::preview::FilePreview;
use shared::dataset::set_aside::SetAsideLine;
use shared::dataset::steps::Step;
use shared::dataset::survey::Survey;
use shared::dataset::table::{Query, RowDetail, RowLine};
use shared::model_pool::{ModelPlace, ModelPool, ModelReference};
use shared::workspace::DatasetRecord;
use wasm_bindgen_futures::spawn_local;

use super::looked_for::LookedFor;
use super::model_pool::PageModels;
use crate::browser::clock::now_ms;
use crate::components::Toaster;
use crate::engine_worker::client::{CallControl, WorkerClient};
use crate::engine_worker::dataset_protocol::{
    BroughtFile, DatasetCall, DatasetProgress, DatasetReply, DatasetRequest, Written,
};
use crate::engine_worker::protocol::{Event, Failure, FailureKind, Reply, Request};
use crate::workspace::{OpenDocument, Workspace};

/// Requests that are looked for at a time: those of a million rows would fill the memory.
const MOST_REQUESTS: usize = 200;

/// Requests that the companion, or an external address through it, answers at a time.
const COMPANION_AT_A_TIME: usize = 4;

const OPEN_KEY: &str = "dataset";

/// Work under way on a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// What is being done, in words.
    pub title: String,
    /// How far it is; `None` before the first report.
    pub progress: Option<DatasetProgress>,
    /// Whether it can wait: what a model is asked can only be stopped.
    pub can_be_held: bool,
    /// When its stage began; time in which it waited does not count.
    began_ms: f64,
    /// Since when it waits for the person.
    held_since_ms: Option<f64>,
}

impl Work {
    /// How much of it is done, from 0 to 1.
    pub fn fraction(&self) -> Option<f64> {
        let progress = self.progress.as_ref().filter(|progress| progress.total > 0)?;
        Some(progress.done as f64 / progress.total as f64)
    }

    /// Whether it waits for the person.
    pub fn is_held(&self) -> bool {
        self.held_since_ms.is_some()
    }

    /// How long the rest of its stage takes, at the pace so far.
    pub fn seconds_left(&self) -> Option<f64> {
        let fraction = self.fraction().filter(|fraction| *fraction > 0.02)?;
        let passed = (now_ms() - self.began_ms) / 1000.0;
        (passed > 0.5 && !self.is_held()).then(|| passed * (1.0 - fraction) / fraction)
    }
}

/// What a model learns of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowMask {
    /// The row's name.
    pub name: String,
    /// Its tokens.
    pub row: MaskedRow,
}

/// Datasets of this browser.
#[derive(Clone, Copy)]
pub struct DatasetStore {
    /// The dataset that is open.
    pub record: OpenDocument<DatasetRecord>,
    /// The view of it that is in sight.
    pub tab: RwSignal<String>,
    /// How it stands; `None` before that is known.
    pub overview: RwSignal<Option<Overview>>,
    /// The work under way.
    pub work: RwSignal<Option<Work>>,
    /// Why the last thing did not happen.
    pub problem: RwSignal<Option<String>>,
    /// What checks and measures found, until something changes.
    pub survey: RwSignal<Option<Survey>>,
    /// What is looked for when all rows are looked at.
    pub looked_for: RwSignal<LookedFor>,
    /// What rows' classes are, until something changes.
    pub classes: RwSignal<Option<(ClassOf, Classes)>>,
    /// The model that is asked of rows.
    pub asked_model: RwSignal<Option<ModelReference>>,
    /// The model that compares meanings.
    pub meaning_model: RwSignal<Option<ModelReference>>,
    /// How a model's scores are spread, until something changes.
    pub scores: RwSignal<Option<(Score, Scores)>>,
    /// Which rows the table shows.
    pub query: RwSignal<Query>,
    /// How many those are, until something changes.
    pub found: RwSignal<Option<usize>>,
    /// Why they are shown, where the query does not say it.
    pub found_because: RwSignal<Option<&'static str>>,
    /// The stored model whose tokens are shown.
    pub mask_model: RwSignal<Option<String>>,
    /// The most tokens of a row, for counting.
    pub mask_context: RwSignal<u64>,
    /// What that model learns of all rows, until something changes.
    pub mask_totals: RwSignal<Option<MaskTotals>>,
    /// Files that wait to be saved.
    pub exported: RwSignal<Written>,
    client: StoredValue<WorkerClient, LocalStorage>,
    /// Holds or ends the work under way, as far as the worker does it.
    control: StoredValue<Option<CallControl>, LocalStorage>,
    /// The file that was read last, until it was read to its end.
    half_read: StoredValue<Option<web_sys::File>, LocalStorage>,
    /// Ends asking a model.
    asking: StoredValue<Option<AbortHandle>, LocalStorage>,
    pool: PageModels,
    toaster: Toaster,
}

impl DatasetStore {
    /// The dataset that was open last.
    pub fn start(workspace: Workspace, pool: PageModels, toaster: Toaster) -> Self {
        let overview = RwSignal::new(None);
        let advice = "leave out the file that was read last";
        let client = WorkerClient::new("work on datasets", advice, move |message| {
            leptos::logging::error!("the dataset worker stopped: {message}");
            toaster.warn("The work on the dataset stopped unexpectedly. What was done until then is kept.");
        });
        let store = Self {
            record: OpenDocument::start(workspace, OPEN_KEY),
            tab: RwSignal::new("files".to_owned()),
            overview,
            work: RwSignal::new(None),
            problem: RwSignal::new(None),
            survey: RwSignal::new(None),
            looked_for: RwSignal::new(LookedFor::default()),
            classes: RwSignal::new(None),
            asked_model: RwSignal::new(None),
            meaning_model: RwSignal::new(None),
            scores: RwSignal::new(None),
            query: RwSignal::new(Query::default()),
            found: RwSignal::new(None),
            found_because: RwSignal::new(None),
            mask_model: RwSignal::new(None),
            mask_context: RwSignal::new(2048),
            mask_totals: RwSignal::new(None),
            exported: RwSignal::new(Written::default()),
            client: StoredValue::new_local(client),
            control: StoredValue::new_local(None),
            half_read: StoredValue::new_local(None),
            asking: StoredValue::new_local(None),
            pool,
            toaster,
        };
        Effect::new(move |before: Option<Option<String>>| {
            let id = store.record.id();
            if before.flatten() != id {
                store.forget_shown();
                store.overview.set(None);
                if id.is_some() {
                    spawn_local(store.look());
                }
            }
            id
        });
        store
    }

    fn forget_shown(self) {
        self.survey.set(None);
        self.classes.set(None);
        self.scores.set(None);
        self.found.set(None);
        self.exported.set(Written::default());
        self.problem.set(None);
    }

    /// Asks how the open dataset stands.
    async fn look(self) {
        match self.ask(DatasetRequest::Overview, |_| {}).await {
            Ok(DatasetReply::Overview(overview)) => self.show(overview),
            Ok(_) => {}
            Err(failure) => self.problem.set(Some(failure.message)),
        }
    }

    fn show(self, overview: Overview) {
        self.overview.set(Some(overview));
        self.survey.set(None);
        self.classes.set(None);
        self.scores.set(None);
        self.found.set(None);
        self.mask_totals.set(None);
    }

    async fn ask(
        self,
        request: DatasetRequest,
        on_progress: impl FnMut(DatasetProgress),
    ) -> Result<DatasetReply, Failure> {
        self.ask_with_control(request, |_| {}, on_progress).await
    }

    async fn ask_with_control(
        self,
        request: DatasetRequest,
        on_call: impl FnOnce(CallControl),
        mut on_progress: impl FnMut(DatasetProgress),
    ) -> Result<DatasetReply, Failure> {
        let Some(id) = untrack(|| self.record.id()) else {
            return Err(Failure { kind: FailureKind::Cancelled, message: "no dataset is open".to_owned() });
        };
        let call = self.client.get_value().call(Request::Dataset(DatasetCall { id: id.clone(), request }));
        on_call(call.control());
        let on_event = |event| {
            if let Event::Dataset(progress) = event {
                on_progress(progress);
            }
        };
        match call.finish(on_event).await? {
            // What comes for a dataset that is not open any more is not shown.
            Reply::Dataset(reply) if untrack(|| self.record.id()) == Some(id) => Ok(reply),
            _ => Err(Failure { kind: FailureKind::Cancelled, message: "another dataset is open".to_owned() }),
        }
    }

    /// Does something that takes a while, with its progress in sight; `None` where it did not happen.
    pub async fn do_work(self, title: impl Into<String>, request: DatasetRequest) -> Option<DatasetReply> {
        if self.is_busy() {
            return None;
        }
        self.begin_work(title.into(), true);
        let keep = |control| self.control.set_value(Some(control));
        let result = self.ask_with_control(request, keep, |progress| self.note_progress(progress)).await;
        self.work.set(None);
        self.control.set_value(None);
        match result {
            Ok(reply) => Some(reply),
            Err(failure) if failure.kind == FailureKind::Cancelled => {
                // A part of it may have been done: of a file that was being read, so many rows.
                self.look().await;
                None
            }
            Err(failure) => {
                self.look().await;
                self.problem.set(Some(failure.message));
                None
            }
        }
    }

    /// Whether its rows are shared out.
    pub fn has_parts(self) -> bool {
        self.overview.with(|overview| overview.as_ref().is_some_and(|overview| !overview.parts.is_empty()))
    }

    /// Whether something else is being done, which is then said.
    pub fn is_busy(self) -> bool {
        let is_busy = self.work.with_untracked(Option::is_some);
        if is_busy {
            self.toaster.warn("One thing at a time: wait until the work under way is done, or stop it.");
        }
        is_busy
    }

    fn begin_work(self, title: String, can_be_held: bool) {
        self.problem.set(None);
        self.work.set(Some(Work { title, progress: None, can_be_held, began_ms: now_ms(), held_since_ms: None }));
    }

    /// Lets the work under way wait, or go on.
    pub fn hold(self, is_held: bool) {
        let Some(control) = self.control.get_value() else { return };
        control.hold(is_held);
        self.work.update(|work| {
            let Some(work) = work else { return };
            work.began_ms += work.held_since_ms.take().map_or(0.0, |since| now_ms() - since);
            work.held_since_ms = is_held.then(now_ms);
        });
    }

    fn note_progress(self, progress: DatasetProgress) {
        self.work.update(|work| {
            let Some(work) = work else { return };
            if work.progress.as_ref().is_none_or(|before| before.stage != progress.stage) {
                work.began_ms = now_ms();
            }
            work.progress = Some(progress);
        });
    }

    /// Stops the work under way.
    pub fn stop(self) {
        if let Some(asking) = self.asking.get_value() {
            asking.abort();
        }
        if let Some(control) = self.control.get_value() {
            control.cancel();
        }
    }

    /// What a file seems to be.
    ///
    /// # Errors
    /// It can't be read, in words.
    pub async fn preview(self, brought: BroughtFile) -> Result<FilePreview, String> {
        match self.ask(DatasetRequest::Preview(brought), |_| {}).await {
            Ok(DatasetReply::Preview(preview)) => Ok(preview),
            Ok(_) => Err("the file could not be looked at".to_owned()),
            Err(failure) => Err(failure.message),
        }
    }

    /// Reads a file; says whether it was read to its end.
    pub async fn read(self, brought: BroughtFile) -> bool {
        let title = format!("Reading {}", brought.file.name());
        self.half_read.set_value(Some(brought.file.clone()));
        match self.do_work(title, DatasetRequest::Read(brought)).await {
            Some(DatasetReply::Overview(overview)) => {
                self.half_read.set_value(None);
                self.show(overview);
                true
            }
            _ => false,
        }
    }

    /// The file of that name that was not read to its end; `None` once the page was loaded anew.
    pub fn half_read(self, name: &str) -> Option<web_sys::File> {
        self.half_read.get_value().filter(|file| file.name() == name)
    }

    /// Forgets all files and steps of the open dataset, to begin anew.
    pub fn clear(self) {
        spawn_local(async move {
            let request = DatasetRequest::Clear;
            if let Some(DatasetReply::Overview(overview)) = self.do_work("Beginning anew", request).await {
                self.half_read.set_value(None);
                self.exported.set(Written::default());
                self.show(overview);
            }
        });
    }

    /// Does a step.
    pub fn run(self, step: Step) {
        let title = step.title();
        spawn_local(self.do_step(title, DatasetRequest::Run(step)));
    }

    /// What a step would do; `None` where it could not be counted.
    pub async fn count_of(self, step: Step) -> Option<Counts> {
        let title = format!("Counting: {}", step.title());
        match self.do_work(title, DatasetRequest::CountOf(step)).await {
            Some(DatasetReply::Counted(counts)) => Some(counts),
            _ => None,
        }
    }

    /// Drops the rows that have a problem by the last count of what is learned.
    pub fn drop_unlearnable(self, problem: MaskProblem) {
        spawn_local(self.do_step("Dropping rows".to_owned(), DatasetRequest::DropUnlearnable(problem)));
    }

    async fn do_step(self, title: String, request: DatasetRequest) {
        if let Some(DatasetReply::Done(done, overview)) = self.do_work(title, request).await {
            self.toaster.say(done.counts.to_string());
            self.exported.set(Written::default());
            self.show(overview);
        }
    }

    /// Counts the rows' classes.
    pub fn count_classes(self, by: ClassOf) {
        spawn_local(async move {
            let request = DatasetRequest::Classes(by.clone());
            if let Some(DatasetReply::Classes(classes)) = self.do_work("Counting classes", request).await {
                self.classes.set(Some((by, classes)));
            }
        });
    }

    /// Asks a model all that a step wants to know, and does the step. What was answered before it was stopped is kept.
    pub fn ask_and_run(self, step: Step) {
        spawn_local(async move {
            if self.ask_model(&step).await {
                self.do_step(step.title(), DatasetRequest::Run(step)).await;
            }
        });
    }

    /// Asks a model how good every row is.
    pub fn score_all(self, score: Score) {
        spawn_local(async move {
            self.ask_model(&Step::Score(score.clone())).await;
            // What was answered is shown, also where it was stopped.
            let request = DatasetRequest::Scores(score.clone());
            if let Some(DatasetReply::Scores(scores)) = self.do_work("Counting scores", request).await {
                self.scores.set(Some((score, scores)));
            }
        });
    }

    /// Asks a model all that a step wants to know and that was not answered yet; says whether all is answered then.
    async fn ask_model(self, step: &Step) -> bool {
        let Some(reference) = step.asked_model().cloned() else { return true };
        if self.is_busy() {
            return false;
        }
        self.begin_work(step.title(), false);
        let (handle, registration) = AbortHandle::new_pair();
        self.asking.set_value(Some(handle));
        let asked = Abortable::new(self.ask_all(step, reference), registration).await;
        self.asking.set_value(None);
        self.work.set(None);
        match asked {
            Ok(Ok(())) => true,
            Ok(Err(failure)) if failure.kind != FailureKind::Cancelled => {
                self.problem.set(Some(failure.message));
                false
            }
            _ => false,
        }
    }

    async fn ask_all(self, step: &Step, reference: ModelReference) -> Result<(), Failure> {
        let at_a_time = match reference.place {
            ModelPlace::Browser => 1,
            ModelPlace::Companion => COMPANION_AT_A_TIME,
        };
        let failed = |message: String| Failure { kind: FailureKind::Storage, message };
        let mut asked = 0_u64;
        loop {
            let request = DatasetRequest::OpenRequests { step: step.clone(), most: MOST_REQUESTS };
            let open = match self.ask(request, |progress| self.note_progress(progress)).await? {
                DatasetReply::OpenRequests(open) => open,
                _ => return Err(failed("the rows could not be looked at".to_owned())),
            };
            if open.requests.is_empty() {
                return Ok(());
            }
            let (before, total) = (asked, asked + open.open);
            let progress = |done| DatasetProgress { stage: format!("asking {}", reference.name), done, total };
            self.note_progress(progress(asked));
            let model = self.pool.model(&reference).map_err(|error| failed(error.message))?;
            let mut given = pin!(ask(open.requests, model, reference.name.clone(), at_a_time));
            while let Some(answers) = given.next().await {
                let answers = answers.map_err(|error| failed(error.message))?;
                if let DatasetReply::Recorded(new) = self.ask(DatasetRequest::RecordAnswers(answers), |_| {}).await? {
                    asked += u64::from(new);
                }
                self.note_progress(progress(asked));
            }
            if asked == before {
                return Err(failed(format!("{} answers nothing that was asked", reference.name)));
            }
        }
    }

    /// Takes back all steps but so many.
    pub fn rewind(self, steps: usize) {
        spawn_local(async move {
            let request = DatasetRequest::Rewind(steps);
            if let Some(DatasetReply::Overview(overview)) = self.do_work("Taking back", request).await {
                self.exported.set(Written::default());
                self.show(overview);
            }
        });
    }

    /// Looks at all rows.
    pub fn look_at_all(self) {
        let checks = self.looked_for.with_untracked(LookedFor::checks);
        spawn_local(async move {
            let request = DatasetRequest::Survey(checks);
            if let Some(DatasetReply::Survey(survey)) = self.do_work("Looking at all rows", request).await {
                self.survey.set(Some(survey));
            }
        });
    }

    /// Finds the rows that the query asks for.
    pub fn find(self) {
        spawn_local(async move {
            let request = DatasetRequest::Find(self.query.get_untracked());
            if let Some(DatasetReply::Found(count)) = self.do_work("Finding rows", request).await {
                self.found_because.set(None);
                self.found.set(Some(count));
            }
        });
    }

    /// Shows the rows that the query asks for.
    pub fn show_rows(self, query: Query) {
        self.query.set(query);
        self.found.set(None);
        self.tab.set("rows".to_owned());
    }

    /// Shows the rows that have a problem by the last count of what is learned.
    pub fn show_unlearnable(self, problem: MaskProblem, because: &'static str) {
        spawn_local(async move {
            match self.ask(DatasetRequest::FindUnlearnable(problem), |_| {}).await {
                Ok(DatasetReply::Found(count)) => {
                    self.query.set(Query::default());
                    self.found_because.set(Some(because));
                    self.found.set(Some(count));
                    self.tab.set("rows".to_owned());
                }
                Ok(_) => {}
                Err(failure) => self.problem.set(Some(failure.message)),
            }
        });
    }

    /// The first rows that were set aside when files were read.
    ///
    /// # Errors
    /// They can't be read, in words.
    pub async fn set_aside(self, most: usize) -> Result<Vec<SetAsideLine>, String> {
        match self.ask(DatasetRequest::SetAside(most), |_| {}).await {
            Ok(DatasetReply::SetAside(lines)) => Ok(lines),
            Ok(_) => Err("what was set aside could not be read".to_owned()),
            Err(failure) => Err(failure.message),
        }
    }

    /// Some of the rows that were found.
    pub async fn lines(self, first: usize, count: usize) -> Vec<RowLine> {
        match self.ask(DatasetRequest::Lines { first, count }, |_| {}).await {
            Ok(DatasetReply::Lines(lines)) => lines,
            _ => Vec::new(),
        }
    }

    /// All of a row.
    ///
    /// # Errors
    /// It can't be read, in words.
    pub async fn detail(self, row: u32) -> Result<RowDetail, String> {
        match self.ask(DatasetRequest::Detail(row), |_| {}).await {
            Ok(DatasetReply::Detail(detail)) => Ok(*detail),
            Ok(_) => Err("the row could not be read".to_owned()),
            Err(failure) => Err(failure.message),
        }
    }

    /// Shows tokens of another stored model.
    pub fn choose_mask_model(self, name: String) {
        self.mask_model.set(Some(name));
        self.mask_totals.set(None);
    }

    /// What a model learns of the row at a place among those that are kept.
    ///
    /// # Errors
    /// Why that can't be said, in words.
    pub async fn mask(self, place: u64, model: String) -> Result<RowMask, String> {
        match self.ask(DatasetRequest::Mask { place, model }, |_| {}).await {
            Ok(DatasetReply::Mask(name, row)) => Ok(RowMask { name, row: *row }),
            Ok(_) => Err("the row could not be read".to_owned()),
            Err(failure) => Err(failure.message),
        }
    }

    /// Counts what the chosen model learns of all rows.
    pub fn count_learned(self) {
        let Some(model) = self.mask_model.get_untracked() else { return };
        let context_length = usize::try_from(self.mask_context.get_untracked()).unwrap_or(usize::MAX);
        spawn_local(async move {
            let request = DatasetRequest::CountLearned { model, context_length };
            if let Some(DatasetReply::MaskTotals(totals)) = self.do_work("Counting tokens", request).await {
                self.mask_totals.set(Some(totals));
            }
        });
    }

    /// Writes files, which then wait to be saved.
    pub fn export(self, exports: Vec<Export>) {
        spawn_local(async move {
            self.export_now(exports).await;
        });
    }

    /// Writes files, which then wait to be saved; `None` where that did not happen.
    pub async fn export_now(self, exports: Vec<Export>) -> Option<Written> {
        match self.do_work("Writing files", DatasetRequest::Export(exports)).await {
            Some(DatasetReply::Exported(written)) => {
                self.exported.set(written.clone());
                Some(written)
            }
            _ => None,
        }
    }

    /// Forgets the open dataset, rows and all.
    pub fn delete_open(self) {
        spawn_local(async move {
            if let Some(DatasetReply::Removed) = self.do_work("Deleting", DatasetRequest::Remove).await {
                self.record.delete(move |error| self.toaster.warn(error.to_string()));
            }
        });
    }
}
