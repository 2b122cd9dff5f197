//! Byte-level BPE: the `tokenizers` crate merges, and a table turns its printable alphabet back into bytes.

use tokenizers::models::bpe::BPE;
use tokenizers::tokenizer::Tokenizer;

use super::pre_tokenizer;
use super::text_list::TextList;
use super::vocabulary::InvalidVocabulary;

/// Encodes ordinary text (no special tokens).
#[derive(Clone, Debug)]
pub(super) struct ByteLevelBpe {
    tokenizer: Tokenizer,
}

impl ByteLevelBpe {
    pub(super) fn new(tokens: &TextList, merges: &TextList, pre_tokenizer: &str) -> Result<Self, InvalidVocabulary> {
        let vocabulary: ahash::AHashMap<String, u32> =
            tokens.iter().enumerate().map(|(id, text)| (text.to_owned(), id as u32)).collect();
        let pairs: Vec<(String, String)> = merges
            .iter()
            .map(|merge| {
                // A half may itself begin with a space's stand-in, never with a space: the first one separates.
                let (left, right) = merge.split_once(' ').ok_or_else(|| {
                    InvalidVocabulary::Merges(format!("{merge:?} is not two texts separated by a space"))
                })?;
                Ok((left.to_owned(), right.to_owned()))
            })
            .collect::<Result<_, InvalidVocabulary>>()?;
        let model = BPE::builder()
            .vocab_and_merges(vocabulary, pairs)
            .cache_capacity(4096)
            .build()
            .map_err(|error| InvalidVocabulary::Merges(error.to_string()))?;
        let mut tokenizer = Tokenizer::new(model);
        tokenizer.with_pre_tokenizer(Some(pre_tokenizer::named(pre_tokenizer)?));
        Ok(Self { tokenizer })
    }

    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        // Every byte has a token in such a vocabulary, so encoding can't fail for lack of one; should a broken file
        // lack some, those bytes are dropped as in the reference implementation.
        if let Ok(encoding) = self.tokenizer.encode_fast(text, false) {
            ids.extend_from_slice(encoding.get_ids());
        }
    }
}

/// Appends the bytes that a token's spelling stands for (Radford et al. 2019: printable Latin-1 stands for itself, the
/// other bytes for U+0100 onwards, in order).
pub(super) fn push_bytes(spelling: &str, bytes: &mut Vec<u8>) {
    for character in spelling.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

fn byte_of(character: char) -> Option<u8> {
    match character as u32 {
        code @ (0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF) => Some(code as u8),
        code @ 0x100..=0x120 => Some((code - 0x100) as u8),
        code @ 0x121..=0x142 => Some((code - 0x121 + 0x7F) as u8),
        0x143 => Some(0xAD),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_covers_every_byte_once() {
        let mut seen = [false; 256];
        for code in 0..0x200 {
            if let Some(byte) = char::from_u32(code).and_then(byte_of) {
                assert!(!std::mem::replace(&mut seen[usize::from(byte)], true), "byte {byte} has two characters");
            }
        }
        assert!(seen.iter().all(|seen| *seen));
        let mut bytes = Vec::new();
        push_bytes("ĠHiĊ", &mut bytes);
        assert_eq!(bytes, b" Hi\n");
    }
}
