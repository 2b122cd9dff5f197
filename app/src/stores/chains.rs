//! Chains of prompts: the one that is open, and the run that is under way, whatever page is in sight.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use shared::prompt::chain::{ChainEvent, ChainRun, run};
use shared::workspace::ChainRecord;
use wasm_bindgen_futures::spawn_local;

use super::model_pool::PageModels;
use crate::components::Toaster;
use crate::workspace::{Draft, OpenDocument, Workspace};

const OPEN_KEY: &str = "chain";

/// Chains of this browser.
#[derive(Clone, Copy)]
pub struct ChainStore {
    /// The chain that is open.
    pub chain: OpenDocument<ChainRecord>,
    /// Texts of steps that are being written; `None` while no run is under way.
    pub under_way: RwSignal<Option<BTreeMap<String, String>>>,
    /// Why the last run did not begin, or did not go on.
    pub problem: RwSignal<Option<String>>,
    pool: PageModels,
    toaster: Toaster,
    stopper: StoredValue<Option<AbortHandle>>,
}

impl ChainStore {
    /// The chain that was open last.
    pub fn start(workspace: Workspace, pool: PageModels, toaster: Toaster) -> Self {
        Self {
            chain: OpenDocument::start(workspace, OPEN_KEY),
            under_way: RwSignal::new(None),
            problem: RwSignal::new(None),
            pool,
            toaster,
            stopper: StoredValue::new(None),
        }
    }

    /// Forgets the open chain with its run.
    pub fn delete_open(self) {
        self.stop();
        self.chain.delete(move |error| self.toaster.warn(format!("The chain was not deleted: {error}")));
    }

    /// Goes on with the chain's last run, or begins one where there is none of the chain as it is now. Each answer is
    /// kept with the chain as soon as it is there.
    pub fn go_on(self, draft: Draft<ChainRecord>) {
        self.stop();
        let record = draft.value.get_untracked();
        let state = record.current_run().cloned();
        let state = state.unwrap_or_else(|| ChainRun::new(&record.chain, record.inputs.clone()));
        draft.value.update(|record| record.run = Some(state.clone()));
        self.problem.set(None);
        self.under_way.set(Some(BTreeMap::new()));
        let (stopper, registration) = AbortHandle::new_pair();
        self.stopper.set_value(Some(stopper));
        spawn_local(async move {
            match Abortable::new(self.work(draft, record, state), registration).await {
                // Whoever stopped it has tidied up, and may have begun another.
                Err(_stopped) => return,
                Ok(Err(message)) => self.problem.set(Some(message)),
                Ok(Ok(())) => {}
            }
            self.stopper.set_value(None);
            self.under_way.set(None);
        });
    }

    async fn work(self, draft: Draft<ChainRecord>, record: ChainRecord, state: ChainRun) -> Result<(), String> {
        // One model at a time fits into the browser.
        let events = run(&record.chain, &self.pool, state, 1).map_err(|error| error.to_string())?;
        futures::pin_mut!(events);
        while let Some(event) = events.next().await {
            match event {
                ChainEvent::StepStarted(step) => self.update_text(step, String::clear),
                ChainEvent::Text { step, text } => self.update_text(step, |shown| shown.push_str(&text)),
                ChainEvent::StepFinished { step, record } => {
                    self.under_way.update(|texts| drop(texts.as_mut().and_then(|texts| texts.remove(&step))));
                    // The chain may have been closed meanwhile.
                    let _ = draft.value.try_update(|kept| {
                        if let Some(run) = &mut kept.run {
                            run.steps.insert(step, record);
                        }
                    });
                }
                ChainEvent::Finished(_) => {}
            }
        }
        Ok(())
    }

    fn update_text(self, step: String, change: impl FnOnce(&mut String)) {
        self.under_way.update(|texts| {
            if let Some(texts) = texts {
                change(texts.entry(step).or_default());
            }
        });
    }

    /// Forgets a step's answer and all that came of it, and asks again.
    pub fn ask_again(self, draft: Draft<ChainRecord>, step: &str) {
        self.stop();
        draft.value.update(|record| {
            if let Some(run) = record.run.take() {
                record.run = Some(run.without(&record.chain, step));
            }
        });
        self.go_on(draft);
    }

    /// Stops the run under way; what is there stays.
    pub fn stop(self) {
        if let Some(Some(stopper)) = self.stopper.try_update_value(Option::take) {
            stopper.abort();
        }
        self.under_way.set(None);
    }
}
