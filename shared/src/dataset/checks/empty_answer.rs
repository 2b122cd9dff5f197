//! Answers that say nothing.

use super::{About, Answer, Known, answers, is_learned};
use crate::dataset::row::{Message, Role, Row, Sample};

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Empty answers",
    explanation: "A model that learns empty answers gives them: it ends its turn before it says anything.",
    repair: Some("Cut the conversation before its first empty answer"),
};

pub(super) struct EmptyAnswer;

impl Known for EmptyAnswer {
    fn find(&self, row: &Row) -> Option<&'static str> {
        let lacks_side = match &row.sample {
            Sample::Preference(comparison) => comparison.chosen.is_empty() || comparison.rejected.is_empty(),
            Sample::Feedback(judged) => judged.completion.is_empty(),
            _ => false,
        };
        (lacks_side || answers(&row.sample).iter().any(Answer::is_empty)).then_some("an answer is empty")
    }

    fn repair(&self, row: &Row) -> Option<Row> {
        let Sample::Conversation(messages) = &row.sample else { return None };
        let says_nothing = |message: &Message| is_learned(message) && message.is_blank();
        let empty = messages.iter().position(says_nothing)?;
        // What was asked last goes with the answer that it did not get.
        let end = messages[..empty].iter().rposition(|message| message.role == Role::Assistant)? + 1;
        let whole = &messages[..end];
        whole.iter().any(is_learned).then(|| Row { sample: Sample::Conversation(whole.to_vec()), ..row.clone() })
    }
}
