//! Chat: talk to a model, in this browser or on the companion.

pub mod composer;
pub mod header;
pub mod history;
pub mod page;
pub mod settings_panel;
pub mod turn_view;
pub mod turns;

pub use page::ChatPage;
pub use settings_panel::BackendChoiceControl;
