//! What opens a door: keys of services, private keys, signed tokens, passwords. A value that only stands for a secret (an
//! example of documentation, a name of a variable, asterisks) is none.

mod address_password;
mod assignment;
mod json_web_token;
mod private_key;
mod services;

use super::{Candidate, Certainty, Kind};

pub(super) use self::services::KEY_SIGNS;

/// The key whose beginning has the byte at `at`.
pub(super) fn at_key_sign(text: &str, at: usize) -> Option<Candidate> {
    match text.as_bytes()[at] {
        b'-' if text[at..].starts_with(private_key::BEGINNING) => private_key::at(text, at),
        b'J' => json_web_token::at(text, at),
        _ => services::at_sign(text, at),
    }
}

/// The key that begins with these digits.
pub(super) fn at_digits(text: &str, at: usize, end: usize) -> Option<Candidate> {
    services::telegram(text, at, end)
}

/// The password before the `@` at `at`.
pub(super) fn at_sign(text: &str, at: usize) -> Option<Candidate> {
    address_password::at_sign(text, at)
}

/// The secret after the `=` or `:` at `at`.
pub(super) fn at_assignment(text: &str, at: usize) -> Option<Candidate> {
    assignment::at(text, at)
}

/// Whether a value only stands for a secret.
fn is_stand_in(value: &str) -> bool {
    let says_so = [
        "example",
        "your",
        "xxxx",
        "****",
        "....",
        "changeme",
        "placeholder",
        "dummy",
        "redacted",
        "insert",
        "replace",
        "env.",
        "${",
        "{{",
        "<",
        "getenv",
        "environ",
        "process.",
        "0123456789",
        "1234567890abc",
        "abcdefgh",
        "secret_here",
        "goes_here",
        "todo",
    ];
    // Random letters may spell yOUR.
    says_so.iter().any(|words| {
        let capitals = words.to_ascii_uppercase();
        value.contains(words)
            || value.contains(&capitals)
            || value.contains(&format!("{}{}", &capitals[..1], &words[1..]))
    })
}

/// Shannon's entropy, in bits per byte.
fn entropy_bits(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|&count| f64::from(count) / length)
        .map(|part| -part * part.log2())
        .sum()
}

/// Whether a byte may be within a key, so that another one beginning right after it is none.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn secret(start: usize, end: usize, detail: &'static str, certainty: Certainty) -> Candidate {
    Candidate::new(start..end, Kind::Secret, Some(detail), certainty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stand_ins_and_random_letters_are_not() {
        assert!(["YOUR_KEY", "Your-key", "sk-example"].iter().all(|value| is_stand_in(value)));
        assert!(!is_stand_in("Qp9xyOURa7"));
    }

    #[test]
    fn entropy_is_known_for_even_texts() {
        assert!((entropy_bits("abcd") - 2.0).abs() < 1e-9);
        assert!(entropy_bits("aaaa").abs() < 1e-9);
    }
}
