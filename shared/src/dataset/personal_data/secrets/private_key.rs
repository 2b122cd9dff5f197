//! Private keys in PEM (RFC 7468) and `OpenPGP`'s armour (RFC 9580): everything from their first line to their last, or to
//! the end of the text where they are cut.

use super::{Candidate, Certainty, secret};

/// How such blocks begin.
pub(super) const BEGINNING: &str = "-----BEGIN ";

/// No block is longer, in bytes; a key of RSA with 16384 bits has some 13 000.
const MOST_BYTES: usize = 65_536;

/// The block that begins at `at`.
pub(super) fn at(text: &str, at: usize) -> Option<Candidate> {
    let text = &text[..text.floor_char_boundary(at + MOST_BYTES)];
    let label = text[at + BEGINNING.len()..].split("-----").next()?;
    if label.len() > 40 || !label.contains("PRIVATE KEY") {
        return None;
    }
    let from = at + BEGINNING.len() + label.len() + "-----".len();
    let body = text.get(from..)?;
    // Hyphens are in no body: they begin the last line, or another block.
    let hyphens = body.find("-----").unwrap_or(body.len());
    let last = format!("-----END {label}-----");
    let end = if body[hyphens..].starts_with(&last) { from + hyphens + last.len() } else { from + body_length(body) };
    // Documentation shows the first line alone.
    let has_body = text[from..end].bytes().filter(u8::is_ascii_alphanumeric).count() > 64;
    has_body.then(|| secret(at, end, "private key", Certainty::Unmistakable))
}

/// What can belong to a block without a last line; line ends may be written as \n.
fn body_length(text: &str) -> usize {
    text.find(|letter: char| {
        !(letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=' | '\\' | '\n' | '\r' | ' '))
    })
    .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::super::super::{Kind, find};

    #[test]
    fn blocks_are_found_whole_also_when_cut() {
        let body = "MIIEpAIBAAKCAQEA7bq0Xy9sT1vWzR4uQ2pL8mN6kJ3hG5fD\n".repeat(3);
        for label in ["RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"] {
            let block = format!("-----BEGIN {label}-----\n{body}-----END {label}-----");
            let text = format!("Here:\n{block}\nBye");
            let found = find(&text, &Kind::ALL);
            assert_eq!((found.len(), &text[found[0].range.clone()]), (1, &*block));
        }
        let cut = format!("-----BEGIN PRIVATE KEY-----\n{body}");
        assert_eq!(find(&cut, &Kind::ALL)[0].range, 0..cut.len());
    }

    #[test]
    fn other_blocks_are_none() {
        let body = "MIIEpAIBAAKCAQEA7bq0Xy9sT1vWzR4uQ2pL8mN6kJ3hG5fD\n".repeat(3);
        assert!(find(&format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----"), &Kind::ALL).is_empty());
        assert!(find("starts with -----BEGIN PRIVATE KEY----- as usual", &Kind::ALL).is_empty());
    }
}
