//! How long the rest is.

use super::{Known, Scale, Texts};

pub(super) struct PromptWords;

impl Known for PromptWords {
    fn title(&self) -> &'static str {
        "words of the prompt"
    }

    fn scale(&self) -> Scale {
        Scale::Counts
    }

    fn of(&self, texts: &Texts) -> Option<f64> {
        Some(texts.prompt.split_whitespace().count() as f64)
    }
}
