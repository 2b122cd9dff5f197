//! Evaluate: which prompt and which model answer best, over cases; and how to make a prompt better.

pub mod case_dialog;
pub mod cases;
pub mod cell_dialog;
pub mod check_list;
pub mod chooser;
pub mod comparison;
pub mod file_import;
pub mod matrix;
pub mod optimize;
pub mod page;
pub mod results;
pub mod run_control;
pub mod scores;
pub mod setup;

pub use page::EvaluatePage;
