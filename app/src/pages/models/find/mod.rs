//! Finding the right model: what is required, which models meet it and why, what they cost.

pub mod panel;

pub mod form;
pub mod number_requirement;
pub mod workload;

pub mod candidate_card;
pub mod factor_table;
pub mod memory_table;
pub mod ranked_list;
pub mod ruled_out;
pub mod training_fields;

pub mod cost_card;
pub mod hardware;
pub mod price_card;

pub use panel::FindPanel;
