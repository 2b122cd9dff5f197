//! How many edits lie between two texts.

use super::occurrences::{Occurrences, WORD_BITS};

/// The fewest insertions, deletions and replacements of a character (a Unicode scalar value) that turn one text into
/// the other.
///
/// Myers (1999), "A fast bit-vector algorithm for approximate string matching", in the block form of Hyyrö (2003).
pub fn distance(one: &str, other: &str) -> usize {
    let mut one: Vec<char> = one.chars().collect();
    let mut other: Vec<char> = other.chars().collect();
    let same_end = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    one.truncate(one.len() - same_end);
    other.truncate(other.len() - same_end);
    let same_start = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[same_start..], &other[same_start..]);
    if one.is_empty() || other.is_empty() {
        return one.len().max(other.len());
    }
    let occurrences = Occurrences::new(one);
    let words = occurrences.words();
    // Differences between neighbours in a column of the distance table: where it rises and where it falls.
    let (mut rises, mut falls) = (vec![u64::MAX; words], vec![0_u64; words]);
    let mut scratch = vec![0; words];
    let last_bit = 1_u64 << ((one.len() - 1) % WORD_BITS);
    let mut edits = one.len();
    for &character in other {
        occurrences.with_bits(character, &mut scratch, |matches| {
            // The table's first row rises by one with each column.
            let (mut rise_in, mut fall_in) = (1, 0);
            for (word, &matches) in matches.iter().enumerate() {
                let (rise, fall) = (rises[word], falls[word]);
                let vertical = matches | fall;
                let matches = matches | fall_in;
                let diagonal = (((matches & rise).wrapping_add(rise)) ^ rise) | matches;
                let mut row_rise = fall | !(diagonal | rise);
                let mut row_fall = rise & diagonal;
                if word + 1 == words {
                    edits += usize::from(row_rise & last_bit != 0);
                    edits -= usize::from(row_fall & last_bit != 0);
                }
                let (rise_out, fall_out) = (row_rise >> (WORD_BITS - 1), row_fall >> (WORD_BITS - 1));
                row_rise = (row_rise << 1) | rise_in;
                row_fall = (row_fall << 1) | fall_in;
                rises[word] = row_fall | !(vertical | row_rise);
                falls[word] = row_rise & vertical;
                (rise_in, fall_in) = (rise_out, fall_out);
            }
        });
    }
    edits
}

/// How alike two texts are, from 0 to 1: one minus their distance over the longer one's characters.
pub fn similarity(one: &str, other: &str) -> f64 {
    let longer = one.chars().count().max(other.chars().count());
    if longer == 0 { 1.0 } else { 1.0 - distance(one, other) as f64 / longer as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The table of Wagner and Fischer (1974), a student's version.
    fn by_table(one: &str, other: &str) -> usize {
        let other: Vec<char> = other.chars().collect();
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (index, character) in one.chars().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], index + 1);
            for column in 0..other.len() {
                let replaced = diagonal + usize::from(character != other[column]);
                diagonal = row[column + 1];
                row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
            }
        }
        row[other.len()]
    }

    #[test]
    fn known_distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "äöü"), 3);
        assert_eq!(distance("flaw", "lawn"), 2);
        assert_eq!(distance("😀a", "😁a"), 1);
        assert_eq!(similarity("", ""), 1.0);
        assert_eq!(similarity("abcd", "abxd"), 0.75);
    }

    #[test]
    fn long_texts_take_no_minutes() {
        let (one, other) = ("ab".repeat(50_000), "ba".repeat(50_000));
        assert_eq!(distance(&one, &other), 2);
        let unlike: String =
            (0..100_000_u32).map(|index| char::from(b'a' + (u64::from(index).pow(2) % 23) as u8)).collect();
        assert!(distance(&one, &unlike) > 50_000);
    }

    proptest! {
        #[test]
        fn it_is_what_the_table_says(one in "[abé]{0,150}", other in "[abé]{0,150}") {
            let edits = distance(&one, &other);
            prop_assert_eq!(edits, by_table(&one, &other));
            prop_assert_eq!(edits, distance(&other, &one));
            prop_assert_eq!(distance(&one, &one), 0);
            prop_assert!((0.0..=1.0).contains(&similarity(&one, &other)));
        }
    }
}
