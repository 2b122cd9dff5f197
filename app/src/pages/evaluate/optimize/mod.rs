//! Making a prompt better within a budget.

mod form;
mod outcome;
mod progress;
mod view;

pub(super) use view::OptimizeView;
