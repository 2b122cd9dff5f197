//! Finding what can't stand in a JSON text as it is: most of the time of reading and writing goes into this.

/// How many bytes come before a quotation mark, a backslash or a control character.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let mark = |byte: u8| u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte < 0x20);
    let (blocks, _) = bytes.as_chunks::<32>();
    // Without a branch for each byte, compilers look at a whole block in one.
    let is_plain = |block: &&[u8; 32]| block.iter().fold(0, |marks, byte| marks | mark(*byte)) == 0;
    let plain = 32 * blocks.iter().take_while(is_plain).count();
    plain + plain_length_by_words(&bytes[plain..])
}

/// Eight bytes are looked at in one (Mycroft's test for a zero byte): of those that are marked in a word, the lowest is right,
/// and only others can be marked because of it.
fn plain_length_by_words(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let (quote, backslash) = (word ^ (EACH * b'"' as u64), word ^ (EACH * b'\\' as u64));
        let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word;
        let found = (below(word, 0x20) | below(quote, 1) | below(backslash, 1)) & HIGH;
        if found != 0 {
            return place * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
    bytes.len() - rest.len() + rest.iter().take_while(is_plain).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_what_a_look_at_each_byte_says(
            mut bytes in proptest::collection::vec(0x20..=255_u8, 0..200),
            place in 0..200_usize,
            special in 0..=255_u8,
        ) {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = special;
            }
            let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
            let expected = bytes.iter().position(is_special).unwrap_or(bytes.len());
            prop_assert_eq!(plain_length(&bytes), expected);
        }
    }
}
