//! Finds the tokens that are matched in text before anything else.

use std::collections::HashMap;

use super::vocabulary::{TokenKind, Vocabulary};

/// Special tokens by their text.
#[derive(Clone, Debug)]
pub(super) struct SpecialTokens {
    by_text: HashMap<Vec<u8>, Special>,
    /// Lengths that occur, by first byte, longest first.
    lengths_by_first_byte: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, Debug)]
struct Special {
    id: u32,
    is_control: bool,
}

/// A stretch of text or a special token in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Token(u32),
}

impl SpecialTokens {
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let mut by_text = HashMap::new();
        let mut lengths_by_first_byte = vec![Vec::new(); 256];
        for (id, (text, kind)) in vocabulary.tokens.iter().zip(&vocabulary.kinds).enumerate() {
            let is_control = match kind {
                TokenKind::Control | TokenKind::Unknown => true,
                TokenKind::UserDefined => false,
                _ => continue,
            };
            let Some(&first) = text.as_bytes().first() else { continue };
            by_text.insert(text.as_bytes().to_vec(), Special { id: id as u32, is_control });
            let lengths: &mut Vec<usize> = &mut lengths_by_first_byte[usize::from(first)];
            if !lengths.contains(&text.len()) {
                lengths.push(text.len());
            }
        }
        for lengths in &mut lengths_by_first_byte {
            lengths.sort_unstable_by(|a, b| b.cmp(a));
        }
        Self { by_text, lengths_by_first_byte }
    }

    /// Cuts `text` at its special tokens, leftmost and longest first. Control tokens are only seen with
    /// `parse_control`.
    pub(super) fn split<'a>(&self, text: &'a str, parse_control: bool, mut piece: impl FnMut(Piece<'a>)) {
        let bytes = text.as_bytes();
        let mut text_start = 0;
        let mut position = 0;
        while position < bytes.len() {
            let found = self.lengths_by_first_byte[usize::from(bytes[position])].iter().find_map(|&length| {
                let special = self.by_text.get(bytes.get(position..position + length)?)?;
                (parse_control || !special.is_control).then_some((special.id, length))
            });
            let Some((id, length)) = found else {
                position += 1;
                continue;
            };
            if text_start < position {
                piece(Piece::Text(&text[text_start..position]));
            }
            piece(Piece::Token(id));
            position += length;
            text_start = position;
        }
        if text_start < text.len() {
            piece(Piece::Text(&text[text_start..]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_token_wins_and_control_tokens_need_leave() {
        let vocabulary = Vocabulary {
            tokens: ["<a>", "<a><b>", "\n\n", "x"].into_iter().collect(),
            kinds: vec![TokenKind::Control, TokenKind::Control, TokenKind::UserDefined, TokenKind::Normal],
            ..Vocabulary::default()
        };
        let special = SpecialTokens::new(&vocabulary);
        let split = |text, parse| {
            let mut pieces = Vec::new();
            special.split(text, parse, |piece| pieces.push(piece));
            pieces
        };
        use Piece::{Text, Token};
        assert_eq!(split("ä<a><b>x\n\n\n", true), [Text("ä"), Token(1), Text("x"), Token(2), Text("\n")]);
        assert_eq!(split("<a>x", false), [Text("<a>x")]);
        assert_eq!(split("", true), []);
    }
}
