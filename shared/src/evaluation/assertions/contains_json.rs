//! `contains-json`: the answer has a JSON object in it, which satisfies a schema where there is one.

use jsonschema::Validator;
use serde_json::Value;

use super::json_schema::first_errors;
use super::observation::Observation;

pub(super) fn observe(answer: &str, schema: Option<&Validator>) -> Observation {
    let objects = objects_in(answer);
    let mut reason = "the answer contains no JSON object".to_owned();
    for object in &objects {
        match schema.map(|schema| first_errors(schema, object)) {
            None => return Observation::whether(true, "the answer contains JSON".to_owned()),
            Some(None) => {
                return Observation::whether(true, "the answer contains JSON that satisfies the schema".to_owned());
            }
            Some(Some(errors)) => {
                reason = format!("the answer contains JSON that does not satisfy the schema: {errors}");
            }
        }
    }
    Observation::whether(false, reason)
}

/// The objects written in a text. As in promptfoo they may be written loosely, as YAML's flow style has them (single
/// quotes, no quotes, commas at the end), and the last may lack its closing braces. Unlike there, a brace in a string
/// of proper JSON doesn't end an object.
fn objects_in(text: &str) -> Vec<Value> {
    const MOST_OBJECT_BYTES: usize = 100_000;
    // Without it, a text of many opening braces would be read again from each.
    const MOST_TRIES_AT_UNCLOSED: usize = 16;
    let closing = closing_braces(text);
    let mut objects = Vec::new();
    let (mut from, mut tries_left) = (0, MOST_TRIES_AT_UNCLOSED);
    for (opening, closed) in closing {
        if opening < from {
            continue;
        }
        let candidate =
            strict_object(&text[opening..]).map(|(value, length)| (value, opening + length)).or_else(|| match closed {
                Ok(end) if end - opening <= MOST_OBJECT_BYTES => {
                    parse_object(&text[opening..end]).map(|value| (value, end))
                }
                Err(missing) if (2..=MOST_OBJECT_BYTES).contains(&(text.len() - opening)) && tries_left > 0 => {
                    tries_left -= 1;
                    let whole = format!("{}{}", &text[opening..], "}".repeat(missing));
                    parse_object(&whole).map(|value| (value, text.len()))
                }
                _ => None,
            });
        if let Some((value, end)) = candidate {
            objects.push(value);
            from = end;
        }
    }
    objects
}

/// Each opening brace's byte offset with the offset after its closing one, or how many closing ones are missing.
fn closing_braces(text: &str) -> Vec<(usize, Result<usize, usize>)> {
    let mut braces = Vec::new();
    let mut open = Vec::new();
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => {
                open.push(braces.len());
                braces.push((offset, Err(0)));
            }
            b'}' => {
                if let Some(index) = open.pop()
                    && let Some(brace) = braces.get_mut(index)
                {
                    brace.1 = Ok(offset + 1);
                }
            }
            _ => {}
        }
    }
    for (depth, index) in open.iter().enumerate() {
        if let Some(brace) = braces.get_mut(*index) {
            brace.1 = Err(open.len() - depth);
        }
    }
    braces
}

/// The JSON object that `text` begins with, and its length in bytes.
fn strict_object(text: &str) -> Option<(Value, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((value, values.byte_offset()))
}

fn parse_object(text: &str) -> Option<Value> {
    serde_saphyr::from_str(text).ok().filter(|value: &Value| value.is_object())
}

#[cfg(test)]
mod tests {
    use super::super::json_schema::compile_value;
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_found_among_words() {
        assert_eq!(
            objects_in("Sure:\n```json\n{\"a\": {\"b\": 1}}\n```\nand {'c': [1, 2,]} or {d: x"),
            [json!({"a": {"b": 1}}), json!({"c": [1, 2]}), json!({"d": "x"})]
        );
        assert!(objects_in("no braces, [1, 2]").is_empty());
        assert!(objects_in("} {]} {").is_empty());
        assert_eq!(objects_in(r#"{"a": "}"}"#), [json!({"a": "}"})]);
    }

    #[test]
    fn one_that_satisfies_the_schema_is_enough() {
        let schema = compile_value(&json!({"required": ["b"]})).unwrap();
        assert!(observe(r#"{"a": 1} {"b": 1}"#, Some(&schema)).holds);
        assert!(!observe(r#"{"a": 1}"#, Some(&schema)).holds);
        assert!(!observe("none", None).holds);
    }

    #[test]
    fn many_braces_take_no_time() {
        assert!(objects_in(&"{".repeat(100_000)).len() < 2);
        assert!(objects_in(&"{x".repeat(50_000)).len() < 2);
    }
}
