//! Cases from JSON Lines: a promptfoo test in each line (`{"vars": …, "assert": …}`), or a plain row, whose fields
//! are variables but for `expected`, the right answer.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::finding::{Imported, Place, Refused};
use super::promptfoo::{case_json, read_test};
use super::{Findings, nunjucks, too_many_cases};
use crate::evaluation::Case;

/// Fields that only a promptfoo test has.
const TEST_FIELDS: [&str; 5] = ["vars", "assert", "options", "metadata", "threshold"];

/// Reads cases, line by line, and no more than `most`. `file` is the name that messages show.
///
/// # Errors
/// Lines that can't be read, each with its number; more lines than `most`.
pub fn read(source: impl BufRead, file: &str, most: usize) -> Result<Imported<Vec<Case>>, Refused> {
    let mut findings = Findings::default();
    let mut cases = Vec::new();
    for (index, line) in source.lines().enumerate() {
        let place = Place { file: file.to_owned(), line: index as u64 + 1, column: 0 };
        let line = line.map_err(|error| Refused::at(place.clone(), format!("this line can't be read: {error}")))?;
        if line.trim().is_empty() {
            continue;
        }
        if cases.len() >= most {
            return Err(Refused::at(Place { file: file.to_owned(), ..Place::default() }, too_many_cases(most)));
        }
        let test = match serde_json::from_str::<Value>(&line) {
            Ok(Value::Object(row)) => test_of_plain_row(row),
            Ok(_) => Err("a line must be an object, such as {\"input\": \"…\", \"expected\": \"…\"}".to_owned()),
            // Read again as it is, for its own words about what is wrong.
            Err(_) => Ok(None),
        };
        match test {
            Ok(test) => read_test(test.as_ref().unwrap_or(&line), &place, &mut findings, &mut cases),
            Err(why) => findings.refuse(&place, why),
        }
    }
    if cases.is_empty() {
        findings.refuse(&Place { file: file.to_owned(), ..Place::default() }, "there are no lines in it");
    }
    findings.finish(cases)
}

/// A plain row as a promptfoo test, its values taken as they are; `None` where the row is a test already.
fn test_of_plain_row(mut row: Map<String, Value>) -> Result<Option<String>, String> {
    if TEST_FIELDS.iter().any(|field| row.contains_key(*field)) {
        return Ok(None);
    }
    if row.contains_key("messages") || row.contains_key("conversations") {
        return Err("this line is a conversation, not a case; a case has variables and what is expected".to_owned());
    }
    let expected = match row.remove("expected") {
        None | Some(Value::Null) => None,
        Some(Value::Array(_) | Value::Object(_)) => {
            return Err("`expected` must be a text; for other checks write {\"vars\": …, \"assert\": […]}".to_owned());
        }
        Some(value) => Some(nunjucks::plain_text(&value)),
    };
    let description = row.remove("description");
    let case = Case { variables: row, ..Case::default() };
    let mut test = case_json(&case, &mut |_| ());
    if let Some(text) = expected {
        test["assert"] = serde_json::json!([{"type": "equals", "value": nunjucks::escape_value(&text)}]);
    }
    if let Some(description) = description {
        test["description"] = description;
    }
    Ok(Some(test.to_string()))
}

/// Writes cases, one a line, with all that they hold.
pub fn write(cases: &[Case]) -> String {
    cases.iter().map(|case| format!("{}\n", case_json(case, &mut |_| ()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::formats::expectation;
    use crate::evaluation::{AssertionSet, Check};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn tests_and_plain_rows_are_cases() {
        let text = concat!(
            r#"{"vars": {"name": "Ada", "text": "hi {{name}}"}, "assert": [{"type": "equals", "value": "x", "weight": 2}]}"#,
            "\n\n",
            r#"{"input": "1 + {{x}}", "expected": 2, "list": ["a", "b"]}"#,
            "\n",
        );
        let imported = read(text.as_bytes(), "", 10).unwrap();
        assert_eq!(imported.value.len(), 2);
        assert_eq!(imported.value[0].variables["text"], "hi Ada");
        let Check::One(one) = &imported.value[0].checks[0] else { panic!("one check") };
        assert_eq!(one.weight, 2.0);
        assert_eq!(
            Value::Object(imported.value[1].variables.clone()),
            json!({"input": "1 + {{x}}", "list": ["a", "b"]})
        );
        assert_eq!(imported.value[1].checks, [Check::One(expectation::read("2").unwrap())]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, message) in [
            ("{\"a\": 1}\n{\"a\": \n", "x.jsonl, line 2, column"),
            ("[1]\n", "x.jsonl, line 1: a line must be an object"),
            (
                "\n{\"vars\": {}, \"assert\": [{\"value\": 1}]}",
                "x.jsonl, line 2, column 25: an assertion must have a type",
            ),
            ("{\"messages\": []}", "x.jsonl, line 1: this line is a conversation"),
            ("", "x.jsonl: there are no lines in it"),
            ("{}\n{}\n{}\n{}", "x.jsonl: the file has more than 3 cases"),
        ] {
            let refused = read(text.as_bytes(), "x.jsonl", 3).unwrap_err().to_string();
            assert!(refused.starts_with(message), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn written_cases_are_read_back(one in any::<String>(), two in "[{}%a]{0,9}", number in any::<i32>(), weight in 0..3u8) {
            let mut check = expectation::read("a").unwrap();
            check.weight = f64::from(weight);
            let set = AssertionSet { checks: vec![Check::One(check.clone())], threshold: Some(0.5), weight: 1.0, metric: Some("m".into()) };
            let Value::Object(variables) = json!({"one": one, "two": two, "number": number, "list": ["x"], "map": {"y": "{{one}}"}}) else { unreachable!() };
            let case = Case { variables, checks: vec![Check::One(check), Check::Set(set)], tags: vec!["plain".into(), "kind: x".into()], ..Case::default() };
            let cases = vec![case.clone(), Case { description: Some("again".into()), ..case }];
            prop_assert_eq!(read(write(&cases).as_bytes(), "", 10).unwrap().value, cases);
        }
    }
}
