//! How often the person speaks.

use super::{Known, Scale, Texts};

pub(super) struct Turns;

impl Known for Turns {
    fn title(&self) -> &'static str {
        "turns of the person"
    }

    fn scale(&self) -> Scale {
        Scale::Few
    }

    fn of(&self, texts: &Texts) -> Option<f64> {
        Some(texts.turns as f64)
    }
}
