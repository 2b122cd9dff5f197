//! Prompts: typed templates, what each model sees of them, examples, trying them out, and their versions.

pub mod chain;
pub mod chooser;
pub mod editor;
pub mod example_choice;
pub mod examples;
pub mod move_buttons;
pub mod page;
pub mod preview;
pub mod preview_cost;
pub mod try_out;
pub mod value_field;
pub mod variables;
pub mod versions;

pub use page::PromptsPage;
