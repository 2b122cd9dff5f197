//! `equals`: the answer is a text, or JSON that equals a value.

use serde_json::Value;

use super::observation::{Observation, quoted};

pub(super) fn observe(answer: &str, expected: &Value) -> Observation {
    let (holds, shown) = match expected {
        Value::Object(_) | Value::Array(_) | Value::Null => {
            let parsed = serde_json::from_str::<Value>(answer);
            (parsed.is_ok_and(|value| is_equal(&value, expected)), expected.to_string())
        }
        Value::String(text) => (answer == text, text.clone()),
        Value::Bool(_) | Value::Number(_) => {
            let text = expected.to_string();
            (answer == text, text)
        }
    };
    let shown = quoted(&shown);
    let reason =
        if holds { format!("the answer is {shown}") } else { format!("the answer is {}, not {shown}", quoted(answer)) };
    Observation::whether(holds, reason)
}

/// Equality of JSON values as JavaScript has it: 1 and 1.0 are one number, and the order of keys doesn't matter.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| is_equal(value, other)))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_compared_exactly_and_objects_as_json() {
        assert!(observe("Paris", &json!("Paris")).holds);
        assert!(!observe("Paris ", &json!("Paris")).holds);
        assert!(observe("42", &json!(42)).holds);
        assert!(observe(r#"{"b": [1, 2.0], "a": null}"#, &json!({"a": null, "b": [1.0, 2]})).holds);
        assert!(!observe(r#"{"b": [1, 2], "a": 1}"#, &json!({"a": null, "b": [1, 2]})).holds);
        assert!(!observe("not JSON", &json!({})).holds);
        assert_eq!(observe("Rome", &json!("Paris")).reason, "the answer is “Rome”, not “Paris”");
    }
}
