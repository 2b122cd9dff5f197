//! Random numbers for seeds and identifiers, from the operating system through the hasher of the standard library.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number that differs each time. Not for secrets.
pub(crate) fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// An identifier that differs each time, such as `chatcmpl-0123456789abcdef0123456789abcdef`.
pub(crate) fn identifier(prefix: &str) -> String {
    format!("{prefix}-{}", digits())
}

/// The 32 digits of an identifier, for those that OpenAI writes otherwise, such as `upload_…`.
pub(crate) fn digits() -> String {
    format!("{:016x}{:016x}", seed(), seed())
}
