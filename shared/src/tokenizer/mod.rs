//! Text to token ids and back, the same in the page, the worker, the trainer and the companion.
//!
//! A [`Vocabulary`] is plain data from a model file; [`Tokenizer`] is built from it once. Byte-level BPE (GPT-2,
//! Llama 3, Qwen, SmolLM2) runs on the `tokenizers` crate; SentencePiece merging by score (Llama 2, Gemma) is our own,
//! because the crate only takes merge lists, which such files don't have.

mod byte_level_bpe;
mod model_tokenizer;
mod pre_tokenizer;
mod sentencepiece;
mod special_tokens;
mod stop_matcher;
mod stream_decoder;
mod text_list;
mod vocabulary;

pub use model_tokenizer::{PlacedToken, SpecialTokens, Tokenizer};
pub use stop_matcher::{StopMatcher, Stopped};
pub use stream_decoder::StreamDecoder;
pub use text_list::TextList;
pub use vocabulary::{InvalidVocabulary, TokenKind, Vocabulary, VocabularyModel};
