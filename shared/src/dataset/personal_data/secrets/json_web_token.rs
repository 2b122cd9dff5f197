//! Signed tokens (RFC 7519): three parts in Base64 for addresses, of which two are JSON objects.

use super::{Candidate, Certainty, is_of_word, secret};

/// `{"` in Base64.
const OBJECT: &[u8] = b"eyJ";

/// A signature of HMAC with SHA-256, the shortest in use, has 43 characters; cut ones count too.
const LEAST_SIGNATURE_BYTES: usize = 16;

/// The token whose `J` is at `at`.
pub(super) fn at(text: &str, at: usize) -> Option<Candidate> {
    let bytes = text.as_bytes();
    let start = at.checked_sub(2)?;
    if !bytes[start..].starts_with(OBJECT)
        || (start > 0 && (is_of_word(bytes[start - 1]) || matches!(bytes[start - 1], b'.' | b'-')))
    {
        return None;
    }
    let part = |from: usize| {
        let is_of_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        from + bytes[from..].iter().take_while(is_of_part).count()
    };
    let header = part(start);
    if bytes.get(header) != Some(&b'.') || !bytes[header + 1..].starts_with(OBJECT) {
        return None;
    }
    let payload = part(header + 1);
    if bytes.get(payload) != Some(&b'.') {
        return None;
    }
    let end = part(payload + 1);
    (end - payload > LEAST_SIGNATURE_BYTES).then(|| secret(start, end, "JSON Web Token", Certainty::Unmistakable))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Kind, find};

    #[test]
    fn tokens_are_found_and_other_base64_is_not() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLWhtYWMtc2hhMjU2";
        let text = format!("Authorization: Bearer {token}\n");
        let found = find(&text, &Kind::ALL);
        assert_eq!((found.len(), &text[found[0].range.clone()], found[0].detail), (1, token, Some("JSON Web Token")));
        assert!(find("eyJhbGciOiJIUzI1NiJ9", &Kind::ALL).is_empty());
        assert!(find("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.", &Kind::ALL).is_empty());
    }
}
