//! How many words are words: few are in tables, logs and what is left of pages.

use super::{Known, Scale, Texts, share};

pub(super) struct AlphabeticShare;

impl Known for AlphabeticShare {
    fn title(&self) -> &'static str {
        "share of words with a letter"
    }

    fn scale(&self) -> Scale {
        Scale::Share
    }

    fn of(&self, texts: &Texts) -> Option<f64> {
        let words = texts.answer.split_whitespace();
        let alphabetic = words.clone().filter(|word| word.chars().any(char::is_alphabetic)).count();
        share(alphabetic, words.count())
    }
}
