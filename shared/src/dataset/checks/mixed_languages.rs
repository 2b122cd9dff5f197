//! Answers in another language than the question.

use super::{About, Known};
use crate::dataset::row::{Role, Row, Sample};
use crate::dataset::text_language::language;

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Mixed languages",
    explanation: "An answer in another language than its question teaches a model to change the language by itself. Translations are \
                  meant to; look before you drop. Short texts are not judged.",
    repair: None,
};

pub(super) struct MixedLanguages;

/// Bytes of a text by which its language is told: more costs time and says no more.
const MOST_BYTES: usize = 400;

impl Known for MixedLanguages {
    fn find(&self, row: &Row) -> Option<&'static str> {
        let (mut asked, mut answered) = (None, None);
        // What a system message says is often in English, whatever the conversation is in.
        let is_system = |row: &Row| match &row.sample {
            Sample::Conversation(messages) => messages.first().is_some_and(|first| first.role == Role::System),
            _ => false,
        };
        let mut skip = is_system(row);
        row.sample.for_each_part(&mut |text, is_learned| {
            if std::mem::take(&mut skip) {
                return;
            }
            let into = if is_learned { &mut answered } else { &mut asked };
            if into.is_none() {
                *into = language(beginning(text)).map(|language| language.code);
            }
        });
        let (asked, answered) = (asked?, answered?);
        (asked != answered).then_some("the answer is in another language than the question")
    }
}

fn beginning(text: &str) -> &str {
    let mut end = text.len().min(MOST_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
