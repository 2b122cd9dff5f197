//! What a step answers: its type, how the model is held to it, and how the text becomes a value.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model_call::OutputConstraint;
use crate::prompt::VariableKind;

/// What a step answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StepOutput {
    /// A text, without the space around it.
    #[default]
    Text,
    /// A number.
    Number,
    /// One of these texts.
    Choice {
        /// The texts.
        options: Vec<String>,
    },
    /// JSON.
    Json {
        /// What it must look like; without one it is an object of any shape.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schema: Option<Value>,
    },
}

impl StepOutput {
    /// What the model is held to while it writes.
    pub(super) fn constraint(&self) -> Option<OutputConstraint> {
        Some(match self {
            Self::Text => return None,
            Self::Number => OutputConstraint::JsonSchema(json!({"type": "number"})),
            Self::Choice { options } => OutputConstraint::JsonSchema(json!({"enum": options})),
            Self::Json { schema: Some(schema) } => OutputConstraint::JsonSchema(schema.clone()),
            Self::Json { schema: None } => OutputConstraint::JsonObject,
        })
    }

    /// What variables see it as; `None` where only the answer will show.
    pub(super) fn kind(&self) -> Option<VariableKind> {
        Some(match self {
            Self::Text => VariableKind::Text,
            Self::Number => VariableKind::Number,
            Self::Choice { options } => VariableKind::Choice { options: options.clone() },
            Self::Json { schema: None } => VariableKind::Object,
            Self::Json { schema: Some(schema) } => match schema.get("type").and_then(Value::as_str)? {
                "object" => VariableKind::Object,
                "array" => VariableKind::List,
                "string" => VariableKind::Text,
                "number" => VariableKind::Number,
                "integer" => VariableKind::Integer,
                "boolean" => VariableKind::Boolean,
                _ => return None,
            },
        })
    }

    /// Why its JSON Schema is none.
    pub fn schema_fault(&self) -> Option<String> {
        match self {
            Self::Json { schema: Some(schema) } => {
                jsonschema::validator_for(schema).err().map(|error| error.to_string())
            }
            _ => None,
        }
    }

    /// The value of an answer.
    ///
    /// # Errors
    /// It is none of this type: what was expected and what came, in a sentence.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        let parsed = || serde_json::from_str::<Value>(text);
        let wrong = |expected: &str| {
            let shown: String = text.chars().take(80).collect();
            format!("the step must answer with {expected}, but the model wrote {shown:?}; ask for it more plainly")
        };
        match self {
            Self::Text => Ok(Value::from(text)),
            Self::Number => parsed().ok().filter(Value::is_number).ok_or_else(|| wrong("a number")),
            Self::Choice { options } => {
                let bare = parsed().ok().and_then(|value| value.as_str().map(str::to_owned));
                let answer = bare.as_deref().unwrap_or(text);
                match options.iter().find(|option| *option == answer) {
                    Some(option) => Ok(Value::from(option.as_str())),
                    None => Err(wrong(&format!("one of {}", options.join(", ")))),
                }
            }
            Self::Json { schema } => {
                let value = parsed().map_err(|error| format!("{} ({error})", wrong("JSON")))?;
                let Some(schema) = schema else {
                    return if value.is_object() { Ok(value) } else { Err(wrong("a JSON object")) };
                };
                let validator = jsonschema::validator_for(schema)
                    .map_err(|error| format!("the step's JSON Schema is not valid: {error}; correct it"))?;
                match validator.validate(&value) {
                    Ok(()) => Ok(value),
                    Err(error) => Err(format!("{} ({error})", wrong("JSON of its schema"))),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_values_of_their_type_or_say_why_not() {
        let choice = StepOutput::Choice { options: vec!["yes".into(), "no".into()] };
        let schema = json!({"type": "array", "items": {"type": "integer"}});
        let list = StepOutput::Json { schema: Some(schema) };
        let any = StepOutput::Json { schema: None };
        for (output, text, value) in [
            (&StepOutput::Text, " a \n", json!("a")),
            (&StepOutput::Number, "\n-1.5e2", json!(-150.0)),
            (&choice, "\"yes\"", json!("yes")),
            (&choice, "no\n", json!("no")),
            (&list, "[1, 2]", json!([1, 2])),
            (&any, "{}", json!({})),
        ] {
            assert_eq!(output.read(text).as_ref(), Ok(&value));
        }
        for (output, text, words) in [
            (&StepOutput::Number, "about 3", "a number, but the model wrote \"about 3\""),
            (&choice, "maybe", "one of yes, no"),
            (&list, "[1", "JSON, but"),
            (&list, "[1.5]", "JSON of its schema"),
            (&any, "[]", "a JSON object"),
        ] {
            let error = output.read(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
