//! `is-json`: the whole answer is JSON, and satisfies a schema where there is one.

use jsonschema::Validator;
use serde_json::Value;

use super::json_schema::first_errors;
use super::observation::Observation;

pub(super) fn observe(answer: &str, schema: Option<&Validator>) -> Observation {
    let value = match serde_json::from_str::<Value>(answer) {
        Ok(value) => value,
        Err(error) => return Observation::whether(false, format!("the answer is not JSON: {error}")),
    };
    match schema.map(|schema| first_errors(schema, &value)) {
        None => Observation::whether(true, "the answer is JSON".to_owned()),
        Some(None) => Observation::whether(true, "the answer is JSON that satisfies the schema".to_owned()),
        Some(Some(errors)) => {
            Observation::whether(false, format!("the answer is JSON that does not satisfy the schema: {errors}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::json_schema::compile_value;
    use super::*;
    use serde_json::json;

    #[test]
    fn the_schema_decides_where_there_is_one() {
        let schema = compile_value(&json!({
            "type": "object", "required": ["age"], "properties": {
                "age": {"type": "integer", "minimum": 0}, "email": {"type": "string", "format": "email"},
                // Draft 7: positions of a list.
                "pair": {"items": [{"type": "string"}, {"type": "number"}]}}
        }))
        .unwrap();
        let holds = |answer: &str| observe(answer, Some(&schema)).holds;
        assert!(holds(r#"{"age": 3, "email": "a@b.example", "pair": ["a", 1]}"#));
        assert!(!holds(r#"{"age": 3, "email": "nobody"}"#));
        assert!(!holds(r#"{"age": 3, "pair": [1, "a"]}"#));
        assert!(!holds(r#"{"age": -1}"#));
        assert!(!holds("{}"));
        let seen = observe(r#"{"age": "x"}"#, Some(&schema));
        assert_eq!(
            seen.reason,
            "the answer is JSON that does not satisfy the schema: at \"/age\" \"x\" is not of type \"integer\""
        );
        assert!(observe(" [1] ", None).holds);
        assert!(!observe("{'a': 1}", None).holds);
        assert!(!observe("", None).holds);
    }

    #[test]
    fn a_schema_that_is_none_is_named() {
        assert!(compile_value(&json!({"type": "strnig"})).unwrap_err().starts_with("the JSON Schema is not valid"));
        assert!(compile_value(&json!({"$ref": "https://nowhere.example/schema"})).is_err());
    }
}
