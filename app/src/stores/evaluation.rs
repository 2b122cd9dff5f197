//! Evaluations: the one that is open, and the run that is under way, whatever page is in sight.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use shared::evaluation::report::summarize;
use shared::evaluation::{Cell, CellIndex, EvaluationSuite, ModelSource, Run, RunEvent, RunOptions, run};
use shared::model_call::GenerationUsage;
use shared::model_pool::ModelReference;
use shared::optimization::CallCosts;
use shared::prompt::VersionScore;
use shared::workspace::{DocumentKind, PromptRecord, RunRecord};
use wasm_bindgen_futures::spawn_local;

use super::model_pool::PageModels;
use super::prices::PriceStore;
use crate::browser::clock::{BrowserClock, now_iso, now_ms};
use crate::components::Toaster;
use crate::workspace::{Lock, OpenDocument, Workspace, WorkspaceError, new_id};

const OPEN_KEY: &str = "evaluation";
/// The page draws what is new of a run at most so often,
const DRAW_EVERY_MS: f64 = 100.0;
/// and so many times longer waits than it draws: a large run takes longer to draw.
const WAIT_PER_DRAWING: f64 = 20.0;

/// The run under way.
#[derive(Clone, Copy)]
pub struct RunUnderWay {
    /// Its document's id.
    pub id: StoredValue<String>,
    /// The evaluation that it is of.
    pub suite_id: StoredValue<String>,
    /// What there is so far: finished cells, and names of what is in it.
    pub run: RwSignal<Run>,
    /// Texts of cells that are being written.
    pub texts: RwSignal<BTreeMap<CellIndex, String>>,
    /// All cells.
    pub total_cells: RwSignal<usize>,
    /// When it began or went on, and how many cells were done then.
    began: StoredValue<(f64, usize)>,
}

impl RunUnderWay {
    /// How many cells are done.
    pub fn done_cells(self) -> usize {
        self.run.with(|run| run.cells.len())
    }

    /// How long the rest takes, at the pace so far.
    pub fn seconds_left(self) -> Option<f64> {
        let (began_ms, done_before) = self.began.get_value();
        let done = self.done_cells();
        let new = done.checked_sub(done_before).filter(|new| *new > 0)?;
        let per_cell_ms = (now_ms() - began_ms) / new as f64;
        Some(self.total_cells.get().saturating_sub(done) as f64 * per_cell_ms / 1000.0)
    }
}

/// Evaluations of this browser.
#[derive(Clone, Copy)]
pub struct EvaluationStore {
    /// The evaluation that is open.
    pub suite: OpenDocument<EvaluationSuite>,
    /// The view of it that is in sight.
    pub tab: RwSignal<String>,
    /// The run under way.
    pub under_way: RwSignal<Option<RunUnderWay>>,
    /// The run that is shown: its document's id.
    pub shown_run: RwSignal<Option<String>>,
    workspace: Workspace,
    pool: PageModels,
    prices: PriceStore,
    toaster: Toaster,
    stopper: StoredValue<Option<AbortHandle>>,
    owner: StoredValue<Owner>,
}

impl EvaluationStore {
    /// The evaluation that was open last.
    pub fn start(workspace: Workspace, pool: PageModels, prices: PriceStore, toaster: Toaster) -> Self {
        let suite = OpenDocument::start(workspace, OPEN_KEY);
        let shown_run = RwSignal::new(None);
        // A run that was chosen belongs to the evaluation that was open then.
        let open_id = Memo::new(move |_| suite.id());
        Effect::new(move |before: Option<Option<String>>| {
            let now = open_id.get();
            if before.is_some_and(|before| before != now) {
                shown_run.set(None);
            }
            now
        });
        Self {
            suite,
            tab: RwSignal::new("setup".to_owned()),
            under_way: RwSignal::new(None),
            shown_run,
            workspace,
            pool,
            prices,
            toaster,
            stopper: StoredValue::new(None),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
        }
    }

    /// Forgets the open evaluation with its runs and searches.
    pub fn delete_open(self) {
        let Some(id) = untrack(|| self.suite.id()) else { return };
        self.suite.close();
        spawn_local(async move {
            let forgotten = async {
                for kind in [DocumentKind::Run, DocumentKind::Optimization] {
                    let heads = self.workspace.heads(kind).await?;
                    for head in heads.iter().filter(|head| head.belongs_to.as_deref() == Some(&*id)) {
                        self.workspace.remove(kind, &head.id).await?;
                    }
                }
                self.workspace.remove(DocumentKind::Suite, &id).await
            };
            if let Err(error) = forgotten.await {
                self.toaster.warn(format!("The evaluation was not deleted: {error}"));
            }
        });
    }

    /// Runs an evaluation.
    pub fn run(self, suite_id: String, suite: EvaluationSuite) {
        self.go_on(new_id(), Some(RunRecord::begin(suite_id, suite, now_iso())));
    }

    /// Goes on with a run that was stopped, from the cells that it has.
    pub fn resume(self, run_id: String) {
        self.go_on(run_id, None);
    }

    fn go_on(self, id: String, new: Option<RunRecord>) {
        if self.under_way.with_untracked(Option::is_some) {
            self.toaster.say("A run is under way; wait for it or stop it first.");
            return;
        }
        let (stopper, registration) = AbortHandle::new_pair();
        self.stopper.set_value(Some(stopper));
        spawn_local(async move {
            let work = Abortable::new(self.work(id.clone(), new), registration).await;
            match work {
                Ok(Ok(())) => {}
                Ok(Err(message)) => self.toaster.warn(message),
                Err(_stopped) => {
                    if let Err(error) = self.keep_stopped(&id).await {
                        self.toaster.warn(format!("The run was stopped, and is kept in part only: {error}"));
                    }
                }
            }
            self.stopper.set_value(None);
            self.under_way.set(None);
        });
    }

    async fn work(self, id: String, new: Option<RunRecord>) -> Result<(), String> {
        let Some(_lock) = Lock::try_hold(&format!("quern.run.{id}")).await else {
            return Err("Another tab is at this run; look there.".to_owned());
        };
        let words = |error: WorkspaceError| error.to_string();
        let (mut record, base) = match new {
            Some(record) => (record, None),
            None => {
                let opened = self.workspace.open::<RunRecord>(&id).await.map_err(words)?;
                let opened = opened.ok_or_else(|| WorkspaceError::Gone.to_string())?;
                (opened.value, Some(opened.revision))
            }
        };
        let (log, lines) = self.workspace.log(&id).await.map_err(words)?;
        record.take_log(&lines);
        record.is_finished = false;
        let done = record.run.cells_to_resume(&record.suite).map_err(|error| error.to_string())?;
        record.run.cells.clone_from(&done);
        let revision = self.workspace.save(&id, &record, base).await.map_err(|error| error.to_string())?;
        self.shown_run.set(Some(id.clone()));
        let state = self.owner.with_value(|owner| {
            owner.with(|| RunUnderWay {
                id: StoredValue::new(id.clone()),
                suite_id: StoredValue::new(record.suite_id.clone()),
                run: RwSignal::new(record.run.clone()),
                texts: RwSignal::new(BTreeMap::new()),
                total_cells: RwSignal::new(0),
                began: StoredValue::new((now_ms(), done.len())),
            })
        });
        self.under_way.set(Some(state));
        let prices = self.prices.costs(record.suite.models.iter().filter_map(|choice| choice.model.known()), None);
        let price = |model: &ModelReference, usage: &GenerationUsage| prices.price(model)?.cost_of(usage);
        let started_at = record.run.started_at.clone();
        let options = RunOptions { done, started_at, price: &price, ..RunOptions::default() };
        let events = run(&record.suite, &self.pool, &BrowserClock, options).map_err(|error| error.to_string())?;
        futures::pin_mut!(events);
        let mut drawing = RunDrawing::new(state);
        let mut finished = None;
        while let Some(event) = events.next().await {
            match event {
                RunEvent::Started { total_cells, .. } => state.total_cells.set(total_cells),
                RunEvent::CellStarted(index) => drawing.begin(index),
                RunEvent::Text { index, text } => drawing.push(index, &text),
                RunEvent::CellFinished(cell) => {
                    let line = serde_json::to_string(&cell).map_err(|error| error.to_string())?;
                    log.append(&line).await.map_err(words)?;
                    drawing.end(cell);
                }
                RunEvent::Finished(run) => finished = Some(run),
            }
        }
        let Some(run) = finished else { return Err("The run ended without a result.".to_owned()) };
        let whole = RunRecord { run, is_finished: true, ..record.clone() };
        self.workspace.save(&id, &whole, Some(revision)).await.map_err(|error| error.to_string())?;
        self.workspace.clear_log(&id).await.map_err(words)?;
        self.note_scores(&id, &whole).await.map_err(words)
    }

    /// Writes what a run gave a prompt's version into that version.
    async fn note_scores(self, run_id: &str, record: &RunRecord) -> Result<(), WorkspaceError> {
        let summary = summarize(&record.run);
        for head in self.workspace.heads(DocumentKind::Prompt).await? {
            let Some(mut opened) = self.workspace.open::<PromptRecord>(&head.id).await? else { continue };
            let mut has_changed = false;
            for (&(model, prompt), column) in record.run.columns().keys().zip(&summary.columns) {
                let (template, choice) = (&record.suite.prompts[prompt], &record.suite.models[model]);
                let version = opened.value.versions.of(template).map(|version| version.id.clone());
                let (Some(version), ModelSource::Known(model)) = (version, &choice.model) else { continue };
                let score = VersionScore {
                    run: run_id.to_owned(),
                    model: model.clone(),
                    score: column.all.score.mean,
                    interval: column.all.score.interval,
                    cases: column.all.cells,
                };
                has_changed |= opened.value.versions.record_score(&version, score).is_ok();
            }
            if has_changed {
                // A prompt that another tab changes at this moment goes without: the run itself has the score.
                let _ = self.workspace.save(&head.id, &opened.value, Some(opened.revision)).await;
            }
        }
        Ok(())
    }

    /// Keeps what a stopped run has in its document.
    async fn keep_stopped(self, id: &str) -> Result<(), String> {
        let words = |error: WorkspaceError| error.to_string();
        let Some(mut opened) = self.workspace.open::<RunRecord>(id).await.map_err(words)? else { return Ok(()) };
        opened.value.take_log(&self.workspace.log_lines(id).await.map_err(words)?);
        let saved = self.workspace.save(id, &opened.value, Some(opened.revision)).await;
        saved.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Stops the run under way; what is done is kept.
    pub fn stop(self) {
        if let Some(stopper) = self.stopper.get_value() {
            stopper.abort();
        }
    }

    /// Forgets a run.
    pub fn delete_run(self, id: String) {
        if self.shown_run.with_untracked(|shown| shown.as_deref() == Some(&*id)) {
            self.shown_run.set(None);
        }
        spawn_local(async move {
            if let Err(error) = self.workspace.remove(DocumentKind::Run, &id).await {
                self.toaster.warn(format!("The run was not deleted: {error}"));
            }
        });
    }

    /// The finished or stopped run `id`, with the cells of its log.
    ///
    /// # Errors
    /// It is not there or can't be read; what to tell the person.
    pub async fn read_run(self, id: &str) -> Result<RunRecord, String> {
        let words = |error: WorkspaceError| error.to_string();
        let opened = self.workspace.open::<RunRecord>(id).await.map_err(words)?;
        let mut record = opened.ok_or_else(|| WorkspaceError::Gone.to_string())?.value;
        if !record.is_finished {
            record.take_log(&self.workspace.log_lines(id).await.map_err(words)?);
        }
        Ok(record)
    }
}

/// Draws what is new of a run, not more often than the eye sees and the page can.
struct RunDrawing {
    state: RunUnderWay,
    texts: BTreeMap<CellIndex, String>,
    cells: BTreeMap<CellIndex, Cell>,
    /// Not before this moment again.
    next_ms: f64,
}

impl RunDrawing {
    fn new(state: RunUnderWay) -> Self {
        Self { state, texts: BTreeMap::new(), cells: BTreeMap::new(), next_ms: 0.0 }
    }

    fn begin(&mut self, index: CellIndex) {
        self.texts.insert(index, String::new());
        self.draw_in_time();
    }

    fn push(&mut self, index: CellIndex, text: &str) {
        self.texts.entry(index).or_default().push_str(text);
        self.draw_in_time();
    }

    fn end(&mut self, cell: Cell) {
        self.texts.remove(&cell.index);
        self.cells.insert(cell.index, cell);
        self.draw_in_time();
    }

    fn draw_in_time(&mut self) {
        let started_ms = now_ms();
        if started_ms < self.next_ms {
            return;
        }
        self.state.texts.set(self.texts.clone());
        let new = std::mem::take(&mut self.cells);
        if !new.is_empty() {
            self.state.run.update(|run| {
                run.cells.retain(|known| !new.contains_key(&known.index));
                run.cells.extend(new.into_values());
            });
        }
        let ended_ms = now_ms();
        self.next_ms = ended_ms + DRAW_EVERY_MS.max((ended_ms - started_ms) * WAIT_PER_DRAWING);
    }
}

/// One finished cell of a run.
pub fn cell_at(run: &Run, index: CellIndex) -> Option<&Cell> {
    run.cells.iter().find(|cell| cell.index == index)
}
