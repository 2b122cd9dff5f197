//! How long answers are.

use super::{Known, Scale, Texts};

pub(super) struct AnswerWords;

impl Known for AnswerWords {
    fn title(&self) -> &'static str {
        "words of the answer"
    }

    fn scale(&self) -> Scale {
        Scale::Counts
    }

    fn of(&self, texts: &Texts) -> Option<f64> {
        Some(texts.answer.split_whitespace().count() as f64)
    }
}
