//! What must be in a text however it is said: numbers, addresses, placeholders, code.

use std::ops::Range;

/// What is in a text and not in the other way of saying it.
pub(super) fn missing(original: &str, other: &str) -> Option<&'static str> {
    let lacks = |parts: Vec<&str>| parts.iter().any(|part| !other.contains(part));
    if lacks(code(original)) {
        Some("a piece of code is missing in the answer")
    } else if lacks(placeholders(original).into_iter().map(|place| &original[place]).collect()) {
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

/// Where `{{ name }}` of templates and `[EMAIL_1]` of personal data stand in a text.
pub(in crate::dataset) fn placeholders(text: &str) -> Vec<Range<usize>> {
    let is_label = |inner: &str| {
        let (label, number) = inner.rsplit_once('_').unwrap_or_default();
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut found = between(text, "{{", "}}");
    // A label begins with the last bracket before its end: others may stand around it.
    found.extend(text.match_indices(']').filter_map(|(end, _)| {
        let start = text[..end].rfind('[')?;
        is_label(&text[start + 1..end]).then_some(start..end + 1)
    }));
    found
}

/// What begins and ends so, the marks included.
fn between(text: &str, open: &str, close: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(open).map(|start| from + start) {
        let within = start + open.len();
        let Some(length) = text[within..].find(close) else { break };
        from = within + length + close.len();
        found.push(start..from);
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
        assert_eq!(missing("[see [EMAIL_1]]", "see it"), Some("a placeholder is missing in the answer"));
        assert_eq!(missing("It's `half", "It is half"), None);
        assert_eq!(missing("[1] a list [of things]", "1 list of things"), None);
    }
}
