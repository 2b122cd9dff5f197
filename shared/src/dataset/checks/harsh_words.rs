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

/// What is found, of the usual words or of others, which may be phrases.
pub(super) fn find(row: &Row, words: &[String]) -> Option<&'static str> {
    let phrases: Vec<Vec<String>> = words.iter().map(|phrase| words_of(phrase).collect()).collect();
    let mut is_found = false;
    row.for_each_leaf(&mut |text| {
        is_found = is_found
            || if words.is_empty() {
                words_of(text).any(|word| USUAL.contains(&*word))
            } else {
                let words: Vec<String> = words_of(text).collect();
                let is_in_text = |phrase: &Vec<String>| words.windows(phrase.len()).any(|found| found == &**phrase);
                phrases.iter().any(|phrase| !phrase.is_empty() && is_in_text(phrase))
            };
    });
    is_found.then_some("there is a word of the list")
}

/// The words of a text, in small letters.
fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}
