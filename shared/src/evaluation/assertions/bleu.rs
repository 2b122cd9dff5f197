//! `bleu`: the answer's runs of one to four words are in reference texts.

use std::collections::HashMap;

use super::observation::Observation;
use crate::evaluation::metrics::bleu::{self, brevity_penalty, closest_length};
use crate::evaluation::metrics::run_counts;

/// How BLEU is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BleuVariant {
    /// As promptfoo: small letters, words between spaces, next to nothing for a run length without a match.
    Promptfoo,
    /// As `sacrebleu` for one sentence: 13a tokens, case counts, exponential smoothing.
    Sacrebleu,
}

pub(super) fn observe(answer: &str, references: &[String], least: f64, variant: BleuVariant) -> Observation {
    let score = match variant {
        BleuVariant::Promptfoo => promptfoo_bleu(answer, references),
        BleuVariant::Sacrebleu => {
            let references: Vec<&str> = references.iter().map(String::as_str).collect();
            bleu::sentence_bleu(answer, &references)
        }
    };
    Observation::at_least("BLEU", score, least)
}

/// BLEU as promptfoo counts it. It departs from Papineni et al. (2002) in taking the best reference for each run
/// length instead of the best for each run.
fn promptfoo_bleu(answer: &str, references: &[String]) -> f64 {
    const PRECISION_WITHOUT_MATCH: f64 = 1e-7;
    let lowercase = answer.to_lowercase();
    let words: Vec<&str> = lowercase.split_whitespace().collect();
    if words.is_empty() {
        return 0.0;
    }
    let lowercase_references: Vec<String> = references.iter().map(|text| text.to_lowercase()).collect();
    let references: Vec<Vec<&str>> =
        lowercase_references.iter().map(|text| text.split_whitespace().collect()).collect();
    // An empty text still has one word there, the empty one.
    let closest = closest_length(words.len(), references.iter().map(|words| words.len().max(1)));
    let mut logarithms = Vec::new();
    for run_words in 1..=bleu::MOST_RUN_WORDS.min(words.len()) {
        let counts = run_counts(&words, run_words);
        let matches = |reference: &Vec<&str>| -> usize {
            let available: HashMap<_, _> = run_counts(reference, run_words);
            counts.iter().map(|(run, count)| available.get(run).map_or(0, |&others| others.min(*count))).sum()
        };
        let best = references.iter().map(matches).max().unwrap_or(0);
        let precision = best as f64 / (words.len() + 1 - run_words) as f64;
        logarithms.push(if best == 0 { PRECISION_WITHOUT_MATCH } else { precision }.ln());
    }
    let mean = logarithms.iter().sum::<f64>() / logarithms.len() as f64;
    brevity_penalty(words.len(), closest) * mean.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores of promptfoo 0.121.20.
    #[test]
    fn scores_are_those_of_promptfoo() {
        let cases: [(&str, &[&str], f64); 7] = [
            ("The cat is on the mat", &["The cat sat on the mat"], 0.010573712634405643),
            ("the the the the", &["the cat is here", "a the the"], 0.0002020515504676623),
            ("Hello world", &["hello World"], 1.0),
            (
                "It is a guide to action which ensures that the military always obeys the commands of the party",
                &[
                    "It is a guide to action that ensures that the military will forever heed Party commands",
                    "It is the guiding principle which guarantees the military forces always being under the command of the Party",
                ],
                0.4208598069524091,
            ),
            ("a b", &["a b c d e"], 0.22313016014842982),
            ("x", &["y"], 9.999999999999994e-8),
            ("  Größe  zählt, oder?", &["größe zählt, oder nicht?"], 0.002306011246988511),
        ];
        for (answer, references, expected) in cases {
            let references: Vec<String> = references.iter().map(|&text| text.to_owned()).collect();
            let score = observe(answer, &references, 0.5, BleuVariant::Promptfoo).score;
            assert!((score - expected).abs() < 1e-12, "{answer:?}: {score} for {expected}");
        }
    }
}
