//! Evaluate: which prompt and which model answer best, over cases; and how to make a prompt better.

mod case_dialog;
mod cases;
mod cell_dialog;
mod check_list;
mod chooser;
mod comparison;
mod file_import;
mod matrix;
mod optimize;
pub mod page;
mod results;
mod run_control;
mod scores;
mod setup;

pub use page::EvaluatePage;
