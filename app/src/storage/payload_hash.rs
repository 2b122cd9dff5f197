//! SHA-256 of a payload while it passes by.

use sha2::{Digest, Sha256};

/// A hash under way.
#[derive(Default)]
pub struct PayloadHash {
    state: Sha256,
}

impl PayloadHash {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
    }

    /// The hash of all bytes taken, in lower-case hex.
    pub fn finish(self) -> String {
        self.state.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hash_like_the_whole() {
        let mut hash = PayloadHash::default();
        hash.update(b"a");
        hash.update(b"bc");
        assert_eq!(hash.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
