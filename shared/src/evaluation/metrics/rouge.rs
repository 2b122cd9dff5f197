//! ROUGE: how many words and runs of words two texts share (Lin 2004, "ROUGE: A Package for Automatic Evaluation of
//! Summaries").

use std::collections::HashMap;
use std::hash::Hash;

use super::occurrences::Occurrences;
use super::runs::run_counts;

/// What a text shares with a reference, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RougeScore {
    /// Share of the text that is in the reference.
    pub precision: f64,
    /// Share of the reference that is in the text.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

impl RougeScore {
    fn new(shared: usize, of_text: usize, of_reference: usize) -> Self {
        if shared == 0 {
            return Self::default();
        }
        let (precision, recall) = (shared as f64 / of_text as f64, shared as f64 / of_reference as f64);
        Self { precision, recall, f1: 2.0 * precision * recall / (precision + recall) }
    }
}

/// The words of a text as the package `rouge-score` splits it without its stemmer: small letters, of which only runs of
/// ASCII letters and digits are left. Texts in other scripts have no words in it.
pub fn words(text: &str) -> Vec<String> {
    let lowercase = text.to_lowercase();
    let words = lowercase.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// ROUGE-N: the runs of `run_words` words that both have, each counted as often as it is in both.
pub fn rouge_n(text: &[String], reference: &[String], run_words: usize) -> RougeScore {
    let runs = |words: &[String]| (words.len() + 1).saturating_sub(run_words);
    let available = run_counts(reference, run_words);
    let counts = run_counts(text, run_words);
    let shared = counts.iter().map(|(run, count)| available.get(run).map_or(0, |&others| others.min(*count))).sum();
    RougeScore::new(shared, runs(text), runs(reference))
}

/// ROUGE-L: the longest sequence of words that is in both in the same order, with gaps.
pub fn rouge_l(text: &[String], reference: &[String]) -> RougeScore {
    RougeScore::new(longest_common_subsequence(text, reference), text.len(), reference.len())
}

/// Length of the longest common subsequence, 64 words at a time (Hyyrö 2004, "Bit-parallel LCS-length computation
/// revisited").
fn longest_common_subsequence<Word: Eq + Hash>(one: &[Word], other: &[Word]) -> usize {
    // Words as numbers, which are quick to look up.
    let mut numbers: HashMap<&Word, usize> = HashMap::new();
    let mut number = |word| {
        let next = numbers.len();
        *numbers.entry(word).or_insert(next)
    };
    let one: Vec<usize> = one.iter().map(&mut number).collect();
    let other: Vec<usize> = other.iter().map(&mut number).collect();
    let occurrences = Occurrences::new(&one);
    // A 0 at each position of `one` where the length grows.
    let mut grows_not = vec![u64::MAX; occurrences.words()];
    let mut scratch = vec![0; occurrences.words()];
    for word in other {
        occurrences.with_bits(word, &mut scratch, |matches| {
            let mut carry = false;
            for (grows_not, &matches) in grows_not.iter_mut().zip(matches) {
                let matched = *grows_not & matches;
                let (sum, overflows) = grows_not.overflowing_add(matched);
                let (sum, overflows_again) = sum.overflowing_add(u64::from(carry));
                carry = overflows || overflows_again;
                *grows_not = sum | (*grows_not & !matches);
            }
        });
    }
    // Bits past the end match nothing, and so stay 1.
    grows_not.iter().map(|word| word.count_zeros() as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn as_tuple(score: RougeScore) -> [f64; 3] {
        [score.precision, score.recall, score.f1]
    }

    /// Precision, recall and F1 of ROUGE-1, 2 and L by `rouge-score` 0.1.2, `use_stemmer=False`.
    #[test]
    fn scores_are_those_of_rouge_score() {
        for (text, reference, expected) in [
            (
                "The cat sat on the mat.",
                "The cat lay on the mat, purring.",
                [
                    [0.8333333333333334, 0.7142857142857143, 0.7692307692307692],
                    [0.6, 0.5, 0.5454545454545454],
                    [0.8333333333333334, 0.7142857142857143, 0.7692307692307692],
                ],
            ),
            ("", "", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
            ("", "a", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
            ("word", "Word!", [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]),
            (
                "Größe zählt — oder nicht?",
                "groesse zaehlt oder nicht",
                [[0.3333333333333333, 0.5, 0.4], [0.2, 0.3333333333333333, 0.25], [0.3333333333333333, 0.5, 0.4]],
            ),
            (
                "a b c d e f",
                "f e d c b a",
                [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.16666666666666666, 0.16666666666666666, 0.16666666666666666]],
            ),
            ("the the the the", "the cat the dog", [[0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]),
            (
                "It's 3.5% of $1,000; isn't it?",
                "it is 3.5 % of $ 1000 is it not",
                [
                    [0.5, 0.5555555555555556, 0.5263157894736842],
                    [0.2222222222222222, 0.25, 0.23529411764705882],
                    [0.5, 0.5555555555555556, 0.5263157894736842],
                ],
            ),
            ("one", "one", [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]),
            ("...", "!!!", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
            (
                "İstanbul KELVIN \u{212a}",
                "istanbul kelvin k",
                [
                    [0.5, 0.6666666666666666, 0.5714285714285715],
                    [0.3333333333333333, 0.5, 0.4],
                    [0.5, 0.6666666666666666, 0.5714285714285715],
                ],
            ),
        ] {
            let (text_words, reference_words) = (words(text), words(reference));
            let scores = [
                rouge_n(&text_words, &reference_words, 1),
                rouge_n(&text_words, &reference_words, 2),
                rouge_l(&text_words, &reference_words),
            ];
            for (score, expected) in scores.map(as_tuple).iter().flatten().zip(expected.iter().flatten()) {
                assert!((score - expected).abs() < 1e-12, "{text:?} and {reference:?}: {scores:?}");
            }
        }
    }

    #[test]
    fn long_texts_take_no_minutes() {
        let same = vec!["the".to_owned(); 100_000];
        let varied: Vec<String> = (0..100_000_u32).map(|index| (u64::from(index).pow(2) % 7919).to_string()).collect();
        assert_eq!(longest_common_subsequence(&same, &same), 100_000);
        assert_eq!(longest_common_subsequence(&varied, &varied[50_000..]), 50_000);
    }

    /// The table of the dynamic program, a student's version.
    fn by_table(one: &[u8], other: &[u8]) -> usize {
        let mut row = vec![0; other.len() + 1];
        for symbol in one {
            let mut diagonal = 0;
            for column in 1..=other.len() {
                let above = row[column];
                row[column] = if *symbol == other[column - 1] { diagonal + 1 } else { above.max(row[column - 1]) };
                diagonal = above;
            }
        }
        row[other.len()]
    }

    proptest! {
        #[test]
        fn the_subsequence_is_as_long_as_the_table_says(
            one in prop::collection::vec(0_u8..6, 0..200),
            other in prop::collection::vec(0_u8..6, 0..200),
        ) {
            let length = longest_common_subsequence(&one, &other);
            prop_assert_eq!(length, by_table(&one, &other));
            prop_assert_eq!(length, longest_common_subsequence(&other, &one));
        }

        #[test]
        fn a_text_is_all_of_itself_and_sides_swap(one in ".{0,40}", other in ".{0,40}") {
            let (one, other) = (words(&one), words(&other));
            for score in [rouge_n(&one, &other, 1), rouge_l(&one, &other)] {
                prop_assert!(as_tuple(score).iter().all(|value| (0.0..=1.0).contains(value)));
            }
            let swapped = rouge_l(&other, &one);
            prop_assert_eq!(swapped.precision, rouge_l(&one, &other).recall);
            prop_assert_eq!(rouge_l(&one, &one).f1, if one.is_empty() { 0.0 } else { 1.0 });
        }
    }
}
