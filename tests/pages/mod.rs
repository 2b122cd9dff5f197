//! Page objects: what a person can see and do on each page, by the names of `app/src/pages/mod.rs`.

mod app;
mod chat;
mod datasets;
mod evaluate;
mod find;
mod fine_tune;
mod models;
mod prompts;
mod settings;

pub use app::{AppPage, SHELL};
pub use chat::{Answer, ChatPage, Outcome};
pub use datasets::DatasetsPage;
pub use evaluate::EvaluatePage;
pub use find::FindPage;
pub use fine_tune::FineTunePage;
pub use models::{ModelCard, ModelsPage};
pub use prompts::PromptsPage;
pub use settings::SettingsPage;

/// The CSS selector of a name for tests.
pub fn named(testid: &str) -> String {
    format!("[data-testid='{testid}']")
}
