//! Constrained decoding: at each step only tokens are allowed with which the answer can still become what was asked.
//!
//! [`Grammars`] belongs to a model and knows its tokens; it turns an [`OutputConstraint`] into a [`Constraint`], which
//! belongs to one answer and goes along with it, token by token. The parser is llguidance's.

mod grammars;
mod token_bytes;

use llguidance::Matcher;
use llguidance::toktrie::SimpleVob;

use crate::error::EngineError;

pub(crate) use grammars::Grammars;

/// What an answer may still become.
pub(crate) struct Constraint {
    matcher: Matcher,
}

/// Tokens that may come next, one bit each.
pub(crate) struct AllowedTokens(SimpleVob);

impl AllowedTokens {
    /// Token `i` is bit `i % 32` of word `i / 32`; there may be words beyond the vocabulary.
    pub(crate) fn words(&self) -> &[u32] {
        self.0.as_slice()
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
    /// Tokens that may come next; at least one.
    ///
    /// # Errors
    /// The grammar grew past what it may take, or the parser failed.
    pub(crate) fn allowed(&mut self) -> Result<AllowedTokens, EngineError> {
        self.matcher.compute_mask_or_eos().map(AllowedTokens).map_err(failed)
    }

    /// Goes on with `token`, which was allowed.
    ///
    /// # Errors
    /// It was not, or the parser failed.
    pub(crate) fn accept(&mut self, token: u32) -> Result<(), EngineError> {
        self.matcher.consume_token(token).map_err(failed)
    }

    /// Tokens that must come next whatever the model says, as far as they are known; goes on with them.
    pub(crate) fn take_forced(&mut self) -> Vec<u32> {
        if self.is_complete() { Vec::new() } else { self.matcher.consume_ff_tokens() }
    }

    /// Nothing can follow.
    pub(crate) fn is_complete(&self) -> bool {
        self.matcher.is_stopped()
    }
}

fn failed(error: impl std::fmt::Display) -> EngineError {
    EngineError::Constraint(error.to_string())
}
