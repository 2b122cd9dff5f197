//! An assertion by the name that promptfoo gives it, and the one-line form that its CSV files have: `contains: x`.

use std::sync::LazyLock;

use fancy_regex::Regex;
use serde_json::Value;

use super::nunjucks;
use crate::evaluation::WeightedAssertion;
use crate::evaluation::assertions::{AssertionParts, KNOWN_TYPES};

/// Names that programs go by in the one-line form.
const PROGRAMS: [&str; 4] = ["javascript:", "fn:", "eval:", "python:"];

/// promptfoo's types that are not judged here, which are not texts to equal all the same.
const OTHER_TYPES: [&str; 39] = [
    "agent-rubric",
    "classifier",
    "contains-html",
    "contains-sql",
    "contains-xml",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "conversation-relevance",
    "finish-reason",
    "g-eval",
    "gleu",
    "guardrails",
    "is-html",
    "is-refusal",
    "is-sql",
    "is-valid-function-call",
    "is-valid-openai-function-call",
    "is-valid-openai-tools-call",
    "is-xml",
    "javascript",
    "pi",
    "meteor",
    "model-graded-closedqa",
    "model-graded-factuality",
    "moderation",
    "perplexity-score",
    "python",
    "ruby",
    "similar:cosine",
    "similar:dot",
    "similar:euclidean",
    "tool-call-f1",
    "skill-used",
    "search-rubric",
    "trace-error-spans",
    "trace-span-count",
    "webhook",
    "word-count",
];

/// Types whose one-line form has a threshold even where none is written.
const THRESHOLD_TYPES: [&str; 13] = [
    "answer-relevance",
    "classifier",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "cost",
    "latency",
    "levenshtein",
    "perplexity-score",
    "perplexity",
    "rouge-n",
    "similar",
    "starts-with",
];

/// An assertion of weight 1; the templates in its value are nunjucks.
///
/// # Errors
/// There is no such type, or its value doesn't suit it.
pub(super) fn assertion(parts: AssertionParts) -> Result<WeightedAssertion, String> {
    let in_our_dialect = |value: Value| match value {
        Value::String(text) => nunjucks::translate(&text).map(|translated| Value::String(translated.text)),
        other => Ok(other),
    };
    let value = match parts.value {
        // As in promptfoo, only texts and lists of texts are templates.
        Some(Value::Array(items)) => Some(items.into_iter().map(in_our_dialect).collect::<Result<_, _>>()),
        Some(value) => Some(in_our_dialect(value)),
        None => None,
    };
    let value = value.transpose().map_err(|fault| fault.message)?;
    WeightedAssertion::parse(&AssertionParts { value, ..parts }, None, None).map_err(|error| error.to_string())
}

/// `type(threshold): value`, the last two left out or not.
static FORM: LazyLock<Result<Regex, fancy_regex::Error>> =
    LazyLock::new(|| Regex::new(r"^((?:not-)?([a-z][a-z0-9:-]*?))(?:\((\d+(?:\.\d+)?)\))?(?::([\s\S]*))?$"));

/// What a cell of `__expected` means: `type: value`, `type(threshold): value`, or a text to equal.
///
/// # Errors
/// The cell names a program or something that isn't known.
pub(super) fn read(cell: &str) -> Result<WeightedAssertion, String> {
    let is_code_file = cell.starts_with("file://");
    if is_code_file || PROGRAMS.iter().any(|program| cell.starts_with(program)) {
        return Err(format!("{cell:?} is a program; nothing is executed here. Use another kind of check"));
    }
    if let Some(rubric) = cell.strip_prefix("grade:").or_else(|| cell.strip_prefix("llm-rubric:")) {
        return of_type("llm-rubric", Some(rubric.into()), None);
    }
    let form = FORM.as_ref().map_err(ToString::to_string)?;
    let found = form.captures(cell).ok().flatten();
    let Some((found, whole, name)) =
        found.as_ref().and_then(|found| Some((found, found.get(1)?.as_str(), found.get(2)?.as_str())))
    else {
        return of_type("equals", Some(cell.into()), None);
    };
    if !is_type(name) {
        return of_type("equals", Some(cell.into()), None);
    }
    let value = found.get(4).map(|value| value.as_str());
    let mut threshold = found.get(3).and_then(|number| number.as_str().parse().ok());
    let value = match (name, value) {
        ("contains-all" | "contains-any" | "icontains-all" | "icontains-any", Some(value)) => {
            Some(Value::from(split_values(value)?))
        }
        ("contains-json" | "is-json", Some(value)) => (!value.trim().is_empty()).then(|| value.into()),
        (_, value) => value.map(|value| value.trim().into()),
    };
    if THRESHOLD_TYPES.contains(&name) {
        threshold = threshold.or(Some(if name == "similar" { 0.8 } else { 0.75 }));
    }
    of_type(whole, value, threshold)
}

fn of_type(name: &str, value: Option<Value>, threshold: Option<f64>) -> Result<WeightedAssertion, String> {
    assertion(AssertionParts { type_name: name.to_owned(), value, threshold, config: None })
}

/// The one-line form, where there is one that is read back as the same.
pub(super) fn write(weighted: &WeightedAssertion) -> Option<String> {
    let AssertionParts { type_name: name, value, threshold, .. } = weighted.to_parts();
    let value = match value {
        Some(Value::Array(items)) => {
            let quoted = items.iter().map(|item| item.as_str().map(quoted_value)).collect::<Option<Vec<_>>>()?;
            Some(quoted.join(","))
        }
        Some(Value::String(text)) => Some(text),
        Some(other) => Some(other.to_string()),
        None => None,
    };
    let threshold = threshold.map(|number| format!("({number})")).unwrap_or_default();
    let line = match &value {
        Some(text) if name == "equals" => text.clone(),
        Some(text) => format!("{name}{threshold}:{text}"),
        None => format!("{name}{threshold}"),
    };
    let plain = WeightedAssertion { weight: 1.0, metric: None, ..weighted.clone() };
    let candidates = [line, value.map(|text| format!("{name}{threshold}:{text}")).unwrap_or_default()];
    candidates.into_iter().find(|line| !line.trim().is_empty() && read(line.trim()).as_ref() == Ok(&plain))
}

/// Whether a name before a colon is one of promptfoo's types; other words with a colon are texts to equal.
fn is_type(name: &str) -> bool {
    KNOWN_TYPES.contains(&name) && name != "rouge-l" || OTHER_TYPES.contains(&name)
}

/// Values between commas; those with commas of their own stand in double quotes.
fn split_values(text: &str) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|character: char| character == ',' || character.is_whitespace());
        if rest.is_empty() {
            return Ok(values);
        }
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find(',').unwrap_or(rest.len());
            values.push(rest[..end].trim().to_owned());
            rest = &rest[end..];
            continue;
        };
        let mut value = String::new();
        let mut characters = quoted.char_indices().peekable();
        let end = loop {
            match characters.next() {
                None => return Err(format!("a quoted value is never closed in {text:?}")),
                Some((_, '\\')) if matches!(characters.peek(), Some((_, '"' | '\\'))) => {
                    value.extend(characters.next().map(|(_, character)| character));
                }
                Some((_, '"')) if matches!(characters.peek(), Some((_, '"'))) => {
                    characters.next();
                    value.push('"');
                }
                Some((position, '"')) => break position + 1,
                Some((_, character)) => value.push(character),
            }
        };
        values.push(value);
        rest = quoted[end..].trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return Err(format!("a comma is missing after a quoted value in {text:?}"));
        }
    }
}

fn quoted_value(value: &str) -> String {
    if value.contains([',', '"', '\\']) || value.trim() != value || value.is_empty() {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_cell_is_an_assertion_or_a_text_to_equal() {
        let parts = |cell: &str| serde_json::to_value(read(cell).unwrap().to_parts()).unwrap();
        for (cell, expected) in [
            ("yes", json!({"type": "equals", "value": "yes"})),
            ("Note: this", json!({"type": "equals", "value": "Note: this"})),
            ("rouge-l: this", json!({"type": "equals", "value": "rouge-l: this"})),
            ("contains: a, b ", json!({"type": "contains", "value": "a, b"})),
            ("not-icontains-any: a, \"b, c\"", json!({"type": "not-icontains-any", "value": ["a", "b, c"]})),
            ("similar: x", json!({"type": "similar", "value": "x", "threshold": 0.8})),
            ("levenshtein(3): x", json!({"type": "levenshtein", "value": "x", "threshold": 3.0})),
            ("grade: be kind", json!({"type": "llm-rubric", "value": " be kind"})),
            ("is-json", json!({"type": "is-json"})),
            ("equals: {{ x.length }}", json!({"type": "equals", "value": "{{ (x|length) }}"})),
            ("latency(900)", json!({"type": "latency", "threshold": 900.0})),
        ] {
            assert_eq!(parts(cell), expected, "{cell}");
            let written = write(&read(cell).unwrap()).unwrap();
            assert_eq!(parts(&written), expected, "{written}");
        }
        for (cell, why) in [
            ("javascript: output.length", "a program"),
            ("file://check.js", "a program"),
            ("contains: {{ env.X }}", "environment variable"),
            ("not-is-sql", "no assertion type \"is-sql\""),
        ] {
            assert!(read(cell).unwrap_err().contains(why), "{cell}");
        }
    }

    #[test]
    fn values_in_quotes_keep_their_commas() {
        let values = |text: &str| split_values(text).unwrap();
        assert_eq!(values(r#" a b , "c, \"d\"" ,,"e""f",g"#), ["a b", "c, \"d\"", "e\"f", "g"]);
        assert!(split_values("\"open").unwrap_err().contains("never closed"));
        assert!(split_values("\"a\" b").unwrap_err().contains("comma is missing"));
    }

    proptest! {
        #[test]
        fn written_values_are_read_back(values in proptest::collection::vec(r#"[a-c ,"\\]{1,8}"#, 0..4)) {
            let line = values.iter().map(|value| quoted_value(value)).collect::<Vec<_>>().join(",");
            prop_assert_eq!(split_values(&line).unwrap(), values);
        }
    }
}
