//! E-mail addresses (RFC 5321, 5322 and 6531) as people write them: no quoted local parts, no comments, no domains without
//! a dot. Neither git@host:path nor what is before the @ of another address (`https://user@host`) nor handles of social
//! networks (@user@host) are mail addresses.

use super::{Candidate, Certainty, Kind};

/// RFC 5321, 4.5.3.1.1.
const MOST_LOCAL_BYTES: usize = 64;
/// RFC 5321, 4.5.3.1.2.
const MOST_DOMAIN_BYTES: usize = 255;
/// RFC 1035, 2.3.4.
const MOST_LABEL_BYTES: usize = 63;

/// Ends of file names such as icon@2x.png, and of attributes; none of them is a top-level domain.
const NO_DOMAINS: [&str; 26] = [
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "bmp",
    "ico",
    "css",
    "scss",
    "js",
    "mjs",
    "jsx",
    "ts",
    "tsx",
    "json",
    "html",
    "htm",
    "xml",
    "txt",
    "pdf",
    "php",
    "java",
    "class",
    "local",
    "localhost",
];

/// Top-level domains of countries in their own scripts (IANA's root zone), the ones in use.
const INTERNATIONAL_DOMAINS: [&str; 24] = [
    "рф",
    "укр",
    "бел",
    "срб",
    "мкд",
    "мон",
    "қаз",
    "бг",
    "ею",
    "ελ",
    "ευ",
    "中国",
    "中國",
    "香港",
    "台湾",
    "台灣",
    "한국",
    "ไทย",
    "भारत",
    "みんな",
    "公司",
    "网络",
    "امارات",
    "السعودية",
];

/// Up to here scripts put spaces between words, so that letters before an address are its own.
const LATIN_GREEK_CYRILLIC_END: char = '\u{530}';

/// The address around an `@`.
pub(super) fn at_sign(text: &str, at: usize) -> Option<Candidate> {
    let end = domain_end(text, at + 1)?;
    let domain_has_no_spaces = text[at + 1..end].contains(|letter: char| letter >= LATIN_GREEK_CYRILLIC_END);
    let start = local_start(text, at, domain_has_no_spaces)?;
    let (local, before, after) = (&text[start..at], &text[..start], &text[end..]);
    let is_path = after.starts_with(':') && local == "git";
    let is_of_another_address = before.ends_with(['@', '/']) && (before.ends_with("://") || before.ends_with('@'));
    if is_path || is_of_another_address || after.starts_with('@') {
        return None;
    }
    Some(Candidate::new(start..end, Kind::Email, None, Certainty::Checked))
}

/// Where the part before the `@` begins.
fn local_start(text: &str, at: usize, domain_has_no_spaces: bool) -> Option<usize> {
    let mut start = at;
    for (place, letter) in text[..at].char_indices().rev() {
        let belongs = letter.is_ascii_alphanumeric()
            || matches!(letter, '.' | '_' | '%' | '+' | '-' | '\'' | '&')
            // Other scripts would give the sentence before it too.
            || (letter.is_alphanumeric() && (letter < LATIN_GREEK_CYRILLIC_END || domain_has_no_spaces));
        if !belongs {
            break;
        }
        if at - place > MOST_LOCAL_BYTES {
            return None;
        }
        start = place;
    }
    let local = &text[start..at];
    // What is before a quotation mark is not its part, except in names such as O'Brien.
    if let Some(mark) = local.rfind('\'')
        && !matches!(&local[..mark], "o" | "O" | "d" | "D")
    {
        start += mark + 1;
    }
    let trimmed = text[start..at].trim_start_matches(['.', '-', '+', '%', '&', '\'']);
    let is_name = trimmed.contains(char::is_alphanumeric) && !trimmed.ends_with('.') && !trimmed.contains("..");
    is_name.then_some(at - trimmed.len())
}

/// Where the domain that begins at `from` ends, if it is one.
fn domain_end(text: &str, from: usize) -> Option<usize> {
    let mut labels: Vec<(usize, usize)> = Vec::new();
    let mut start = from;
    loop {
        let label = label_length(&text[start..]);
        if label == 0 {
            break;
        }
        labels.push((start, start + label));
        if label > MOST_LABEL_BYTES || !text[start + label..].starts_with('.') {
            break;
        }
        start += label + 1;
    }
    // The last label that can end a domain does: "a@example.com.Then" has been seen, and "a@example.jpまで".
    while labels.len() >= 2 {
        let (start, end) = labels.pop()?;
        if let Some(length) =
            top_level_length(&text[start..end]).filter(|length| start + length - from <= MOST_DOMAIN_BYTES)
        {
            return Some(start + length);
        }
    }
    None
}

/// A label of letters, digits and inner hyphens.
fn label_length(text: &str) -> usize {
    let length = text.find(|letter: char| !letter.is_alphanumeric() && letter != '-').unwrap_or(text.len());
    let length =
        text[..length].char_indices().map(|(place, letter)| place + letter.len_utf8()).take(64).last().unwrap_or(0);
    let label = &text[..length];
    if label.starts_with('-') { 0 } else { label.trim_end_matches('-').len() }
}

/// How much of a last label is a top-level domain.
fn top_level_length(label: &str) -> Option<usize> {
    if let Some(domain) = INTERNATIONAL_DOMAINS.iter().find(|domain| label.starts_with(**domain)) {
        return Some(domain.len());
    }
    let ascii = label.find(|letter: char| !letter.is_ascii()).unwrap_or(label.len());
    let name = &label[..ascii];
    let is_punycode = name.starts_with("xn--");
    let is_name = name.len() >= 2 && name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_file = NO_DOMAINS.iter().any(|end| name.eq_ignore_ascii_case(end));
    (is_punycode || (is_name && !is_file)).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, find};

    fn addresses(text: &str) -> Vec<&str> {
        find(text, &[Kind::Email]).into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn addresses_are_found_without_what_is_around_them() {
        for (text, address) in [
            ("Write to jane.doe+news@mail.example.co.uk.", "jane.doe+news@mail.example.co.uk"),
            ("<mailto:info@example.com>", "info@example.com"),
            ("{'email':'o@x.io'}", "o@x.io"),
            ("b'jane@example.com'", "jane@example.com"),
            ("Ask O'Brien@example.ie!", "O'Brien@example.ie"),
            ("メールはtaro_yamada@example.jpまで", "taro_yamada@example.jp"),
            ("müller@bücher.de, danke", "müller@bücher.de"),
            ("请发邮件到jörg.weiß@café-paris.fr，谢谢", "jörg.weiß@café-paris.fr"),
            ("Пишите: иван@почта.рф.", "иван@почта.рф"),
            ("email=jane@example.com&x=1", "jane@example.com"),
            ("Ends a sentence: a.b@example.com. Then", "a.b@example.com"),
            ("user@xn--bcher-kva.example", "user@xn--bcher-kva.example"),
        ] {
            assert_eq!(addresses(text), [address], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_left_alone() {
        for text in [
            "a@b",
            "@app.route('/x')",
            "git@github.com:owner/project.git",
            "https://user@example.com/",
            "icon@2x.png",
            "@jane@social.example",
            "matrix @ vector.T",
            "..@example.com",
            "3 apples @ 2.50",
            "actions/checkout@v4.1",
            "a@-b.com",
        ] {
            assert!(addresses(text).is_empty(), "{text}: {:?}", addresses(text));
        }
    }
}
