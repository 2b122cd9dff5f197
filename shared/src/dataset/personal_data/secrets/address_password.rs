//! Passwords in addresses (RFC 3986, 3.2.1): `scheme://user:password@host`. The password alone is the secret.

use super::{Candidate, Certainty, is_stand_in, secret};

/// So many bytes before the `@` the scheme can end.
const REACH_BYTES: usize = 160;

/// The password before the `@` at `at`.
pub(super) fn at_sign(text: &str, at: usize) -> Option<Candidate> {
    let before = &text.as_bytes()[at.saturating_sub(REACH_BYTES)..at];
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'@' | b'"' | b'\'' | b'<' | b'>');
    let length = before.iter().rev().take_while(|byte| !is_end(byte)).count();
    let credentials = text.get(at - length..at)?;
    if !text[..at - length].ends_with("://") {
        return None;
    }
    let (user, password) = credentials.split_once(':')?;
    let host = text[at + 1..].starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '[');
    let stands_in = password.starts_with(['$', '{', '[', '*', '<']) || is_stand_in(password);
    let says_nothing = password.len() < 4 || ["password", "pass", "pwd", "secret", user].contains(&password);
    (host && !stands_in && !says_nothing)
        .then(|| secret(at - password.len(), at, "password in an address", Certainty::Unmistakable))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Kind, find};

    #[test]
    fn the_password_alone_is_the_secret() {
        let text = "postgres://app:s3cr3tPw9@db.example.com:5432/main";
        let found = find(text, &Kind::ALL);
        assert_eq!((found.len(), &text[found[0].range.clone()]), (1, "s3cr3tPw9"));
        for text in [
            "postgres://user:password@localhost/x",
            "https://example.com/a:b@c",
            "redis://:${REDIS_PASSWORD}@host",
            "https://jane@example.com",
        ] {
            assert!(find(text, &Kind::ALL).is_empty(), "{text}");
        }
    }
}
