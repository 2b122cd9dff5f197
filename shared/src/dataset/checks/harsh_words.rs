//! Insults and slurs, by a list of words.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::About;
use crate::dataset::row::Row;

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Insults and slurs",
    explanation: "Words that an assistant rarely should say, by a short list in six languages. It knows no context: look before \
                  you drop.",
    repair: None,
};

/// A list of words in some languages, one a line. It is short on purpose: whoever needs more gives their own.
static USUAL: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("harsh_words.txt")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

/// What is found, of the usual words or of others.
pub(super) fn find(row: &Row, words: &[String]) -> Option<&'static str> {
    let mut is_found = false;
    row.for_each_text(&mut |text| {
        is_found = is_found
            || text.split(|character: char| !character.is_alphanumeric()).filter(|word| word.len() > 2).any(|word| {
                let word = word.to_lowercase();
                if words.is_empty() { USUAL.contains(&*word) } else { words.contains(&word) }
            });
    });
    is_found.then_some("there is a word of the list")
}
