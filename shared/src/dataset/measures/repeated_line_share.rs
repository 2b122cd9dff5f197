//! How many lines are said again.

use std::collections::HashSet;

use super::{Known, Scale, Texts, share};

pub(super) struct RepeatedLineShare;

impl Known for RepeatedLineShare {
    fn title(&self) -> &'static str {
        "share of repeated lines"
    }

    fn scale(&self) -> Scale {
        Scale::Share
    }

    fn of(&self, texts: &Texts) -> Option<f64> {
        let mut seen = HashSet::new();
        let lines = texts.answer.lines().map(str::trim).filter(|line| !line.is_empty());
        let repeated = lines.clone().filter(|line| !seen.insert(*line)).count();
        share(repeated, lines.count())
    }
}
