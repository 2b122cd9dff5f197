//! Fields out of a text, as JSON of a schema.

use serde_json::{Value, json};

use super::{Task, check, optional, required, template, values};
use crate::evaluation::assertions::Assertion;
use crate::model_call::OutputConstraint;
use crate::prompt::VariableKind;

const TEXT: &str = "Take these fields from the text: {{ schema.properties | default({}) | join(', ') }}.
{% for name, field in (schema.properties | default({})) | items %}{% if field.description is defined %}{{ name }}: {{ field.description }}
{% endif %}{% endfor %}
Text:
{{ text }}";

/// Extraction of what this JSON Schema of an object describes. The sample fits [`sample_schema`].
pub fn extraction(schema: &Value) -> Task {
    let variables = vec![
        required("text", VariableKind::Text, "What to take the fields from."),
        optional("schema", VariableKind::Object, Some(schema.clone()), "The JSON Schema of the answer."),
    ];
    let instruction = "You take facts from texts. Answer with JSON. Use only what the text says.";
    let mut template = template("extraction", variables, &[("system", instruction), ("user", TEXT)]);
    template.output = Some(OutputConstraint::JsonSchema(schema.clone()));
    let answer = json!({"name": "Ada Okafor", "city": "Lagos", "year": 2019});
    Task {
        template,
        description: "Takes fields from a text, as JSON.",
        sample: values(json!({"text": "Ada Okafor moved to Lagos in 2019.", "expected": answer.clone()})),
        sample_answer: answer.to_string(),
        checks: vec![check(Assertion::IsJson { schema: Some(schema.clone()) })],
    }
}

/// A schema to begin with: a name, a place and a year.
pub(super) fn sample_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "the person's full name"},
            "city": {"type": "string"},
            "year": {"type": "integer"},
        },
        "required": ["name", "city", "year"],
        "additionalProperties": false,
    })
}
