//! JSON Schemas that answers must satisfy.

use jsonschema::{Draft, Validator};
use serde_json::Value;

use super::observation::JudgeError;
use super::values::Values;

/// Makes a schema ready; a text is a template and then YAML or JSON. Without `$schema` it is draft 7 and formats are
/// checked, as promptfoo's validator does.
pub(super) fn compile(schema: Option<&Value>, values: Values<'_>) -> Result<Option<Validator>, JudgeError> {
    let schema = match schema {
        None => return Ok(None),
        Some(Value::String(template)) => {
            let text = values.render(template)?;
            if text.is_empty() {
                return Ok(None);
            }
            serde_saphyr::from_str::<Value>(&text)
                .map_err(|error| JudgeError::new(format!("the JSON Schema is neither YAML nor JSON: {error}")))?
        }
        Some(schema) => schema.clone(),
    };
    compile_value(&schema).map(Some).map_err(JudgeError::new)
}

/// Makes a schema ready.
///
/// # Errors
/// It is no valid schema, in a sentence.
pub(super) fn compile_value(schema: &Value) -> Result<Validator, String> {
    let mut options = jsonschema::options().should_validate_formats(true);
    if schema.get("$schema").is_none() {
        options = options.with_draft(Draft::Draft7);
    }
    options.build(schema).map_err(|error| {
        let place = error.instance_path().to_string();
        format!(
            "the JSON Schema is not valid{}: {error}",
            if place.is_empty() { place } else { format!(" at {place}") }
        )
    })
}

/// What is wrong with `value`, in a few words; `None` where nothing is.
pub(super) fn first_errors(validator: &Validator, value: &Value) -> Option<String> {
    const MOST_ERRORS: usize = 3;
    let errors: Vec<String> = validator
        .iter_errors(value)
        .take(MOST_ERRORS)
        .map(|error| format!("at {:?} {error}", error.instance_path().to_string()))
        .collect();
    (!errors.is_empty()).then(|| errors.join("; "))
}
