//! Reactive state without views: what the pages show and the actions that change it.
//!
//! Each store is a small `Copy` handle in the context of every page.

pub mod settings;

pub mod catalogue;
pub mod companion;
pub mod devices;
pub mod engine;
pub mod models;

pub mod candidates;
pub mod prices;
pub mod providers;
pub mod requirements;
pub mod speeds;

pub mod chains;
pub mod chat;
pub mod conversation;
pub mod datasets;
pub mod evaluation;
pub mod fine_tuning;
pub mod looked_for;
pub mod model_pool;
pub mod optimization;
pub mod prompt_trial;
pub mod prompts;

use leptos::prelude::*;

use crate::components::Toaster;
use crate::workspace::Workspace;

/// Every store, in the context of every page.
#[derive(Clone, Copy)]
pub struct Stores {
    /// What the person chose.
    pub settings: settings::Settings,
    /// Short messages.
    pub toaster: Toaster,
    /// What the person makes and keeps here.
    pub workspace: Workspace,
    /// The companion, if there is one.
    pub companion: companion::CompanionStore,
    /// External addresses that it asks models of.
    pub providers: providers::ProviderStore,
    /// What this device can do.
    pub device: devices::DeviceStore,
    /// Stored models and their transfers.
    pub models: models::ModelStore,
    /// The model in memory.
    pub engine: engine::EngineStore,
    /// How fast models answered.
    pub speeds: speeds::SpeedStore,
    /// Providers' prices.
    pub prices: prices::PriceStore,
    /// What the person wants of a model.
    pub requirements: requirements::RequirementStore,
    /// Every model that can be asked.
    pub pool: model_pool::PageModels,
    /// The conversation.
    pub chat: chat::ChatStore,
    /// The open prompt.
    pub prompts: prompts::PromptStore,
    /// The open chain of prompts, and its run.
    pub chains: chains::ChainStore,
    /// What models answer to the open prompt.
    pub prompt_trial: prompt_trial::PromptTrial,
    /// The open evaluation, and its runs.
    pub evaluation: evaluation::EvaluationStore,
    /// The search for a better prompt.
    pub optimization: optimization::OptimizationStore,
    /// The open dataset.
    pub datasets: datasets::DatasetStore,
    /// What the companion's models learn.
    pub fine_tuning: fine_tuning::FineTuningStore,
}

impl Stores {
    /// Makes them all and puts them into the context.
    pub fn provide() -> Self {
        let settings = settings::Settings::load();
        let toaster = Toaster::default();
        let workspace = Workspace::start();
        let companion = companion::CompanionStore::start();
        let providers = providers::ProviderStore::start(companion);
        let device = devices::DeviceStore::start();
        let engine = engine::EngineStore::new(settings, toaster, device);
        let models = models::ModelStore::start(settings, toaster, engine, companion, device);
        let speeds = speeds::SpeedStore::load();
        let prices = prices::PriceStore::load();
        let requirements = requirements::RequirementStore::load();
        let pool = model_pool::PageModels::new(engine, speeds);
        let chat = chat::ChatStore::new(engine, pool, settings, toaster, companion);
        let prompts = prompts::PromptStore::start(workspace, toaster);
        let chains = chains::ChainStore::start(workspace, pool, toaster);
        let prompt_trial = prompt_trial::PromptTrial::new(pool, "prompt-trial");
        let evaluation = evaluation::EvaluationStore::start(workspace, pool, prices, toaster);
        let optimization = optimization::OptimizationStore::new(workspace, pool, prices, toaster);
        let datasets = datasets::DatasetStore::start(workspace, pool, toaster);
        let fine_tuning = fine_tuning::FineTuningStore::start(companion, datasets, pool, toaster);
        let stores = Self {
            settings,
            toaster,
            workspace,
            companion,
            providers,
            device,
            models,
            engine,
            speeds,
            prices,
            requirements,
            pool,
            chat,
            prompts,
            chains,
            prompt_trial,
            evaluation,
            optimization,
            datasets,
            fine_tuning,
        };
        provide_context(toaster);
        provide_context(stores);
        stores
    }
}
