//! `response_format` of a request: what an answer must look like, and from there to the constraint that is enforced.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::invalid;
use crate::model_call::{ModelCallError, OutputConstraint};

/// What an answer must look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Anything.
    Text,
    /// A JSON object.
    JsonObject,
    /// JSON that a schema accepts.
    JsonSchema {
        /// The schema and what it is called.
        json_schema: NamedSchema,
    },
}

/// A JSON Schema and what it is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSchema {
    /// A label.
    pub name: String,
    /// What it is for: another label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema; without one, any JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// At OpenAI, whether the schema is enforced. Here it always is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

impl ResponseFormat {
    /// The constraint to enforce, if any.
    ///
    /// # Errors
    /// The schema is no JSON Schema.
    pub(super) fn constraint(&self) -> Result<Option<OutputConstraint>, ModelCallError> {
        match self {
            Self::Text => Ok(None),
            Self::JsonObject => Ok(Some(OutputConstraint::JsonObject)),
            Self::JsonSchema { json_schema } => match &json_schema.schema {
                None => Ok(Some(OutputConstraint::JsonObject)),
                Some(schema @ (Value::Object(_) | Value::Bool(_))) => {
                    Ok(Some(OutputConstraint::JsonSchema(schema.clone())))
                }
                Some(_) => Err(invalid(
                    "response_format",
                    "response_format.json_schema.schema is no JSON Schema: it must be an object",
                )),
            },
        }
    }
}

impl From<&OutputConstraint> for ResponseFormat {
    fn from(constraint: &OutputConstraint) -> Self {
        match constraint {
            OutputConstraint::JsonObject => Self::JsonObject,
            OutputConstraint::JsonSchema(schema) => Self::JsonSchema {
                json_schema: NamedSchema {
                    name: "answer".to_owned(),
                    description: None,
                    schema: Some(schema.clone()),
                    strict: Some(true),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(format: Value, expected: Option<OutputConstraint>) {
        let format: ResponseFormat = serde_json::from_value(format).unwrap();
        assert_eq!(format.constraint().unwrap(), expected);
    }

    #[test]
    fn formats_become_constraints() {
        let schema = json!({"type": "object"});
        check(json!({"type": "text"}), None);
        check(json!({"type": "json_object"}), Some(OutputConstraint::JsonObject));
        let named = json!({"name": "city", "strict": true, "schema": schema});
        check(json!({"type": "json_schema", "json_schema": named}), Some(OutputConstraint::JsonSchema(schema)));
        check(json!({"type": "json_schema", "json_schema": {"name": "any"}}), Some(OutputConstraint::JsonObject));
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": "object"}});
        let format: ResponseFormat = serde_json::from_value(format).unwrap();
        assert_eq!(format.constraint().unwrap_err().param.as_deref(), Some("response_format"));
        assert!(serde_json::from_value::<ResponseFormat>(json!({"type": "grammar"})).is_err());
    }
}
