//! What must be in a text however it is said: numbers, addresses, placeholders, code.

/// What is in a text and not in the other way of saying it.
pub(super) fn missing(original: &str, other: &str) -> Option<&'static str> {
    let lacks = |parts: Vec<&str>| parts.iter().any(|part| !other.contains(part));
    if lacks(code(original)) {
        Some("a piece of code is missing in the answer")
    } else if lacks(placeholders(original)) {
        Some("a placeholder is missing in the answer")
    } else if lacks(addresses(original)) {
        Some("an address is missing in the answer")
    } else {
        let known = numbers(other);
        let is_missing = numbers(original).iter().any(|number| !known.contains(number));
        is_missing.then_some("a number is missing in the answer")
    }
}

/// What stands between backticks.
fn code(text: &str) -> Vec<&str> {
    let fence = if text.contains("```") { "```" } else { "`" };
    let parts: Vec<&str> = text.split(fence).collect();
    // Between two marks are every second of the parts; one after the last mark is not between two.
    let whole = if parts.len() % 2 == 1 { parts.len() } else { parts.len() - 1 };
    parts[..whole].iter().skip(1).step_by(2).copied().filter(|part| !part.trim().is_empty()).collect()
}

/// `{{ name }}` of templates, `[EMAIL_1]` of personal data.
fn placeholders(text: &str) -> Vec<&str> {
    let is_label = |inner: &str| {
        let (label, number) = inner.rsplit_once('_').unwrap_or_default();
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let labels = between(text, "[", "]").into_iter().filter(|part| is_label(&part[1..part.len() - 1]));
    between(text, "{{", "}}").into_iter().chain(labels).collect()
}

/// What begins and ends so, the marks included.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let Some(length) = rest[start + open.len()..].find(close) else { break };
        let end = start + open.len() + length + close.len();
        found.push(&rest[start..end]);
        rest = &rest[end..];
    }
    found
}

/// Addresses of pages and of mailboxes.
fn addresses(text: &str) -> Vec<&str> {
    let is_address = |word: &&str| {
        let mailbox = word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        word.contains("://") || word.starts_with("www.") || mailbox
    };
    text.split(|it: char| it.is_whitespace() || matches!(it, '<' | '>' | '(' | ')' | '"' | ','))
        .map(|word| word.trim_end_matches(['.', ';', ':', '!', '?', '\'']))
        .filter(is_address)
        .collect()
}

/// Numbers with what groups and parts their digits: `1,000.5`, `12:30`.
fn numbers(text: &str) -> Vec<&str> {
    text.split(|it: char| !it.is_numeric() && !matches!(it, '.' | ',' | ':'))
        .map(|number| number.trim_matches(['.', ',', ':']))
        .filter(|number| !number.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_stay_is_missed() {
        let all = "Run `ls -l` for {{ user }} and [EMAIL_1], then see www.a.example. It is 12:30, 1,000.5 of 7.";
        assert_eq!(missing(all, all), None);
        let without = [
            ("`ls -l`", "a piece of code is missing in the answer"),
            ("{{ user }}", "a placeholder is missing in the answer"),
            ("[EMAIL_1]", "a placeholder is missing in the answer"),
            ("www.a.example", "an address is missing in the answer"),
            ("12:30", "a number is missing in the answer"),
            ("7", "a number is missing in the answer"),
        ];
        for (part, reason) in without {
            assert_eq!(missing(all, &all.replace(part, "it")), Some(reason), "{part}");
        }
        assert_eq!(missing("The 7 of us", "Us 77"), Some("a number is missing in the answer"));
        assert_eq!(missing("Mail a@b.example, please!", "Please mail to a@b.example"), None);
        assert_eq!(missing("It's `half", "It is half"), None);
        assert_eq!(missing("[1] a list [of things]", "1 list of things"), None);
    }
}
