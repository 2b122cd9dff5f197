//! Rows that say the same, and rows that say nearly the same.

mod exact;
mod families;
mod meanings;
mod minhash;
mod near;
mod shingles;

pub use self::exact::{SampleHash, Seen};
pub use self::families::Families;
pub use self::meanings::Meanings;
pub use self::near::{Similarity, find_families};
pub use self::shingles::{Shingles, similarity, word_hashes};

#[cfg(test)]
mod tests;
