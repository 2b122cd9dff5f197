//! Prompts: the one that is open, and the models that it is shown as.

use leptos::prelude::*;
use shared::model_pool::ModelReference;
use shared::prompt::PromptTemplate;
use shared::prompt::tasks::Task;
use shared::workspace::PromptRecord;

use super::Stores;
use crate::browser::local_storage;
use crate::components::Toaster;
use crate::workspace::{OpenDocument, Workspace};

const OPEN_KEY: &str = "prompt";
const MODELS_KEY: &str = "prompt_models";

/// Prompts of this browser.
#[derive(Clone, Copy)]
pub struct PromptStore {
    /// The prompt that is open.
    pub prompt: OpenDocument<PromptRecord>,
    /// What the page shows: `prompts` or `chains`.
    pub shows: RwSignal<String>,
    /// The view of it that is in sight.
    pub tab: RwSignal<String>,
    /// The models that the person chose to see it as.
    pub preview_models: RwSignal<Vec<ModelReference>>,
    toaster: Toaster,
}

impl PromptStore {
    /// The prompt that was open last.
    pub fn start(workspace: Workspace, toaster: Toaster) -> Self {
        let preview_models = RwSignal::new(local_storage::load(MODELS_KEY).unwrap_or_default());
        Effect::new(move |_| {
            // A choice that can't be kept is made again next time.
            let _ = preview_models.with(|models| local_storage::save(MODELS_KEY, models));
        });
        Self {
            prompt: OpenDocument::start(workspace, OPEN_KEY),
            shows: RwSignal::new("prompts".to_owned()),
            tab: RwSignal::new("write".to_owned()),
            preview_models,
            toaster,
        }
    }

    /// The models that the person chose, or the first one of their own that there is: nothing goes elsewhere unasked.
    /// Tracked.
    pub fn models_to_preview(self, stores: Stores) -> Vec<ModelReference> {
        let chosen = self.preview_models.get();
        if !chosen.is_empty() {
            return chosen;
        }
        let here = stores.models.complete_names().into_iter().map(ModelReference::browser);
        here.chain(stores.companion.own_models()).take(1).collect()
    }

    /// Begins a prompt.
    pub fn create(self, template: PromptTemplate) {
        self.tab.set("write".to_owned());
        self.prompt.create(PromptRecord { template, ..PromptRecord::default() });
    }

    /// Begins a prompt with one of the library's.
    pub fn create_from_task(self, task: Task) {
        self.tab.set("write".to_owned());
        let mut values = task.sample;
        // For checks, not for the prompt.
        values.shift_remove("expected");
        self.prompt.create(PromptRecord { template: task.template, values, ..PromptRecord::default() });
    }

    /// Forgets the open prompt with its versions.
    pub fn delete_open(self) {
        self.prompt.delete(move |error| self.toaster.warn(format!("The prompt was not deleted: {error}")));
    }
}
