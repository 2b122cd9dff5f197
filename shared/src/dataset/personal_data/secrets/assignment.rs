//! Values after a name that says that they are secret: `password = …`, `"api_key": "…"`, `Authorization: Bearer …`. The
//! name alone proves little, so the value must look like a secret too: a password has letters and other characters, a key
//! is long and random.

use super::{Candidate, Certainty, entropy_bits, is_stand_in, secret};

/// Names' ends, in small letters, that a password follows.
const PASSWORDS: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "passwort",
    "kennwort",
    "contraseña",
    "contrasena",
    "senha",
    "mot de passe",
    "passcode",
    "password is",
    "パスワード",
    "密码",
    "пароль",
];

/// Names' ends that a key follows.
const KEYS: [&str; 20] = [
    "api_key",
    "apikey",
    "api-key",
    "api key",
    "secret",
    "secret_key",
    "secretkey",
    "secret-key",
    "secret key",
    "token",
    "access_key",
    "accesskey",
    "access key",
    "auth_key",
    "authkey",
    "private_key",
    "encryption_key",
    "account_key",
    "accountkey",
    "authorization",
];

/// So many bytes before the sign a name can begin.
const REACH_BYTES: usize = 24;
const MOST_VALUE_BYTES: usize = 256;
const FEWEST_PASSWORD_BYTES: usize = 6;
const FEWEST_KEY_BYTES: usize = 16;
/// Random letters and digits have more; words and paths less, or no digit.
const LEAST_KEY_ENTROPY_BITS: f64 = 3.0;

/// The secret after the `=` or `:` at `at`.
pub(super) fn at(text: &str, at: usize) -> Option<Candidate> {
    let bytes = text.as_bytes();
    let is_key = is_named(text, at)?;
    let mut start = at + 1;
    // := and => assign, == compares.
    match (bytes[at], bytes.get(start)) {
        (b':', Some(b'=')) | (b'=', Some(b'>')) => start += 1,
        (b'=', Some(b'=')) | (b':', Some(b':' | b'/')) => return None,
        _ => {}
    }
    start += spaces(&bytes[start..]);
    for scheme in ["Bearer ", "bearer ", "Basic ", "token "] {
        start += if bytes[start..].starts_with(scheme.as_bytes()) { scheme.len() } else { 0 };
    }
    let quote = bytes.get(start).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    start += usize::from(quote.is_some());
    for scheme in ["Bearer ", "Basic "] {
        start += if bytes[start..].starts_with(scheme.as_bytes()) { scheme.len() } else { 0 };
    }
    let ends = |byte: &&u8| match quote {
        Some(quote) => **byte != quote && **byte != b'\n',
        None => {
            !byte.is_ascii_whitespace()
                && !matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b'<' | b'>' | b'|' | b')' | b']' | b'}')
        }
    };
    let length = bytes[start..].iter().take(MOST_VALUE_BYTES + 1).take_while(ends).count();
    let value = text.get(start..start + length)?;
    let value =
        if quote.is_none() { value.trim_end_matches(['.', '\\', ':', '。']) } else { value.trim_end_matches('\\') };
    if length > MOST_VALUE_BYTES || is_stand_in(value) || value.contains(char::is_whitespace) || is_expression(value) {
        return None;
    }
    let looks_secret = if is_key { is_key_like(value) } else { is_password_like(value) };
    let detail = if is_key { "key or token" } else { "password" };
    looks_secret.then(|| secret(start, start + value.len(), detail, Certainty::Words))
}

/// Whether the name before the sign says that a key follows, or else a password; none if neither.
fn is_named(text: &str, at: usize) -> Option<bool> {
    let bytes = text.as_bytes();
    let is_between = |byte: &&u8| matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'*' | b']');
    let end = at - bytes[..at].iter().rev().take(4).take_while(is_between).count();
    // All names end in one of few bytes: most signs of prose are done with here.
    if end == 0
        || !matches!(bytes[end - 1].to_ascii_lowercase(), b'd' | b'e' | b't' | b'y' | b'n' | b'a' | b's' | 0x80..)
    {
        return None;
    }
    let mut from = end.saturating_sub(REACH_BYTES);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let name = text[from..end].to_lowercase();
    let ends_with = |words: &&str| name.ends_with(*words);
    if PASSWORDS.iter().any(&ends_with) {
        Some(false)
    } else if KEYS.iter().any(ends_with) {
        Some(true)
    } else {
        None
    }
}

fn spaces(bytes: &[u8]) -> usize {
    bytes.iter().take(4).take_while(|byte| matches!(byte, b' ' | b'\t' | b'*')).count()
}

/// A call, a path of fields, a variable.
fn is_expression(value: &str) -> bool {
    value.contains(['(', '[', '{'])
        || value.starts_with(['$', '%', '@', '&', '/', '.', ':'])
        || value.contains("::")
        || value.contains("://")
        || is_constant(value)
        || is_path(value)
}

/// `NAME_OF_A_CONSTANT_2`
fn is_constant(value: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    value.bytes().all(is_of_name) && (value.contains('_') || entropy_bits(value) < 3.6)
}

/// Names with dots between them, as in `config.secret_key2`.
fn is_path(value: &str) -> bool {
    value.contains('.')
        && value
            .split('.')
            .all(|name| name.starts_with(|letter: char| letter.is_ascii_alphabetic()) && entropy_bits(name) < 3.5)
}

fn is_password_like(value: &str) -> bool {
    let has = |is_it: fn(&u8) -> bool| value.bytes().any(|byte| is_it(&byte));
    let letters = has(u8::is_ascii_alphabetic);
    let others = has(u8::is_ascii_digit)
        || has(|byte| byte.is_ascii_punctuation() && !matches!(byte, b'_' | b'-' | b'.' | b'/' | b'?' | b'\\'));
    value.len() >= FEWEST_PASSWORD_BYTES && letters && others
}

fn is_key_like(value: &str) -> bool {
    let is_of_key = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'=' | b'.' | b'~' | b':')
    };
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    value.len() >= FEWEST_KEY_BYTES
        && value.bytes().all(is_of_key)
        && has_digit
        && has_letter
        && entropy_bits(value) >= LEAST_KEY_ENTROPY_BITS
}

#[cfg(test)]
mod tests {
    use super::super::super::{Kind, find};

    fn secrets(text: &str) -> Vec<&str> {
        find(text, &[Kind::Secret]).into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn values_that_look_secret_are_found() {
        for (text, value) in [
            ("password = \"hunter2!\"", "hunter2!"),
            ("DB_PASSWORD=Tr0ub4dor&3", "Tr0ub4dor&3"),
            ("Password: Sommer2024!", "Sommer2024!"),
            ("\"api_key\": \"9f8e7d6c5b4a39281706f5e4d3c2b1a0\"", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
            ("auth_token: 'q8Zr-Xk29_LmPw47Ty'", "q8Zr-Xk29_LmPw47Ty"),
            ("Authorization: Bearer k3Jd82Lm09Qz71XwPv55", "k3Jd82Lm09Qz71XwPv55"),
            ("client_secret => 'a8F3kQ9zL2mX7vB4nC6d'", "a8F3kQ9zL2mX7vB4nC6d"),
            ("Mot de passe : Soleil#42", "Soleil#42"),
        ] {
            assert_eq!(secrets(text), [value], "{text}");
        }
    }

    #[test]
    fn words_examples_and_code_are_none() {
        for text in [
            "password: must have eight characters",
            "Password: 8 characters at least",
            "password = os.environ['DB_PASSWORD']",
            "password = getpass()",
            "api_key = \"YOUR_API_KEY_1234567\"",
            "token: string",
            "next_token = tokens[position + 1]",
            "secret == other2secret",
            "password=${DB_PASSWORD2}",
            "the secret: never give up, ever",
            "api_key: <your key 2>",
            "token = self.tokenizer2.next_token_of_sequence",
            "max_token: 1234567890123456",
            "password: windows_sys2::core::Text",
            "token: NAME_OF_A_TOKEN_2",
        ] {
            assert!(secrets(text).is_empty(), "{text}: {:?}", secrets(text));
        }
    }
}
