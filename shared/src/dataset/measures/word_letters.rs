//! How long words are: very short or long ones on the average are seldom prose.

use super::{Known, Scale, Texts};

pub(super) struct WordLetters;

impl Known for WordLetters {
    fn title(&self) -> &'static str {
        "letters of a word, on the average"
    }

    fn scale(&self) -> Scale {
        Scale::Few
    }

    fn of(&self, texts: &Texts) -> Option<f64> {
        let words = texts.answer.split_whitespace().count();
        let letters: usize = texts.answer.split_whitespace().map(|word| word.chars().count()).sum();
        super::share(letters, words)
    }
}
