//! SHA-256 sums: parsed from catalogues and indexes, computed from files, shown as hex.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// A SHA-256 sum.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// The sum of `bytes`.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The sum of a file's content. `progress` hears the number of bytes read so far, about every 4 MiB.
    ///
    /// # Errors
    /// The file can't be opened or read.
    pub fn of_file(path: &Path, progress: &dyn Fn(u64)) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut window = vec![0; 4 << 20];
        let mut done_bytes = 0;
        loop {
            let read_bytes = file.read(&mut window)?;
            if read_bytes == 0 {
                return Ok(hasher.into());
            }
            hasher.update(&window[..read_bytes]);
            done_bytes += read_bytes as u64;
            progress(done_bytes);
        }
    }

    /// The 32 bytes of the sum.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<Sha256> for Checksum {
    fn from(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256:{self}")
    }
}

/// A text that is not a SHA-256 sum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 sum: 64 hexadecimal digits were expected")]
pub struct NotAChecksum(String);

impl FromStr for Checksum {
    type Err = NotAChecksum;

    fn from_str(text: &str) -> Result<Self, NotAChecksum> {
        let refuse = || NotAChecksum(text.to_owned());
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refuse());
        }
        let mut sum = [0; 32];
        for (index, byte) in sum.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| refuse())?;
        }
        Ok(Self(sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_known_sum_is_computed_shown_and_parsed() {
        assert_eq!(Checksum::of_bytes(b"abc").to_string(), ABC);
        assert_eq!(ABC.to_uppercase().parse(), Ok(Checksum::of_bytes(b"abc")));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"abc").unwrap();
        assert_eq!(Checksum::of_file(file.path(), &|_| {}).unwrap().to_string(), ABC);
    }

    #[test]
    fn what_is_no_sum_is_refused() {
        for text in ["", "abc", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert!(text.parse::<Checksum>().is_err(), "{text}");
        }
    }
}
