//! Page objects: what a person can see and do on each page, by the names of `app/src/pages/mod.rs`.

mod app;
mod chat;
mod find;
mod models;

pub use app::{AppPage, SHELL};
pub use chat::{Answer, ChatPage, Outcome};
pub use find::FindPage;
pub use models::{ModelCard, ModelsPage};

/// The CSS selector of a name for tests.
pub(crate) fn named(testid: &str) -> String {
    format!("[data-testid='{testid}']")
}
