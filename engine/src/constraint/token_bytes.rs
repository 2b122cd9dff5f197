//! A model's tokens as llguidance wants them: bytes in a trie, and a way from bytes to tokens.

use std::sync::Arc;

use llguidance::toktrie::{TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};
use shared::tokenizer::{SpecialTokens, Tokenizer};

/// The tokens of `tokenizer`, for a model whose logits are `[vocabulary_size]`: some have more than there are tokens.
/// `None` where no token ends an answer.
pub(super) fn token_environment(tokenizer: Arc<Tokenizer>, vocabulary_size: usize) -> Option<TokEnv> {
    let ends = tokenizer.end_of_generation();
    let info = TokRxInfo::new(vocabulary_size as u32, *ends.first()?);
    let words: Vec<Vec<u8>> = (0..vocabulary_size as u32).map(|id| bytes_of(&tokenizer, id)).collect();
    let trie = TokTrie::from(&info, &words).with_eos_tokens(ends);
    Some(Arc::new(TokenEnvironment { tokenizer, trie }))
}

/// No text has the marker's byte, so no text is taken for a control token.
fn bytes_of(tokenizer: &Tokenizer, id: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    if tokenizer.is_control(id) {
        bytes.push(TokTrie::SPECIAL_TOKEN_MARKER);
    }
    tokenizer.push_token_bytes(id, SpecialTokens::Parse, &mut bytes);
    bytes
}

struct TokenEnvironment {
    tokenizer: Arc<Tokenizer>,
    trie: TokTrie,
}

impl TokenizerEnv for TokenEnvironment {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        self.trie.tokenize_with_greedy_fallback(bytes, |text| {
            self.tokenizer.encode_continuation(text, SpecialTokens::AsText)
        })
    }
}
