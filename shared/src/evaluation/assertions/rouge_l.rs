//! `rouge-l`: the answer has the words of a text in their order. promptfoo has no such type.

use super::observation::Observation;
use crate::evaluation::metrics::rouge;

pub(super) fn observe(answer: &str, reference: &str, least: f64) -> Observation {
    Observation::at_least("ROUGE-L", rouge::rouge_l(&rouge::words(answer), &rouge::words(reference)).f1, least)
}
