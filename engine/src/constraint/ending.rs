//! How an answer comes to its end when few tokens are left: a small model can go round in circles, deeper into a schema
//! that refers to itself or along digits that nothing limits, and an answer that is cut there is no JSON.
//!
//! Only tokens that the grammar allows are preferred, so what comes out is what the schema asks for as ever.

use llguidance::toktrie::TokTrie;

use super::AllowedTokens;

/// Sets of tokens that bring an answer nearer to its end.
pub(super) struct Ending {
    /// Those that end it.
    ends: AllowedTokens,
    /// A quote, and brackets that close after it.
    quotes: AllowedTokens,
    /// Brackets that close.
    brackets: AllowedTokens,
    /// Those that open no bracket and add no digit.
    plain: AllowedTokens,
    /// A letter that no JSON outside of quotes begins with.
    letter: Option<u32>,
}

impl Ending {
    pub(super) fn new(trie: &TokTrie) -> Self {
        let tokens = 0..trie.vocab_size() as u32;
        let set = |holds: &dyn Fn(&[u8]) -> bool| AllowedTokens::of(tokens.clone().filter(|&id| holds(trie.token(id))));
        let closes = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(|byte| b"]}".contains(byte));
        Self {
            ends: AllowedTokens::of(trie.eos_tokens().iter().copied()),
            quotes: set(&|bytes| bytes.strip_prefix(b"\"").is_some_and(|rest| rest.is_empty() || closes(rest))),
            brackets: set(&closes),
            plain: set(&|bytes| !bytes.iter().any(|byte| b"[{".contains(byte) || byte.is_ascii_digit())),
            letter: tokens.clone().find(|&id| trie.token(id) == b"a"),
        }
    }

    /// Those of the `allowed` tokens that end soonest.
    pub(super) fn prefer(&self, allowed: AllowedTokens) -> AllowedTokens {
        // In quotes a bracket is text like any other; outside of them a quote may begin something new.
        let in_quotes = self.letter.is_some_and(|letter| allowed.contains(letter));
        let [first, second] = if in_quotes { [&self.quotes, &self.brackets] } else { [&self.brackets, &self.quotes] };
        [&self.ends, first, second, &self.plain].into_iter().find_map(|set| allowed.and(set)).unwrap_or(allowed)
    }
}
