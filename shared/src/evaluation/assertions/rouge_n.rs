//! `rouge-n`: the answer shares runs of words with a text.

use super::observation::Observation;
use crate::evaluation::metrics::{rouge, treebank_words};

/// How ROUGE-N is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RougeVariant {
    /// As promptfoo: over the words and signs of the Penn Treebank.
    Promptfoo,
    /// As `rouge-score` without its stemmer: over runs of ASCII letters and digits.
    RougeScore,
}

pub(super) fn observe(
    answer: &str,
    reference: &str,
    run_words: usize,
    least: f64,
    variant: RougeVariant,
) -> Observation {
    let score = match variant {
        RougeVariant::Promptfoo => {
            let words = |text: &str| treebank_words(&text.to_lowercase());
            rouge::rouge_n(&words(answer), &words(reference), run_words)
        }
        RougeVariant::RougeScore => rouge::rouge_n(&rouge::words(answer), &rouge::words(reference), run_words),
    };
    Observation::at_least(&format!("ROUGE-{run_words}"), score.f1, least)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores of promptfoo 0.121.20.
    #[test]
    fn scores_are_those_of_promptfoo() {
        let score = |answer, reference| observe(answer, reference, 1, 0.75, RougeVariant::Promptfoo).score;
        for (answer, reference, expected) in [
            ("The cat sat.", "The cat sat on the mat", 0.6000000000000001),
            ("The cat sat on the mat.", "the cat sat on the mat.", 1.0),
            ("I don't like it", "I do not like it.", 0.7272727272727273),
            ("He said \"no\", twice.", "he said no twice", 0.6666666666666666),
            ("größe zählt", "Größe zählt nicht", 0.8),
        ] {
            assert!((score(answer, reference) - expected).abs() < 1e-12, "{answer:?}");
        }
        assert_eq!(score("", "a"), 0.0);
        let google = observe("The cat sat.", "The cat sat on the mat", 2, 0.5, RougeVariant::RougeScore);
        assert_eq!((google.holds, google.reason.as_str()), (true, "ROUGE-2 is 0.5714, at least 0.5"));
    }
}
