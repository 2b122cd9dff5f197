//! The search for a better prompt that is under way, whatever page is in sight.

use std::ops::ControlFlow;

use leptos::prelude::*;
use shared::model_pool::ModelReference;
use shared::optimization::{
    AssertionJudge, CallHistory, Candidate, Judge, Objectives, Optimization, OptimizationError, OptimizationEvent,
    Phase, Progress, Surroundings, optimize,
};
use shared::workspace::{DocumentKind, OptimizationRecord};
use wasm_bindgen_futures::spawn_local;

use super::model_pool::PageModels;
use super::prices::PriceStore;
use crate::browser::clock::{BrowserClock, now_iso};
use crate::components::Toaster;
use crate::workspace::{Lock, Workspace, WorkspaceError, new_id};

/// One candidate as far as it is scored.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateSoFar {
    /// What it is.
    pub candidate: Candidate,
    /// On how many cases.
    pub cases: usize,
    /// Means over them.
    pub objectives: Objectives,
}

/// The search under way.
#[derive(Clone, Copy)]
pub struct SearchUnderWay {
    /// Its document's id.
    pub id: StoredValue<String>,
    /// What was asked for.
    pub record: StoredValue<OptimizationRecord>,
    /// Which part of the run.
    pub phase: RwSignal<Option<Phase>>,
    /// What it has used.
    pub progress: RwSignal<Option<Progress>>,
    /// Candidates so far, by number.
    pub candidates: RwSignal<Vec<CandidateSoFar>>,
    /// It stops before the next call.
    pub is_stopping: RwSignal<bool>,
}

/// Searches of this browser.
#[derive(Clone, Copy)]
pub struct OptimizationStore {
    /// The search under way.
    pub under_way: RwSignal<Option<SearchUnderWay>>,
    /// The search that is shown: its document's id.
    pub shown: RwSignal<Option<String>>,
    /// Why the last one ended early.
    pub problem: RwSignal<Option<String>>,
    workspace: Workspace,
    pool: PageModels,
    prices: PriceStore,
    toaster: Toaster,
    owner: StoredValue<Owner>,
}

impl OptimizationStore {
    /// Nothing under way.
    pub fn new(workspace: Workspace, pool: PageModels, prices: PriceStore, toaster: Toaster) -> Self {
        Self {
            under_way: RwSignal::new(None),
            shown: RwSignal::new(None),
            problem: RwSignal::new(None),
            workspace,
            pool,
            prices,
            toaster,
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
        }
    }

    /// Begins a search.
    pub fn begin(
        self,
        suite_id: String,
        optimization: Optimization,
        grader: Option<ModelReference>,
        embedder: Option<ModelReference>,
    ) {
        let record =
            OptimizationRecord { suite_id, optimization, grader, embedder, started_at: now_iso(), outcome: None };
        self.go_on(new_id(), Some(record));
    }

    /// Goes on with a search that was stopped; calls that were made are not made again.
    pub fn resume(self, id: String) {
        self.go_on(id, None);
    }

    fn go_on(self, id: String, new: Option<OptimizationRecord>) {
        if self.under_way.with_untracked(Option::is_some) {
            self.toaster.say("A search is under way; wait for it or stop it first.");
            return;
        }
        self.problem.set(None);
        spawn_local(async move {
            if let Err(message) = self.work(id, new).await {
                self.problem.set(Some(message));
            }
            self.under_way.set(None);
        });
    }

    async fn work(self, id: String, new: Option<OptimizationRecord>) -> Result<(), String> {
        let Some(_lock) = Lock::try_hold(&format!("quern.optimization.{id}")).await else {
            return Err("Another tab is at this search; look there.".to_owned());
        };
        let words = |error: WorkspaceError| error.to_string();
        let (record, revision) = match new {
            Some(record) => {
                let revision = self.workspace.save(&id, &record, None).await.map_err(|error| error.to_string())?;
                (record, revision)
            }
            None => {
                let opened = self.workspace.open::<OptimizationRecord>(&id).await.map_err(words)?;
                let opened = opened.ok_or_else(|| WorkspaceError::Gone.to_string())?;
                (opened.value, opened.revision)
            }
        };
        let (log, lines) = self.workspace.log(&id).await.map_err(words)?;
        let history = CallHistory::read(lines.concat().as_bytes()).map_err(|error| error.to_string())?;
        let state = self.owner.with_value(|owner| {
            owner.with(|| SearchUnderWay {
                id: StoredValue::new(id.clone()),
                record: StoredValue::new(record.clone()),
                phase: RwSignal::new(None),
                progress: RwSignal::new(None),
                candidates: RwSignal::new(Vec::new()),
                is_stopping: RwSignal::new(false),
            })
        });
        self.shown.set(Some(id.clone()));
        self.under_way.set(Some(state));
        let judge = AssertionJudge { grader: record.grader.clone(), embedder: record.embedder.clone() };
        let optimization = &record.optimization;
        let others = [&optimization.settings.proposer, &optimization.settings.teacher].into_iter().flatten().cloned();
        let models = others.chain(judge.models()).chain([optimization.model.clone()]);
        let costs = self.prices.costs(models, optimization.budget.most_money.as_ref());
        let surroundings =
            Surroundings { models: &self.pool, costs: &costs, timer: &BrowserClock, log: &log, judge: &judge };
        let mut on_event = |event| {
            state.note(event);
            if state.is_stopping.get_untracked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match optimize(&record.optimization, surroundings, history, &mut on_event).await {
            Ok(outcome) => {
                let whole = OptimizationRecord { outcome: Some(outcome), ..record.clone() };
                self.workspace.save(&id, &whole, Some(revision)).await.map_err(|error| error.to_string())?;
                Ok(())
            }
            Err(OptimizationError::Stopped(_)) if state.is_stopping.get_untracked() => Ok(()),
            Err(error) => {
                if matches!(error, OptimizationError::CannotBegin(_)) && lines.is_empty() {
                    // Nothing was done, so there is nothing to go on with.
                    self.workspace.remove(DocumentKind::Optimization, &id).await.map_err(words)?;
                }
                Err(error.to_string())
            }
        }
    }

    /// Stops before the next call; what is done is kept, and nothing is lost on going on.
    pub fn stop(self) {
        if let Some(state) = self.under_way.get_untracked() {
            state.is_stopping.set(true);
        }
    }

    /// Forgets a search.
    pub fn delete(self, id: String) {
        if self.shown.with_untracked(|shown| shown.as_deref() == Some(&*id)) {
            self.shown.set(None);
        }
        spawn_local(async move {
            if let Err(error) = self.workspace.remove(DocumentKind::Optimization, &id).await {
                self.toaster.warn(format!("The search was not deleted: {error}"));
            }
        });
    }
}

impl SearchUnderWay {
    fn note(self, event: OptimizationEvent) {
        match event {
            OptimizationEvent::Phase(phase) => self.phase.set(Some(phase)),
            OptimizationEvent::Candidate { candidate, .. } => self.candidates.update(|candidates| {
                candidates.push(CandidateSoFar { candidate, cases: 0, objectives: Objectives::default() });
            }),
            OptimizationEvent::Scored { candidate, cases, objectives } => self.candidates.update(|candidates| {
                if let Some(scored) = candidates.get_mut(candidate) {
                    scored.cases = cases;
                    scored.objectives = objectives;
                }
            }),
            OptimizationEvent::Progress(progress) => self.progress.set(Some(progress)),
        }
    }
}
