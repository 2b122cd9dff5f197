//! Chains of prompts: what one step answers is a value for the next ones.

pub mod chooser;
pub mod inputs;
pub mod output;
pub mod run_view;
pub mod step_editor;
pub mod view;

pub use view::ChainsView;
