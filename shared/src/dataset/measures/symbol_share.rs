//! How much is neither letter, digit nor space.

use super::{Known, Scale, Texts, share};

pub(super) struct SymbolShare;

impl Known for SymbolShare {
    fn title(&self) -> &'static str {
        "share of symbols"
    }

    fn scale(&self) -> Scale {
        Scale::Share
    }

    fn of(&self, texts: &Texts) -> Option<f64> {
        let is_symbol = |it: &char| !it.is_alphanumeric() && !it.is_whitespace();
        share(texts.answer.chars().filter(is_symbol).count(), texts.answer.chars().count())
    }
}
