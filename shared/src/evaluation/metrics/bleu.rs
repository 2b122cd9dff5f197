//! BLEU: how many runs of one to four words a text shares with references (Papineni et al. 2002), counted as
//! `sacrebleu` does (Post 2018, "A Call for Clarity in Reporting BLEU Scores"): 13a tokens, exponential smoothing.

use std::collections::HashMap;

use super::runs::run_counts;

/// Words in the longest runs.
pub const MOST_RUN_WORDS: usize = 4;

/// BLEU of one text, from 0 to 1. Only run lengths that the text has count.
pub fn sentence_bleu(text: &str, references: &[&str]) -> f64 {
    let mut counts = MatchCounts::default();
    counts.add(text, references);
    counts.bleu(true)
}

/// BLEU of many texts together, from 0 to 1, each with references of its own. It isn't the mean of theirs.
pub fn corpus_bleu<'a>(texts: impl IntoIterator<Item = (&'a str, &'a [&'a str])>) -> f64 {
    let mut counts = MatchCounts::default();
    for (text, references) in texts {
        counts.add(text, references);
    }
    counts.bleu(false)
}

/// Less than 1 for a text that is shorter than its reference.
pub fn brevity_penalty(words: usize, reference_words: usize) -> f64 {
    match words {
        0 => 0.0,
        _ if words >= reference_words => 1.0,
        _ => (1.0 - reference_words as f64 / words as f64).exp(),
    }
}

/// The reference length nearest to a text's, the smaller of two equally near; 0 where there is none.
pub fn closest_length(words: usize, reference_words: impl IntoIterator<Item = usize>) -> usize {
    reference_words.into_iter().min_by_key(|&length| (length.abs_diff(words), length)).unwrap_or(0)
}

/// Runs that texts share with their references, summed over texts.
#[derive(Default)]
struct MatchCounts {
    matched: [usize; MOST_RUN_WORDS],
    total: [usize; MOST_RUN_WORDS],
    words: usize,
    reference_words: usize,
}

impl MatchCounts {
    fn add(&mut self, text: &str, references: &[&str]) {
        let words = tokens_13a(text);
        let references: Vec<Vec<String>> = references.iter().map(|reference| tokens_13a(reference)).collect();
        self.words += words.len();
        self.reference_words += closest_length(words.len(), references.iter().map(Vec::len));
        for length in 1..=MOST_RUN_WORDS {
            let mut available: HashMap<&[String], usize> = HashMap::new();
            for reference in &references {
                for (run, count) in run_counts(reference, length) {
                    let most = available.entry(run).or_default();
                    *most = count.max(*most);
                }
            }
            for (run, count) in run_counts(&words, length) {
                self.total[length - 1] += count;
                self.matched[length - 1] += available.get(run).map_or(0, |&most| most.min(count));
            }
        }
    }

    fn bleu(&self, only_lengths_that_occur: bool) -> f64 {
        if self.matched.iter().all(|&matched| matched == 0) {
            return 0.0;
        }
        let lengths = self.total.iter().take_while(|&&total| total > 0).count();
        if lengths < MOST_RUN_WORDS && !only_lengths_that_occur {
            return 0.0;
        }
        // Each length without a match counts as half as much of one as the one before (Chen and Cherry 2014, method 3).
        let mut smoothing = 1.0;
        let logarithms = self.matched.iter().zip(&self.total).take(lengths).map(|(&matched, &total)| {
            let matched = if matched == 0 {
                smoothing /= 2.0;
                smoothing
            } else {
                matched as f64
            };
            (matched / total as f64).ln()
        });
        let mean = logarithms.sum::<f64>() / lengths as f64;
        brevity_penalty(self.words, self.reference_words) * mean.exp()
    }
}

/// Tokens as `mteval-v13a` has them: signs apart from words, points and commas kept within numbers.
fn tokens_13a(text: &str) -> Vec<String> {
    let mut text = text.trim_end().replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    if text.contains('&') {
        text = text.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    }
    let characters: Vec<char> = format!(" {text} ").chars().collect();
    let mut spaced = Vec::with_capacity(characters.len() * 2);
    for character in characters {
        match character {
            '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/' => spaced.extend([' ', character, ' ']),
            other => spaced.push(other),
        }
    }
    let is_point = |character: char| matches!(character, '.' | ',');
    let is_digit = |character: char| character.is_ascii_digit();
    let spaced = with_spaces(&spaced, |one, other| !is_digit(one) && is_point(other), [false, true, true]);
    let spaced = with_spaces(&spaced, |one, other| is_point(one) && !is_digit(other), [true, true, false]);
    let spaced = with_spaces(&spaced, |one, other| is_digit(one) && other == '-', [false, true, true]);
    let spaced: String = spaced.into_iter().collect();
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Adds spaces before, between and after pairs of neighbours, looking at each character in one pair only.
fn with_spaces(characters: &[char], is_pair: impl Fn(char, char) -> bool, spaces: [bool; 3]) -> Vec<char> {
    let mut spaced = Vec::with_capacity(characters.len() * 2);
    let mut rest = characters;
    while let [one, tail @ ..] = rest {
        match tail {
            [other, after @ ..] if is_pair(*one, *other) => {
                let [before, between, at_end] = spaces;
                spaced.extend(before.then_some(' '));
                spaced.push(*one);
                spaced.extend(between.then_some(' '));
                spaced.push(*other);
                spaced.extend(at_end.then_some(' '));
                rest = after;
            }
            _ => {
                spaced.push(*one);
                rest = tail;
            }
        }
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts, references and 100 times BLEU by `sacrebleu` 2.6.0, `sentence_bleu`.
    const SENTENCES: [(&str, &[&str], f64); 11] = [
        ("The cat sat on the mat.", &["The cat lay on the mat, purring."], 24.177237023718654),
        ("The dog bit the man.", &["The dog bit the guy.", "The dog had bit the man."], 90.36020036098454),
        ("", &["a"], 0.0),
        ("word", &["word"], 100.00000000000004),
        ("word", &["other"], 0.0),
        ("Hello there", &["Hello there my friend"], 36.78794411714425),
        ("It's 3.5% of $1,000 &amp; more, isn't it?", &["It is 3.5 % of $ 1,000 & more, isn't it?"], 83.1353976469103),
        (
            "Größe zählt — oder nicht? \"Ja\", sagte er.",
            &["Größe zählt, oder nicht? «Ja», sagte er."],
            31.170906522700683,
        ),
        ("a b c d e f g h", &["a x c y e z g w", "b c q r"], 13.888095170058955),
        ("the the the the the the the", &["the cat is on the mat", "there is a cat on the mat"], 7.809849842300637),
        ("1990-95, e.g. 2.5-\n3 ... end.", &["1990 - 95, e.g. 2.5 3 ... the end."], 57.18728129629848),
    ];

    #[test]
    fn scores_of_sentences_are_those_of_sacrebleu() {
        for (text, references, expected) in SENTENCES {
            let score = 100.0 * sentence_bleu(text, references);
            assert!((score - expected).abs() < 1e-9, "{text:?}: {score} for {expected}");
        }
    }

    /// By `corpus_bleu` of the same.
    #[test]
    fn scores_of_a_corpus_are_those_of_sacrebleu() {
        let score = 100.0 * corpus_bleu(SENTENCES.map(|(text, references, _)| (text, references)));
        assert!((score - 47.603917105774705).abs() < 1e-9, "{score}");
        assert_eq!(corpus_bleu([("a b", &["a b"] as &[_])]), 0.0);
    }

    proptest! {
        #[test]
        fn a_text_is_all_of_itself(text in "[a-z.,0-9 é-]{0,40}", other in ".{0,40}") {
            let own = sentence_bleu(&text, &[&other, &text]);
            let expected = if text.trim().is_empty() { 0.0 } else { 1.0 };
            prop_assert!((own - expected).abs() < 1e-12);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&sentence_bleu(&text, &[&other])));
        }
    }
}
