//! What of a text is compared: the set of its shingles, which are three words in a row.

use xxhash_rust::xxh3::xxh3_64;

use crate::dataset::row::Row;

/// Words in a shingle.
const WORDS: usize = 3;

/// The set of a row's shingles as 32-bit hashes, in order and each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shingles {
    hashes: Vec<u32>,
}

impl Shingles {
    /// Of everything that a row's sample says. Case and punctuation make no difference; what has fewer than three words is
    /// one shingle.
    pub fn of_row(row: &Row) -> Self {
        let mut words = Words::default();
        row.sample.for_each_text(&mut |text| words.take(text));
        words.into_shingles()
    }

    /// Of a text.
    pub fn of_text(text: &str) -> Self {
        let mut words = Words::default();
        words.take(text);
        words.into_shingles()
    }

    /// The hashes.
    pub fn hashes(&self) -> &[u32] {
        &self.hashes
    }
}

/// The words of a text as hashes, in order; case and punctuation make no difference.
pub fn word_hashes(text: &str) -> Vec<u64> {
    let mut words = Words::default();
    words.take(text);
    words.hashes
}

/// How alike two sets are: what they share as a part of what either has (Jaccard), from 0 to 1.
pub fn similarity(one: &Shingles, other: &Shingles) -> f64 {
    let (mut left, mut right) = (one.hashes.iter().peekable(), other.hashes.iter().peekable());
    let mut shared = 0_usize;
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        match a.cmp(b) {
            std::cmp::Ordering::Less => _ = left.next(),
            std::cmp::Ordering::Greater => _ = right.next(),
            std::cmp::Ordering::Equal => {
                shared += 1;
                left.next();
                right.next();
            }
        }
    }
    let either = one.hashes.len() + other.hashes.len() - shared;
    if either == 0 { 1.0 } else { shared as f64 / either as f64 }
}

/// Words as hashes.
#[derive(Default)]
struct Words {
    hashes: Vec<u64>,
    word: String,
}

impl Words {
    fn take(&mut self, text: &str) {
        for character in text.chars() {
            if !character.is_alphanumeric() {
                self.end_word();
            } else if is_written_without_spaces(character) {
                self.end_word();
                self.word.push(character);
                self.end_word();
            } else if character.is_ascii() {
                self.word.push(character.to_ascii_lowercase());
            } else {
                self.word.extend(character.to_lowercase());
            }
        }
        self.end_word();
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.hashes.push(xxh3_64(self.word.as_bytes()));
            self.word.clear();
        }
    }

    fn into_shingles(self) -> Shingles {
        let mix = |words: &[u64]| {
            words.iter().fold(0_u64, |mixed, word| (mixed.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15))
        };
        let mut hashes: Vec<u32> = match self.hashes.len() {
            0 => Vec::new(),
            1..WORDS => vec![(mix(&self.hashes) >> 32) as u32],
            _ => self.hashes.windows(WORDS).map(|words| (mix(words) >> 32) as u32).collect(),
        };
        hashes.sort_unstable();
        hashes.dedup();
        Shingles { hashes }
    }
}

/// Scripts that put no spaces between words: Thai to Khmer, kana, Han. There a character counts as a word.
fn is_written_without_spaces(character: char) -> bool {
    matches!(character, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, expected: f64) {
        let found = similarity(&Shingles::of_text(one), &Shingles::of_text(other));
        assert!((found - expected).abs() < 1e-9, "{one} / {other}: {found}");
    }

    #[test]
    fn similarity_is_what_two_texts_share() {
        check("The cat sat on the mat.", "the CAT sat, on the mat", 1.0);
        check("a b c d", "a b c e", 1.0 / 3.0);
        check("yes", "no", 0.0);
        check("yes", "Yes!", 1.0);
        check("", "", 1.0);
        check("", "word", 0.0);
        check("今日は天気です", "今日は天気だ", 3.0 / 6.0);
        check("a b c a b c a b c", "a b c a b", 1.0);
    }
}
