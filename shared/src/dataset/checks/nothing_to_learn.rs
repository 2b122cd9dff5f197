//! Rows of which nothing is learned.

use super::{About, Known, answers};
use crate::dataset::row::Row;

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Nothing to learn",
    explanation: "A row without an answer of the assistant, or whose answers all have the weight 0, costs time and teaches nothing; \
                  trainers refuse it or give a loss that is no number.",
    repair: None,
};

pub(super) struct NothingToLearn;

impl Known for NothingToLearn {
    fn find(&self, row: &Row) -> Option<&'static str> {
        answers(&row.sample).is_empty().then_some("no answer is learned")
    }
}
