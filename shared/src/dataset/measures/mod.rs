//! What can be measured of a row, one measure per file: a filter keeps rows by it, and a histogram shows it first. Most are
//! those by which large corpora are cleaned (Rae et al., "Scaling Language Models", 2021, A1.1).

mod alphabetic_share;
mod answer_words;
mod histogram;
mod prompt_words;
mod repeated_line_share;
mod repeated_phrase_share;
mod symbol_share;
mod turns;
mod word_letters;

use serde::{Deserialize, Serialize};

pub use self::histogram::Histogram;

use self::histogram::Scale;
use super::row::Row;

/// A measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Words of what is learned.
    AnswerWords,
    /// Words of what is not.
    PromptWords,
    /// Messages of the person.
    Turns,
    /// Mean length of a word.
    WordLetters,
    /// Words with a letter in them, as a part of all.
    AlphabeticShare,
    /// Characters that are no letters, digits or spaces, as a part of all.
    SymbolShare,
    /// Lines that came before, as a part of all.
    RepeatedLineShare,
    /// Phrases of four words that came before, as a part of all.
    RepeatedPhraseShare,
}

/// What each measure says of itself.
trait Known: Sync {
    /// What people call it, as it stands in a sentence.
    fn title(&self) -> &'static str;
    /// Which bins suit it.
    fn scale(&self) -> Scale;
    /// Its value; `None` where it has none.
    fn of(&self, texts: &Texts) -> Option<f64>;
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AnswerWords,
        Self::PromptWords,
        Self::Turns,
        Self::WordLetters,
        Self::AlphabeticShare,
        Self::SymbolShare,
        Self::RepeatedLineShare,
        Self::RepeatedPhraseShare,
    ];

    fn known(self) -> &'static dyn Known {
        match self {
            Self::AnswerWords => &answer_words::AnswerWords,
            Self::PromptWords => &prompt_words::PromptWords,
            Self::Turns => &turns::Turns,
            Self::WordLetters => &word_letters::WordLetters,
            Self::AlphabeticShare => &alphabetic_share::AlphabeticShare,
            Self::SymbolShare => &symbol_share::SymbolShare,
            Self::RepeatedLineShare => &repeated_line_share::RepeatedLineShare,
            Self::RepeatedPhraseShare => &repeated_phrase_share::RepeatedPhraseShare,
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        self.known().title()
    }

    /// Its value of a row; `None` where it has none.
    pub fn of(self, row: &Row) -> Option<f64> {
        self.known().of(&Texts::of(row))
    }

    /// The values of all of them that a row has.
    pub fn of_all(row: &Row) -> impl Iterator<Item = (Self, f64)> {
        let texts = Texts::of(row);
        Self::ALL.into_iter().filter_map(move |measure| Some((measure, measure.known().of(&texts)?)))
    }

    /// A histogram with the bins that suit it.
    pub fn empty_histogram(self) -> Histogram {
        Histogram::new(self.known().scale())
    }
}

/// A row's texts, by whether they are learned.
struct Texts {
    prompt: String,
    answer: String,
    turns: usize,
}

impl Texts {
    fn of(row: &Row) -> Self {
        let mut texts = Self { prompt: String::new(), answer: String::new(), turns: 0 };
        row.sample.for_each_part(&mut |text, is_learned| {
            let into = if is_learned { &mut texts.answer } else { &mut texts.prompt };
            if !into.is_empty() {
                into.push('\n');
            }
            into.push_str(text);
        });
        texts.turns = row.sample.turns();
        texts
    }
}

/// A part of a whole; `None` of nothing.
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::row::{Message, Role, Sample};

    fn check(measure: Measure, answer: &str, expected: Option<f64>) {
        let messages = vec![Message::new(Role::User, "one two"), Message::new(Role::Assistant, answer)];
        let found = measure.of(&Row::new(Sample::Conversation(messages)));
        let is_near = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            (found, expected) => found == expected,
        };
        assert!(is_near, "{measure:?} of {answer:?}: {found:?}, not {expected:?}");
    }

    #[test]
    fn measures_measure() {
        check(Measure::AnswerWords, "Yes, it is.", Some(3.0));
        check(Measure::AnswerWords, "", Some(0.0));
        check(Measure::PromptWords, "", Some(2.0));
        check(Measure::Turns, "", Some(1.0));
        check(Measure::WordLetters, "abcd ab", Some(3.0));
        check(Measure::WordLetters, "", None);
        check(Measure::AlphabeticShare, "a 1 2 b", Some(0.5));
        check(Measure::SymbolShare, "ab#!", Some(0.5));
        check(Measure::RepeatedLineShare, "a\nb\na\na", Some(0.5));
        check(Measure::RepeatedPhraseShare, "a b c d a b c d", Some(0.2));
        check(Measure::RepeatedPhraseShare, "a b c", None);
    }
}
