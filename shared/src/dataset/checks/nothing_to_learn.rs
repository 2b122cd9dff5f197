//! Rows of which nothing is learned.

use super::{About, Known, sides};
use crate::dataset::row::{Role, Row, Sample};

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Nothing to learn",
    explanation: "A row without an answer of the assistant, or a preference without one of its two, or whose answers all have the weight 0, costs time and teaches nothing; \
                  trainers refuse it or give a loss that is no number.",
    repair: Some("Learn the answers whose weights are 0"),
};

pub(super) struct NothingToLearn;

impl Known for NothingToLearn {
    fn find(&self, row: &Row) -> Option<&'static str> {
        sides(&row.sample).iter().any(Vec::is_empty).then_some("no answer is learned")
    }

    fn repair(&self, row: &Row) -> Option<Row> {
        self.find(row)?;
        let Sample::Conversation(messages) = &row.sample else { return None };
        let mut messages = messages.clone();
        messages.iter_mut().filter(|message| message.role == Role::Assistant).for_each(|it| it.is_learned = None);
        let repaired = Row { sample: Sample::Conversation(messages), ..row.clone() };
        self.find(&repaired).is_none().then_some(repaired)
    }
}
