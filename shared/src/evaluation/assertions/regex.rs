//! `regex`: a regular expression in JavaScript's dialect matches somewhere in the answer.

use fancy_regex::{Regex, RegexBuilder, RuntimeError};

use super::observation::{JudgeError, Observation, quoted};

/// How often the matcher may go back before it gives up: about a second, however the expression is written.
const MOST_BACKTRACKS: usize = 5_000_000;

pub(super) fn observe(answer: &str, pattern: &str) -> Result<Observation, JudgeError> {
    if pattern.is_empty() {
        return Err(JudgeError::new("the regular expression is empty, and would match every answer; give one"));
    }
    let regex = compile(pattern, answer.is_ascii())?;
    let holds = regex.is_match(answer).map_err(|error| {
        let advice = match &error {
            fancy_regex::Error::RuntimeError(RuntimeError::BacktrackLimitExceeded) => {
                "; it can match in too many ways: avoid one repetition inside another, such as (a+)+"
            }
            _ => "",
        };
        JudgeError::new(format!("the regular expression {} failed: {error}{advice}", quoted(pattern)))
    })?;
    let verb = if holds { "matches" } else { "does not match" };
    Ok(Observation::whether(holds, format!("the answer {verb} the regular expression {}", quoted(pattern))))
}

fn compile(pattern: &str, is_text_ascii: bool) -> Result<Regex, JudgeError> {
    RegexBuilder::new(&translate(pattern, is_text_ascii))
        .backtrack_limit(MOST_BACKTRACKS)
        .build()
        .map_err(|error| JudgeError::new(format!("{} is no valid regular expression: {error}", quoted(pattern))))
}

/// Writes JavaScript's expression in the dialect of `fancy_regex`. There `\d`, `\w` and `\b` know all of Unicode, `.`
/// stops at fewer line ends, and brackets nest. As there are no flags, `\p{L}` is just these letters (ECMAScript 2025,
/// section 22.2).
fn translate(pattern: &str, is_text_ascii: bool) -> String {
    let mut translated = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    // Where the class that is open began in `translated`.
    let mut class_start = None;
    while let Some(character) = characters.next() {
        match (character, class_start) {
            ('\\', _) => {
                let escaped = characters.next().unwrap_or('\\');
                escape(escaped, class_start.is_some(), is_text_ascii, &mut characters, &mut translated);
            }
            ('[', None) => {
                class_start = Some(translated.len());
                translated.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    translated.push('^');
                }
            }
            (']', Some(start)) => {
                class_start = None;
                // `[]` matches nothing and `[^]` anything.
                match translated.get(start..) {
                    Some("[") => translated.replace_range(start.., "(?!)"),
                    Some("[^") => translated.replace_range(start.., r"[\s\S]"),
                    _ => translated.push(']'),
                }
            }
            ('[' | '&' | '~' | '#' | ' ', Some(_)) => translated.extend(['\\', character]),
            ('.', None) => translated.push_str(r"[^\n\r\u2028\u2029]"),
            (']' | '}', None) => {
                // One that closes nothing is itself; one that closes a quantifier was copied with it.
                translated.extend(['\\', character]);
            }
            ('{', None) => match quantifier(characters.clone()) {
                Some(length) => {
                    translated.push('{');
                    translated.extend(characters.by_ref().take(length));
                }
                None => translated.push_str(r"\{"),
            },
            _ => translated.push(character),
        }
    }
    translated
}

/// Length of `3}`, `3,}` or `3,5}` at the start of `rest`.
fn quantifier(rest: impl Iterator<Item = char>) -> Option<usize> {
    let (mut digits, mut commas) = (0, 0);
    for (index, character) in rest.enumerate() {
        match character {
            '0'..='9' => digits += 1,
            ',' if digits > 0 && commas == 0 => commas += 1,
            '}' if digits > 0 => return Some(index + 1),
            _ => return None,
        }
    }
    None
}

/// Writes what `\` and `escaped` mean.
fn escape(
    escaped: char,
    is_in_class: bool,
    is_text_ascii: bool,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    translated: &mut String,
) {
    const EDGE: &str = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))";
    const NO_EDGE: &str = "(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))";
    match escaped {
        'd' if is_in_class => translated.push_str("0-9"),
        'w' if is_in_class => translated.push_str("0-9A-Za-z_"),
        'd' => translated.push_str("[0-9]"),
        'w' => translated.push_str("[0-9A-Za-z_]"),
        'D' => translated.push_str("[^0-9]"),
        'W' => translated.push_str("[^0-9A-Za-z_]"),
        'b' if is_in_class => translated.push_str(r"\x08"),
        // Where there is only ASCII, the quick ones mean the same.
        'b' | 'B' if is_text_ascii => translated.extend(['\\', escaped]),
        'b' => translated.push_str(EDGE),
        'B' => translated.push_str(NO_EDGE),
        'c' => match rest.next_if(char::is_ascii_alphabetic) {
            Some(letter) => translated.push_str(&format!(r"\x{:02X}", letter as u32 % 32)),
            None => translated.push_str(r"\\c"),
        },
        '0' => translated.push_str(r"\x00"),
        // These mean something in both, or only count groups.
        's' | 'S' | 'n' | 'r' | 't' | 'v' | 'f' | 'x' | 'u' | 'k' | '1'..='9' => {
            translated.extend(['\\', escaped]);
        }
        letter if letter.is_alphanumeric() => translated.push(letter),
        // Other signs mean themselves; `\<` would be a word's start.
        sign if r"\.+*?()|[]{}^$-&~#/ ".contains(sign) => translated.extend(['\\', sign]),
        other => translated.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, answer: &str) -> bool {
        observe(answer, pattern).unwrap().holds
    }

    /// The results are those of `new RegExp(pattern).test(answer)` in Node 20.
    #[test]
    fn expressions_mean_what_they_mean_in_javascript() {
        for (pattern, answer, expected) in [
            (r"\d", "٣", false),
            (r"\w", "é", false),
            (r"\bcafé\b", "café", false),
            (r"\bcaf\B", "cafe", true),
            (r"\b42\b", "it's 42.", true),
            (r"a.c", "a\rc", false),
            (r"a.c", "aéc", true),
            (r"[[]", "[", true),
            (r"[a&&b]", "&", true),
            (r"\/x\/", "/x/", true),
            (r"[^]", "\n", true),
            (r"[]", "a", false),
            (r"\u0041\x42", "AB", true),
            (r"^b$", "a\nb", false),
            (r"(?<y>\d{4})-\k<y>", "2020-2020", true),
            (r"(a)\1", "aa", true),
            (r"\cA", "\u{1}", true),
            (r"]", "]", true),
            (r"{", "{", true),
            (r"a{,2}", "a{,2}", true),
            (r"x{2", "x{2", true),
            (r"^x{2,}$", "xxx", true),
            (r"\-\_\<", "-_<", true),
            (r"\0[\b]", "\0\u{8}", true),
            (r"a#b c", "a#b c", true),
            (r"[\w-]+@[\W\d]", "a-b@é", true),
            (r"^(?=.*\d)(?!.*x).{3}$", "ab1", true),
            (r"(?<=\$)\d+", "$12", true),
            (r"\s", "\u{a0}", true),
            (r"\z", "z", true),
            (r"\p{L}", "é", false),
            (r"\p{L}", "p{L}", true),
        ] {
            assert_eq!(matches(pattern, answer), expected, "{pattern} on {answer:?}");
        }
    }

    #[test]
    fn one_that_is_none_or_never_ends_gives_a_sentence() {
        let message = observe("a", "(").unwrap_err().to_string();
        assert!(message.starts_with("“(” is no valid regular expression"), "{message}");
        let message = observe(&"a".repeat(60), r"^(a|aa)+\1c$").unwrap_err().to_string();
        assert!(message.contains("too many ways"), "{message}");
        assert!(observe("a", "").is_err());
    }

    #[test]
    fn a_long_answer_is_searched_in_one_go() {
        let answer = "wörter ".repeat(100_000);
        assert!(!matches(r"\bword\b", &answer));
    }
}
