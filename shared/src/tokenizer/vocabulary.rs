//! What a model file says about its tokens.

use super::text_list::TextList;

/// What a model file says about its tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vocabulary {
    /// How text becomes tokens.
    pub model: VocabularyModel,
    /// The texts, by id, as the file spells them.
    pub tokens: TextList,
    /// What each token is, by id; as long as `tokens`.
    pub kinds: Vec<TokenKind>,
    /// Begins a sequence.
    pub beginning_of_sequence: Option<u32>,
    /// Ends a sequence.
    pub end_of_sequence: Option<u32>,
    /// Ends a turn, where the file names such a token.
    pub end_of_turn: Option<u32>,
    /// Stands for what has no token.
    pub unknown: Option<u32>,
    /// A prompt begins with the beginning-of-sequence token.
    pub adds_beginning_of_sequence: bool,
    /// Text is encoded as if a space stood before it.
    pub adds_space_prefix: bool,
}

/// How text becomes tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum VocabularyModel {
    /// Byte-level BPE (GGUF: `gpt2`).
    ByteLevelBpe {
        /// How text is cut before merging, by llama.cpp's name (`tokenizer.ggml.pre`).
        pre_tokenizer: String,
        /// Pairs to merge, best first, the two halves separated by a space.
        merges: TextList,
    },
    /// SentencePiece BPE, merged by score, with bytes for what has no token (GGUF: `llama`).
    SentencePiece {
        /// By id; higher merges first.
        scores: Vec<f32>,
    },
}

impl Default for VocabularyModel {
    fn default() -> Self {
        Self::SentencePiece { scores: Vec::new() }
    }
}

/// What a token is (GGUF: `tokenizer.ggml.token_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Part of text.
    Normal,
    /// Stands for what has no token.
    Unknown,
    /// Steers the model and is no text: `<|im_start|>`.
    Control,
    /// Text that is always one token.
    UserDefined,
    /// Never used.
    Unused,
    /// One byte, spelled `<0xHH>`.
    Byte,
}

impl TokenKind {
    /// The kind with this number in a GGUF file; numbers unknown are normal, as in llama.cpp.
    pub fn from_gguf(number: i64) -> Self {
        match number {
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => Self::Normal,
        }
    }
}

/// A vocabulary that no tokenizer can be built from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVocabulary {
    /// Lists that should be equally long are not.
    #[error("there are {tokens} tokens, but {other} {what}")]
    Lengths {
        /// Number of tokens.
        tokens: usize,
        /// What there is a different number of.
        what: &'static str,
        /// Their number.
        other: usize,
    },
    /// A special token's id is outside the vocabulary.
    #[error("the {what} token has id {id}, but there are only {tokens} tokens")]
    Id {
        /// Which special token.
        what: &'static str,
        /// Its id.
        id: u32,
        /// Number of tokens.
        tokens: usize,
    },
    /// The pre-tokenizer is not known.
    #[error("the pre-tokenizer {0:?} is not known; known are {known}", known = super::pre_tokenizer::NAMES.join(", "))]
    PreTokenizer(String),
    /// The merges can't be used.
    #[error("the list of merges can't be used: {0}")]
    Merges(String),
}

impl Vocabulary {
    /// Checks that lists are equally long and ids inside.
    pub(super) fn check(&self) -> Result<(), InvalidVocabulary> {
        let tokens = self.tokens.len();
        let same_length = |what, other| {
            if other == tokens { Ok(()) } else { Err(InvalidVocabulary::Lengths { tokens, what, other }) }
        };
        same_length("token types", self.kinds.len())?;
        if let VocabularyModel::SentencePiece { scores } = &self.model {
            same_length("scores", scores.len())?;
        }
        for (what, id) in [
            ("beginning-of-sequence", self.beginning_of_sequence),
            ("end-of-sequence", self.end_of_sequence),
            ("end-of-turn", self.end_of_turn),
            ("unknown", self.unknown),
        ] {
            if let Some(id) = id.filter(|&id| id as usize >= tokens) {
                return Err(InvalidVocabulary::Id { what, id, tokens });
            }
        }
        Ok(())
    }
}
