//! Chat: talk to a model, in this browser or on the companion.

mod composer;
mod header;
mod history;
mod page;
mod settings_panel;
mod turn_view;
mod turns;

pub use page::ChatPage;
pub(crate) use settings_panel::BackendChoiceControl;
