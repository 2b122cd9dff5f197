//! How many phrases are said again: a model that went round in circles.

use std::collections::HashSet;

use super::{Known, Scale, Texts, share};

pub(super) struct RepeatedPhraseShare;

/// Words of a phrase.
const WORDS: usize = 4;

impl Known for RepeatedPhraseShare {
    fn title(&self) -> &'static str {
        "share of repeated phrases"
    }

    fn scale(&self) -> Scale {
        Scale::Share
    }

    fn of(&self, texts: &Texts) -> Option<f64> {
        let words: Vec<&str> = texts.answer.split_whitespace().collect();
        let mut seen = HashSet::new();
        let phrases = words.windows(WORDS);
        let repeated = phrases.clone().filter(|phrase| !seen.insert(*phrase)).count();
        share(repeated, phrases.count())
    }
}
