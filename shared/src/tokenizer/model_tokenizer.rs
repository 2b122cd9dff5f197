//! One tokenizer for both families, special tokens included.

use std::ops::Range;

use super::byte_level_bpe::{self, ByteLevelBpe};
use super::sentencepiece::{self, SentencePiece};
use super::special_tokens::{Piece, SpecialTokens as SpecialTokenTable};
use super::vocabulary::{InvalidVocabulary, TokenKind, Vocabulary, VocabularyModel};

/// What to do with special tokens that are spelled out in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialTokens {
    /// Read them as the tokens they name: for rendered templates.
    Parse,
    /// They are just text: for anything a person or a data set wrote.
    AsText,
}

/// A token and the bytes of the text that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedToken {
    /// Its id.
    pub id: u32,
    /// Its bytes in the text. A character may be several tokens, so these need not be whole characters; a token that
    /// is not in the text, as a beginning of sequence that was added, has none.
    pub bytes: Range<usize>,
}

/// Turns text into token ids and back.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    vocabulary: Vocabulary,
    special: SpecialTokenTable,
    encoder: Encoder,
    end_of_generation: Vec<u32>,
}

#[derive(Clone, Debug)]
enum Encoder {
    ByteLevelBpe(Box<ByteLevelBpe>),
    SentencePiece(SentencePiece),
}

/// Texts of control tokens that end an answer in the families we know, whatever the file names as its end.
const END_OF_GENERATION: [&str; 7] =
    ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<|end|>"];

impl Tokenizer {
    /// Builds the tables that encoding needs.
    ///
    /// # Errors
    /// The vocabulary contradicts itself or uses a pre-tokenizer we don't know.
    pub fn new(mut vocabulary: Vocabulary) -> Result<Self, InvalidVocabulary> {
        vocabulary.check()?;
        let encoder = match &mut vocabulary.model {
            VocabularyModel::ByteLevelBpe { pre_tokenizer, merges } => {
                // The encoder has its own tables; the list of merges is not kept twice.
                let merges = std::mem::take(merges);
                Encoder::ByteLevelBpe(Box::new(ByteLevelBpe::new(&vocabulary.tokens, &merges, pre_tokenizer)?))
            }
            VocabularyModel::SentencePiece { .. } => Encoder::SentencePiece(SentencePiece::new(&vocabulary)),
        };
        let mut end_of_generation: Vec<u32> =
            [vocabulary.end_of_sequence, vocabulary.end_of_turn].into_iter().flatten().collect();
        for (id, text) in vocabulary.tokens.iter().enumerate() {
            if vocabulary.kinds[id] == TokenKind::Control && END_OF_GENERATION.contains(&text) {
                end_of_generation.push(id as u32);
            }
        }
        Ok(Self { special: SpecialTokenTable::new(&vocabulary), encoder, end_of_generation, vocabulary })
    }

    /// The ids of `text`, nothing added.
    pub fn encode(&self, text: &str, special: SpecialTokens) -> Vec<u32> {
        self.encode_after(true, text, special)
    }

    /// The ids of `text` where it goes on after other text: nothing is added, no space before it either.
    pub fn encode_continuation(&self, text: &str, special: SpecialTokens) -> Vec<u32> {
        self.encode_after(false, text, special)
    }

    fn encode_after(&self, mut after_special: bool, text: &str, special: SpecialTokens) -> Vec<u32> {
        let mut ids = Vec::new();
        self.special.split(text, special == SpecialTokens::Parse, |piece| match piece {
            Piece::Token(id) => {
                ids.push(id);
                after_special = true;
            }
            Piece::Text(text) => {
                match &self.encoder {
                    Encoder::ByteLevelBpe(encoder) => encoder.encode(text, &mut ids),
                    Encoder::SentencePiece(encoder) => {
                        self.encode_pieces(encoder, after_special, text, |id, _| ids.push(id));
                    }
                }
                after_special = false;
            }
        });
        ids
    }

    /// Gives every token of ordinary `text` to `token`, with its bytes in `text`.
    fn encode_pieces(
        &self,
        encoder: &SentencePiece,
        after_special: bool,
        text: &str,
        mut token: impl FnMut(u32, Range<usize>),
    ) {
        let VocabularyModel::SentencePiece { scores } = &self.vocabulary.model else {
            unreachable!("the encoder is built from the model")
        };
        if self.vocabulary.adds_space_prefix && after_special {
            encoder.encode(&self.vocabulary, scores, &format!(" {text}"), |id, bytes| {
                // The space before the text is not in it.
                token(id, bytes.start.saturating_sub(1)..bytes.end.saturating_sub(1));
            });
        } else {
            encoder.encode(&self.vocabulary, scores, text, token);
        }
    }

    /// The tokens of a prompt, as [`Self::encode_prompt`] gives them, with the bytes of `text` that each stands for.
    pub fn encode_prompt_with_places(&self, text: &str, special: SpecialTokens) -> Vec<PlacedToken> {
        let mut tokens = Vec::new();
        let mut after_special = true;
        let mut start = 0;
        self.special.split(text, special == SpecialTokens::Parse, |piece| match piece {
            Piece::Token(id) => {
                let end = start + self.token_text(id).map_or(0, str::len);
                tokens.push(PlacedToken { id, bytes: start..end });
                (start, after_special) = (end, true);
            }
            Piece::Text(text) => {
                match &self.encoder {
                    Encoder::ByteLevelBpe(encoder) => {
                        let mut ids = Vec::new();
                        encoder.encode(text, &mut ids);
                        self.place(text, start, ids, &mut tokens);
                    }
                    Encoder::SentencePiece(encoder) => {
                        self.encode_pieces(encoder, after_special, text, |id, bytes| {
                            tokens.push(PlacedToken { id, bytes: start + bytes.start..start + bytes.end });
                        });
                    }
                }
                (start, after_special) = (start + text.len(), false);
            }
        });
        if let Some(id) = self.missing_beginning(tokens.first().map(|token| token.id)) {
            tokens.insert(0, PlacedToken { id, bytes: 0..0 });
        }
        tokens
    }

    /// Finds the bytes of byte-level tokens, which spell `text` except for bytes that a vocabulary lacks.
    fn place(&self, text: &str, start: usize, ids: Vec<u32>, tokens: &mut Vec<PlacedToken>) {
        let mut position = 0;
        let mut spelled = Vec::new();
        for id in ids {
            spelled.clear();
            self.push_token_bytes(id, SpecialTokens::Parse, &mut spelled);
            let rest = &text.as_bytes()[position..];
            let dropped = (0..=rest.len().saturating_sub(spelled.len())).find(|&at| rest[at..].starts_with(&spelled));
            let from = position + dropped.unwrap_or(0);
            position = (from + spelled.len()).min(text.len());
            tokens.push(PlacedToken { id, bytes: start + from..start + position });
        }
    }

    /// The ids of a prompt: the beginning-of-sequence token where the model wants one (and `text` does not spell it
    /// out itself), then `text`.
    pub fn encode_prompt(&self, text: &str, special: SpecialTokens) -> Vec<u32> {
        let ids = self.encode(text, special);
        match self.missing_beginning(ids.first().copied()) {
            Some(beginning) => std::iter::once(beginning).chain(ids).collect(),
            None => ids,
        }
    }

    /// The beginning-of-sequence token, where the model wants one and `first` is another.
    fn missing_beginning(&self, first: Option<u32>) -> Option<u32> {
        self.vocabulary
            .beginning_of_sequence
            .filter(|&beginning| self.vocabulary.adds_beginning_of_sequence && first != Some(beginning))
    }

    /// The text of `ids`; control tokens are left out, broken UTF-8 becomes U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.decode_bytes(ids, SpecialTokens::AsText)
    }

    /// The text of `ids` with control tokens spelled out.
    pub fn decode_with_special(&self, ids: &[u32]) -> String {
        self.decode_bytes(ids, SpecialTokens::Parse)
    }

    fn decode_bytes(&self, ids: &[u32], special: SpecialTokens) -> String {
        let mut bytes = Vec::new();
        for &id in ids {
            self.push_token_bytes(id, special, &mut bytes);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // The space that encoding put before the text is not part of it.
        let strip = self.vocabulary.adds_space_prefix && ids.first().is_some_and(|&id| !self.is_control(id));
        if strip { text.strip_prefix(' ').map_or(text.clone(), str::to_owned) } else { text }
    }

    /// Appends the bytes of token `id`. With [`SpecialTokens::Parse`] control tokens are spelled out, else they have
    /// none.
    pub fn push_token_bytes(&self, id: u32, special: SpecialTokens, bytes: &mut Vec<u8>) {
        let Some(spelling) = self.vocabulary.tokens.get(id as usize) else { return };
        match (self.vocabulary.kinds[id as usize], &self.encoder) {
            (TokenKind::Control | TokenKind::Unknown, _) => {
                if special == SpecialTokens::Parse {
                    bytes.extend_from_slice(spelling.as_bytes());
                }
            }
            (TokenKind::UserDefined, _) => bytes.extend_from_slice(spelling.as_bytes()),
            (TokenKind::Byte, _) => match sentencepiece::byte_of(spelling) {
                Some(byte) => bytes.push(byte),
                None => bytes.extend_from_slice(spelling.as_bytes()),
            },
            (_, Encoder::ByteLevelBpe(_)) => byte_level_bpe::push_bytes(spelling, bytes),
            (_, Encoder::SentencePiece(_)) => {
                bytes.extend_from_slice(spelling.replace(sentencepiece::SPACE, " ").as_bytes());
            }
        }
    }

    /// How the model file spells token `id`.
    pub fn token_text(&self, id: u32) -> Option<&str> {
        self.vocabulary.tokens.get(id as usize)
    }

    /// True for tokens that are no text.
    pub fn is_control(&self, id: u32) -> bool {
        matches!(self.vocabulary.kinds.get(id as usize), Some(TokenKind::Control | TokenKind::Unknown))
    }

    /// Tokens that end an answer, the one that the model file names first.
    pub fn end_of_generation(&self) -> &[u32] {
        &self.end_of_generation
    }

    /// True for tokens that end an answer.
    pub fn is_end_of_generation(&self, id: u32) -> bool {
        self.end_of_generation.contains(&id)
    }

    /// Number of tokens.
    pub fn vocabulary_size(&self) -> usize {
        self.vocabulary.tokens.len()
    }

    /// The token that ends a sequence, if the file names one.
    pub fn end_of_sequence(&self) -> Option<u32> {
        self.vocabulary.end_of_sequence
    }

    /// How the beginning-of-sequence token is spelled; empty where there is none.
    pub fn beginning_of_sequence_text(&self) -> &str {
        self.special_text(self.vocabulary.beginning_of_sequence)
    }

    /// How the end-of-sequence token is spelled; empty where there is none.
    pub fn end_of_sequence_text(&self) -> &str {
        self.special_text(self.vocabulary.end_of_sequence)
    }

    fn special_text(&self, id: Option<u32>) -> &str {
        id.and_then(|id| self.token_text(id)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::TextList;

    fn sentencepiece() -> Tokenizer {
        let mut tokens: Vec<String> = ["<unk>", "<bos>", "<eos>", "\n\n"].map(str::to_owned).to_vec();
        let mut kinds = vec![TokenKind::Unknown, TokenKind::Control, TokenKind::Control, TokenKind::UserDefined];
        for byte in 0..=255_u8 {
            tokens.push(format!("<0x{byte:02X}>"));
            kinds.push(TokenKind::Byte);
        }
        let mut scores = vec![0.0; tokens.len()];
        for (rank, text) in ["a", "b", "c", "▁", "ab", "bc", "▁a", "abc", "▁ab"].into_iter().enumerate() {
            tokens.push(text.to_owned());
            kinds.push(TokenKind::Normal);
            scores.push(-(rank as f32));
        }
        Tokenizer::new(Vocabulary {
            model: VocabularyModel::SentencePiece { scores },
            tokens: tokens.iter().map(String::as_str).collect(),
            kinds,
            beginning_of_sequence: Some(1),
            end_of_sequence: Some(2),
            unknown: Some(0),
            adds_beginning_of_sequence: true,
            ..Vocabulary::default()
        })
        .unwrap()
    }

    fn byte_level() -> Tokenizer {
        let mut tokens: Vec<String> = vec!["<|im_end|>".to_owned()];
        let mut kinds = vec![TokenKind::Control];
        for code in (0x21..=0x7E).chain(0xA1..=0xAC).chain(0xAE..=0x143) {
            tokens.extend(char::from_u32(code).map(String::from));
            kinds.push(TokenKind::Normal);
        }
        let merges = ["a b", "Ġ ab", "1 2"];
        for merge in merges {
            tokens.push(merge.replace(' ', ""));
            kinds.push(TokenKind::Normal);
        }
        Tokenizer::new(Vocabulary {
            model: VocabularyModel::ByteLevelBpe {
                pre_tokenizer: "smollm".to_owned(),
                merges: merges.into_iter().collect(),
            },
            tokens: tokens.iter().map(String::as_str).collect(),
            kinds,
            end_of_sequence: Some(0),
            ..Vocabulary::default()
        })
        .unwrap()
    }

    fn spelled(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
        let ids = tokenizer.encode(text, SpecialTokens::AsText);
        ids.iter().map(|&id| tokenizer.token_text(id).unwrap().to_owned()).collect()
    }

    #[test]
    fn sentencepiece_merges_the_best_pair_first() {
        let tokenizer = sentencepiece();
        assert_eq!(spelled(&tokenizer, "abc"), ["abc"]);
        assert_eq!(spelled(&tokenizer, " abab"), ["▁ab", "ab"]);
        assert_eq!(spelled(&tokenizer, "bcé"), ["bc", "<0xC3>", "<0xA9>"]);
        assert_eq!(spelled(&tokenizer, "a\n\nb"), ["a", "\n\n", "b"]);
        assert_eq!(tokenizer.encode_prompt("<bos>", SpecialTokens::Parse), [1]);
        assert_eq!(tokenizer.encode_prompt("", SpecialTokens::AsText), [1]);
    }

    #[test]
    fn byte_level_merges_within_words() {
        let tokenizer = byte_level();
        assert_eq!(spelled(&tokenizer, "ab ab"), ["ab", "Ġab"]);
        assert_eq!(spelled(&tokenizer, "12"), ["1", "2"], "smollm keeps digits apart");
        assert_eq!(tokenizer.encode("a<|im_end|>", SpecialTokens::Parse).last(), Some(&0));
        assert_eq!(tokenizer.encode("<|im_end|>", SpecialTokens::AsText).len(), 10);
        assert!(tokenizer.is_end_of_generation(0) && !tokenizer.is_end_of_generation(1));
    }

    #[test]
    fn a_broken_vocabulary_says_what_is_wrong() {
        let tokens: TextList = ["a"].into_iter().collect();
        let vocabulary = Vocabulary { tokens, kinds: vec![TokenKind::Normal], ..Vocabulary::default() };
        assert_eq!(Tokenizer::new(vocabulary.clone()).unwrap_err().to_string(), "there are 1 tokens, but 0 scores");
        let scores = VocabularyModel::SentencePiece { scores: vec![0.0] };
        let outside = Vocabulary { model: scores, end_of_sequence: Some(5), ..vocabulary.clone() };
        assert!(Tokenizer::new(outside).unwrap_err().to_string().contains("has id 5"));
        let model = VocabularyModel::ByteLevelBpe { pre_tokenizer: "odd".to_owned(), merges: TextList::default() };
        let odd = Vocabulary { model, ..vocabulary };
        assert!(Tokenizer::new(odd).unwrap_err().to_string().contains("\"odd\" is not known"));
    }

    #[test]
    fn tokens_know_their_bytes() {
        let places = |tokenizer: &Tokenizer, text: &str| -> Vec<Range<usize>> {
            let tokens = tokenizer.encode_prompt_with_places(text, SpecialTokens::Parse);
            tokens.into_iter().map(|token| token.bytes).collect()
        };
        assert_eq!(places(&byte_level(), "ab é<|im_end|>"), [0..2, 2..3, 3..4, 4..5, 5..15]);
        assert_eq!(places(&sentencepiece(), "<bos> abé\n\nc"), [0..5, 5..8, 8..9, 9..10, 10..12, 12..13]);
        assert_eq!(places(&sentencepiece(), "ab"), [0..0, 0..2], "the beginning that was added is not in the text");
        let mut prefixed = sentencepiece();
        prefixed.vocabulary.adds_space_prefix = true;
        assert_eq!(places(&prefixed, "ab c"), [0..0, 0..2, 2..3, 3..4], "nor is the space");
        assert_eq!(places(&prefixed, "\u{2581}b"), [0..0, 0..0, 0..3, 3..4], "a text may have the space's stand-in");
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back(text in ".*") {
            for tokenizer in [sentencepiece(), byte_level()] {
                let ids = tokenizer.encode(&text, SpecialTokens::AsText);
                proptest::prop_assert_eq!(tokenizer.decode(&ids), text.clone());
            }
        }

        #[test]
        fn places_follow_one_another_and_are_of_the_same_tokens(text in "([abc <>é\u{2581}\n]|<bos>|<\\|im_end\\|>)*") {
            let mut prefixed = sentencepiece();
            prefixed.vocabulary.adds_space_prefix = true;
            for tokenizer in [sentencepiece(), byte_level(), prefixed] {
                let tokens = tokenizer.encode_prompt_with_places(&text, SpecialTokens::Parse);
                let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
                proptest::prop_assert_eq!(ids, tokenizer.encode_prompt(&text, SpecialTokens::Parse));
                let mut end = 0;
                for token in tokens {
                    proptest::prop_assert_eq!(token.bytes.start, end);
                    end = token.bytes.end;
                }
                proptest::prop_assert_eq!(end, text.len());
            }
        }
    }
}
