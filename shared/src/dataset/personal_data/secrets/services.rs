//! Keys that are known by their beginning, as the services document them. What a service calls publishable or public is
//! no secret.

use super::{Candidate, Certainty, entropy_bits, is_of_word, is_stand_in, secret};

/// Bytes that beginnings of keys have and prose rarely: one is enough to look closer.
pub(in super::super) const KEY_SIGNS: [u8; 6] = *b"_-JKSz";

/// Below this no key of letters and digits is random, in bits per byte.
const LEAST_ENTROPY_BITS: f64 = 2.8;

/// A service's keys.
struct Service {
    name: &'static str,
    /// What a key begins with; it has one of the signs.
    beginning: &'static str,
    /// Where its first sign is; only there it is looked at.
    sign: usize,
    /// What follows.
    alphabet: Alphabet,
    /// How many characters follow.
    fewest: usize,
    most: usize,
}

/// Which characters follow.
#[derive(Clone, Copy)]
enum Alphabet {
    /// Letters and digits.
    Alphanumeric,
    /// Those, `-` and `_`.
    Url,
    /// Those of `Url` and `.`.
    Dotted,
    /// 0 to 9 and a to f.
    Hexadecimal,
    /// Capital letters and digits.
    Capitals,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
            Self::Hexadecimal => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Self::Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }
}

const fn service(
    name: &'static str,
    beginning: &'static str,
    alphabet: Alphabet,
    fewest: usize,
    most: usize,
) -> Service {
    Service { name, beginning, sign: first_sign(beginning.as_bytes()), alphabet, fewest, most }
}

const fn first_sign(beginning: &[u8]) -> usize {
    let mut place = 0;
    while !matches!(beginning[place], b'_' | b'-' | b'J' | b'K' | b'S' | b'z') {
        place += 1;
    }
    place
}

/// The longer beginning of two first.
#[rustfmt::skip]
const SERVICES: [Service; 62] = [
    service("Anthropic", "sk-ant-", Alphabet::Url, 40, 200),
    service("OpenRouter", "sk-or-v1-", Alphabet::Hexadecimal, 64, 64),
    service("OpenAI", "sk-proj-", Alphabet::Url, 40, 250),
    service("OpenAI", "sk-svcacct-", Alphabet::Url, 40, 250),
    service("OpenAI", "sk-admin-", Alphabet::Url, 40, 250),
    service("OpenAI", "sk-", Alphabet::Alphanumeric, 40, 64),
    service("DeepSeek or another", "sk-", Alphabet::Hexadecimal, 32, 32),
    service("Hugging Face", "hf_", Alphabet::Alphanumeric, 30, 40),
    service("Hugging Face", "api_org_", Alphabet::Alphanumeric, 30, 40),
    service("GitHub", "ghp_", Alphabet::Alphanumeric, 36, 255),
    service("GitHub", "gho_", Alphabet::Alphanumeric, 36, 255),
    service("GitHub", "ghu_", Alphabet::Alphanumeric, 36, 255),
    service("GitHub", "ghs_", Alphabet::Alphanumeric, 36, 255),
    service("GitHub", "ghr_", Alphabet::Alphanumeric, 36, 255),
    service("GitHub", "github_pat_", Alphabet::Url, 70, 255),
    service("GitLab", "glpat-", Alphabet::Dotted, 20, 300),
    service("GitLab", "gldt-", Alphabet::Url, 20, 64),
    service("GitLab", "glrt-", Alphabet::Dotted, 20, 300),
    service("GitLab", "glptt-", Alphabet::Url, 20, 64),
    service("GitLab", "glcbt-", Alphabet::Url, 20, 80),
    service("Slack", "xoxb-", Alphabet::Url, 20, 255),
    service("Slack", "xoxp-", Alphabet::Url, 20, 255),
    service("Slack", "xoxa-", Alphabet::Url, 20, 255),
    service("Slack", "xoxr-", Alphabet::Url, 20, 255),
    service("Slack", "xoxs-", Alphabet::Url, 20, 255),
    service("Slack", "xoxc-", Alphabet::Url, 20, 255),
    service("Slack", "xapp-", Alphabet::Url, 20, 255),
    service("Stripe", "sk_live_", Alphabet::Alphanumeric, 16, 255),
    service("Stripe", "sk_test_", Alphabet::Alphanumeric, 16, 255),
    service("Stripe", "rk_live_", Alphabet::Alphanumeric, 16, 255),
    service("Stripe", "rk_test_", Alphabet::Alphanumeric, 16, 255),
    service("Stripe", "whsec_", Alphabet::Alphanumeric, 32, 64),
    service("AWS", "AKIA", Alphabet::Capitals, 16, 16),
    service("AWS", "ASIA", Alphabet::Capitals, 16, 16),
    service("Google", "AIza", Alphabet::Url, 35, 35),
    service("Google", "GOCSPX-", Alphabet::Url, 28, 28),
    service("npm", "npm_", Alphabet::Alphanumeric, 36, 36),
    service("PyPI", "pypi-AgE", Alphabet::Url, 50, 400),
    service("SendGrid", "SG.", Alphabet::Dotted, 66, 66),
    service("Twilio", "SK", Alphabet::Hexadecimal, 32, 32),
    service("Groq", "gsk_", Alphabet::Alphanumeric, 48, 56),
    service("Replicate", "r8_", Alphabet::Alphanumeric, 37, 37),
    service("xAI", "xai-", Alphabet::Alphanumeric, 70, 90),
    service("Perplexity", "pplx-", Alphabet::Alphanumeric, 40, 64),
    service("NVIDIA", "nvapi-", Alphabet::Url, 60, 80),
    service("Fireworks", "fw_", Alphabet::Alphanumeric, 22, 40),
    service("DigitalOcean", "dop_v1_", Alphabet::Hexadecimal, 64, 64),
    service("DigitalOcean", "doo_v1_", Alphabet::Hexadecimal, 64, 64),
    service("Shopify", "shpat_", Alphabet::Hexadecimal, 32, 32),
    service("Shopify", "shpss_", Alphabet::Hexadecimal, 32, 32),
    service("Square", "sq0atp-", Alphabet::Url, 22, 22),
    service("Square", "sq0csp-", Alphabet::Url, 43, 43),
    service("Mailgun", "key-", Alphabet::Hexadecimal, 32, 32),
    service("Linear", "lin_api_", Alphabet::Alphanumeric, 40, 40),
    service("Notion", "ntn_", Alphabet::Alphanumeric, 40, 50),
    service("Notion", "secret_", Alphabet::Alphanumeric, 43, 43),
    service("Docker", "dckr_pat_", Alphabet::Url, 27, 36),
    service("Grafana", "glsa_", Alphabet::Url, 41, 41),
    service("Postman", "PMAK-", Alphabet::Url, 59, 59),
    service("Supabase", "sbp_", Alphabet::Hexadecimal, 40, 40),
    service("Weights & Biases", "wandb_v1_", Alphabet::Url, 40, 120),
    service("age", "AGE-SECRET-KEY-1", Alphabet::Capitals, 58, 58),
];

/// The key around the sign at `at`.
pub(super) fn at_sign(text: &str, at: usize) -> Option<Candidate> {
    let bytes = text.as_bytes();
    // A line of signs, as tables and headings have.
    if at > 0 && bytes[at - 1] == bytes[at] {
        return None;
    }
    SERVICES
        .iter()
        .filter(|service| service.beginning.as_bytes()[service.sign] == bytes[at])
        .filter_map(|service| Some((service, at.checked_sub(service.sign)?)))
        .filter(|(service, start)| bytes[*start..].starts_with(service.beginning.as_bytes()))
        .find_map(|(service, start)| key(text, start, service))
}

fn key(text: &str, start: usize, service: &Service) -> Option<Candidate> {
    let bytes = text.as_bytes();
    let from = start + service.beginning.len();
    let length = bytes[from..].iter().take(service.most + 1).take_while(|byte| service.alphabet.has(**byte)).count();
    // A sentence's full stop, or a hyphen after a key.
    let length =
        length - bytes[from..from + length].iter().rev().take_while(|byte| matches!(byte, b'.' | b'-')).count();
    let end = from + length;
    let is_inside = start > 0 && (is_of_word(bytes[start - 1]) || bytes[start - 1] == b'-');
    let goes_on = bytes.get(end).is_some_and(|byte| is_of_word(*byte));
    let value = &text[from..end];
    let is_random = entropy_bits(value) >= LEAST_ENTROPY_BITS && !is_words(value);
    let fits = (service.fewest..=service.most).contains(&length);
    (fits && is_random && !is_inside && !goes_on && !is_stand_in(value))
        .then(|| secret(start, end, service.name, Certainty::Unmistakable))
}

/// Words with hyphens between them, as in names of CSS classes: small letters alone.
fn is_words(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A bot's token at Telegram: its number, a colon, 35 characters.
pub(super) fn telegram(text: &str, at: usize, end: usize) -> Option<Candidate> {
    let bytes = text.as_bytes();
    let is_inside = at > 0 && is_of_word(bytes[at - 1]) && !text[..at].ends_with("bot");
    if is_inside || !(8..=10).contains(&(end - at)) || !bytes[end..].starts_with(b":AA") {
        return None;
    }
    let length = bytes[end + 1..].iter().take(36).take_while(|byte| Alphabet::Url.has(**byte)).count();
    (length == 35).then(|| secret(at, end + 1 + length, "Telegram", Certainty::Unmistakable))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Kind, find};
    use super::*;

    /// Letters and digits that look random and open nothing, put together so that no scanner of this source stops at them.
    fn random(length: usize) -> String {
        let mut state = 7_u32;
        let letter = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b"aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vWxYz"[(state >> 27) as usize])
        };
        std::iter::repeat_with(letter).take(length).collect()
    }

    fn keys_of(service: &Service) -> String {
        let value = random(service.fewest);
        let value = match service.alphabet {
            Alphabet::Capitals => value.to_ascii_uppercase(),
            Alphabet::Hexadecimal => {
                value.bytes().map(|byte| char::from(b"0123456789abcdef"[usize::from(byte % 16)])).collect()
            }
            _ => value,
        };
        format!("{}{value}", service.beginning)
    }

    #[test]
    fn every_services_key_is_found_whole_and_named() {
        for service in &SERVICES {
            let key = keys_of(service);
            for text in [format!("Use {key}."), format!("\"{key}\""), format!("{key}\n"), format!("KEY={key}")] {
                let found = find(&text, &Kind::ALL);
                assert_eq!(found.len(), 1, "{text}: {found:?}");
                assert_eq!((&text[found[0].range.clone()], found[0].detail), (&*key, Some(service.name)), "{text}");
            }
        }
    }

    #[test]
    fn every_beginning_is_looked_at_by_its_sign() {
        for service in &SERVICES {
            assert!(KEY_SIGNS.contains(&service.beginning.as_bytes()[service.sign]), "{}", service.beginning);
        }
    }

    #[test]
    fn what_only_begins_like_a_key_is_none() {
        for text in [
            "sk-loading-indicator-with-a-very-long-name-of-a-class",
            "sk-ant-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAIOSFODNN7EXAMPLE",
            "hf_YOUR_TOKEN",
            "task-0f3b1c9a8d7e6f5a4b3c2d1e0f9a8b7c",
            "npm_config_registry",
            "github_pat_",
            "SKU 0f3b1c9a8d7e6f5a4b3c2d1e0f9a8b7c",
        ] {
            assert!(find(text, &Kind::ALL).is_empty(), "{text}: {:?}", find(text, &Kind::ALL));
        }
    }

    #[test]
    fn a_bots_token_is_found() {
        let text = format!("https://api.telegram.org/bot123456789:AA{}/getMe", random(33));
        assert_eq!(find(&text, &Kind::ALL)[0].detail, Some("Telegram"));
    }
}
