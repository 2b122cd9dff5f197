//! Making a prompt better within a budget.

pub mod form;
pub mod outcome;
pub mod progress;
pub mod view;

pub use view::OptimizeView;
