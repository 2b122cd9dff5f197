//! Text from a stream of tokens: a character that spans several tokens is held back until it is whole.

use super::model_tokenizer::{SpecialTokens, Tokenizer};

/// Turns tokens into text as they come. Control tokens have no text.
#[derive(Clone, Debug, Default)]
pub struct StreamDecoder {
    bytes: Vec<u8>,
}

impl StreamDecoder {
    /// The text that `id` completes; empty while a character is incomplete.
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> String {
        tokenizer.push_token_bytes(id, SpecialTokens::AsText, &mut self.bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.bytes) {
                Ok(valid) => {
                    text.push_str(valid);
                    self.bytes.clear();
                    return text;
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    text.push_str(&String::from_utf8_lossy(&self.bytes[..valid]));
                    match error.error_len() {
                        // The rest may become a character with the next token.
                        None => {
                            self.bytes.drain(..valid);
                            return text;
                        }
                        Some(length) => {
                            text.push(char::REPLACEMENT_CHARACTER);
                            self.bytes.drain(..valid + length);
                        }
                    }
                }
            }
        }
    }

    /// What is left at the end: U+FFFD for a character that never became whole.
    pub fn finish(&mut self) -> String {
        let rest = String::from_utf8_lossy(&self.bytes).into_owned();
        self.bytes.clear();
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::{TextList, TokenKind, Vocabulary, VocabularyModel};

    #[test]
    fn characters_come_whole() {
        let tokens: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
        let tokenizer = Tokenizer::new(Vocabulary {
            model: VocabularyModel::SentencePiece { scores: vec![0.0; 256] },
            tokens: tokens.iter().map(String::as_str).collect::<TextList>(),
            kinds: vec![TokenKind::Byte; 256],
            ..Vocabulary::default()
        })
        .unwrap();
        let mut decoder = StreamDecoder::default();
        let mut pieces: Vec<String> = "é😀x".bytes().map(|byte| decoder.push(&tokenizer, u32::from(byte))).collect();
        pieces.push(decoder.push(&tokenizer, 0xFF));
        pieces.push(decoder.push(&tokenizer, 0xE2));
        pieces.push(decoder.finish());
        assert_eq!(pieces, ["", "é", "", "", "", "😀", "x", "\u{FFFD}", "", "\u{FFFD}"]);
    }
}
