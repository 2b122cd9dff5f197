//! Answers in another language than the question.

use super::{About, Known};
use crate::dataset::row::Row;
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
        // Instructions are often in English, whatever the conversation is in.
        row.sample.for_each_part_of(|message| !message.is_instruction(), &mut |text, is_learned| {
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
