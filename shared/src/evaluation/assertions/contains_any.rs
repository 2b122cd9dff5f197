//! `contains-any` and `icontains-any`: the answer has at least one of several texts in it.

use super::contains::Haystack;
use super::observation::{JudgeError, Observation, quoted};
use super::values::Values;

/// Several texts, as a person writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Texts {
    /// Each a template.
    List(Vec<String>),
    /// One template, whose result has commas between the texts; a text in double quotes may have commas in it.
    CommaSeparated(String),
}

impl Texts {
    pub(super) fn render(&self, values: Values<'_>) -> Result<Vec<String>, JudgeError> {
        match self {
            Self::List(templates) => values.render_all(templates),
            Self::CommaSeparated(template) => split_at_commas(&values.render(template)?),
        }
    }
}

pub(super) fn observe(answer: &str, texts: &[String], ignores_case: bool) -> Observation {
    let haystack = Haystack::new(answer, ignores_case);
    let reason = match texts.iter().find(|text| haystack.has(text)) {
        Some(found) => return Observation::whether(true, format!("the answer contains {}", quoted(found))),
        None => format!("the answer contains none of {}", quoted(&texts.join(", "))),
    };
    Observation::whether(false, reason)
}

/// Splits at commas. In a text in quotes, `""` and `\"` are a quote.
fn split_at_commas(text: &str) -> Result<Vec<String>, JudgeError> {
    let mut texts = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|character: char| character == ',' || character.is_whitespace());
        let Some(quoted_text) = rest.strip_prefix('"') else {
            if rest.is_empty() {
                return Ok(texts);
            }
            let end = rest.find(',').unwrap_or(rest.len());
            texts.push(rest[..end].trim().to_owned());
            rest = &rest[end..];
            continue;
        };
        let (unquoted, after) =
            read_quoted(quoted_text).filter(|(_, after)| after.is_empty() || after.starts_with(',')).ok_or_else(
                || JudgeError::new(format!("the list {} needs a closing quote with a comma after it", quoted(text))),
            )?;
        texts.push(unquoted);
        rest = after;
    }
}

/// The text up to the closing quote, and what follows it and its spaces.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut unquoted = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        let next = characters.peek().map(|&(_, next)| next);
        match (character, next) {
            ('\\', Some('"')) | ('"', Some('"')) => {
                unquoted.push('"');
                characters.next();
            }
            ('"', _) => return Some((unquoted, text[index + 1..].trim_start())),
            _ => unquoted.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_separate_unless_quoted() {
        assert_eq!(split_at_commas(" a, b c ,,\"d, \\\"e\\\"\" , \"f\"").unwrap(), ["a", "b c", "d, \"e\"", "f"]);
        assert!(split_at_commas("").unwrap().is_empty());
        assert!(split_at_commas("\"open").is_err());
        assert!(split_at_commas("\"a\" b").is_err());
    }

    #[test]
    fn one_is_enough() {
        let texts = ["x".to_owned(), "B".to_owned()];
        assert!(!observe("abc", &texts, false).holds);
        assert!(observe("abc", &texts, true).holds);
        assert!(!observe("abc", &[], false).holds);
    }
}
