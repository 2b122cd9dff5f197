//! Constrained decoding: at each step only tokens are allowed with which the answer can still become what was asked.
//!
//! [`Grammars`] belongs to a model and knows its tokens; it turns an [`OutputConstraint`] into a [`Constraint`], which
//! belongs to one answer and goes along with it, token by token. The parser is llguidance's.

mod ending;
mod grammars;
mod token_bytes;

use std::sync::Arc;

use llguidance::Matcher;

use crate::error::EngineError;
use ending::Ending;

pub(crate) use grammars::Grammars;

/// What an answer may still become.
pub(crate) struct Constraint {
    matcher: Matcher,
    ending: Arc<Ending>,
}

/// Tokens that may come next, one bit each.
pub(crate) struct AllowedTokens(Vec<u32>);

impl AllowedTokens {
    fn of(tokens: impl IntoIterator<Item = u32>) -> Self {
        let mut words = Vec::new();
        for token in tokens {
            let word = token as usize / 32;
            words.resize(words.len().max(word + 1), 0);
            words[word] |= 1 << (token % 32);
        }
        Self(words)
    }

    /// Token `i` is bit `i % 32` of word `i / 32`; there may be words beyond the vocabulary.
    pub(crate) fn words(&self) -> &[u32] {
        &self.0
    }

    fn contains(&self, token: u32) -> bool {
        self.0.get(token as usize / 32).is_some_and(|word| word >> (token % 32) & 1 == 1)
    }

    /// Those that are in `other` too; `None` where there are none.
    fn and(&self, other: &Self) -> Option<Self> {
        let others = other.0.iter().copied().chain(std::iter::repeat(0));
        let words: Vec<u32> = self.0.iter().zip(others).map(|(a, b)| a & b).collect();
        words.iter().any(|&word| word != 0).then_some(Self(words))
    }

    /// Makes every other token impossible. `logits` is `[vocabulary]`.
    pub(crate) fn apply(&self, logits: &mut [f32]) {
        let mut words = self.words().iter();
        for logits in logits.chunks_mut(32) {
            let word = words.next().copied().unwrap_or(0);
            if word == u32::MAX {
                continue;
            }
            for (bit, logit) in logits.iter_mut().enumerate() {
                if word >> bit & 1 == 0 {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
    }
}

impl Constraint {
    /// Tokens that may come next; at least one. With `ends_soon` only those that bring the answer nearer to its end,
    /// as far as there are such.
    ///
    /// # Errors
    /// The grammar grew past what it may take, or the parser failed.
    pub(crate) fn allowed(&mut self, ends_soon: bool) -> Result<AllowedTokens, EngineError> {
        let mask = self.matcher.compute_mask_or_eos().map_err(failed)?;
        let allowed = AllowedTokens(mask.as_slice().to_vec());
        Ok(if ends_soon { self.ending.prefer(allowed) } else { allowed })
    }

    /// Goes on with `token`, which was allowed.
    ///
    /// # Errors
    /// It was not, or the parser failed.
    pub(crate) fn accept(&mut self, token: u32) -> Result<(), EngineError> {
        self.matcher.consume_token(token).map_err(failed)?;
        self.check()
    }

    /// Tokens that must come next whatever the model says, as far as they are known; goes on with them.
    ///
    /// # Errors
    /// The parser failed.
    pub(crate) fn take_forced(&mut self) -> Result<Vec<u32>, EngineError> {
        let forced = if self.is_complete() { Vec::new() } else { self.matcher.consume_ff_tokens() };
        self.check()?;
        Ok(forced)
    }

    /// Nothing can follow.
    pub(crate) fn is_complete(&self) -> bool {
        self.matcher.is_stopped()
    }

    /// A parser that gave up has stopped too, but not at the end of an answer.
    fn check(&self) -> Result<(), EngineError> {
        let reason = self.matcher.stop_reason();
        if reason.is_ok() {
            return Ok(());
        }
        Err(failed(self.matcher.get_error().unwrap_or_else(|| reason.to_string())))
    }
}

fn failed(error: impl std::fmt::Display) -> EngineError {
    EngineError::Constraint(error.to_string())
}
