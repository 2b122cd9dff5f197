//! Rows of which nothing is learned.

use super::{Known, answers};
use crate::dataset::row::Row;

pub(super) struct NothingToLearn;

impl Known for NothingToLearn {
    fn title(&self) -> &'static str {
        "Nothing to learn"
    }

    fn explanation(&self) -> &'static str {
        "A row without an answer of the assistant, or whose answers all have the weight 0, costs time and teaches nothing; \
         trainers refuse it or give a loss that is no number."
    }

    fn find(&self, row: &Row) -> Option<&'static str> {
        answers(&row.sample).is_empty().then_some("no answer is learned")
    }
}
