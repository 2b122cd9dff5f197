//! A text gets one of given labels.

use serde_json::json;

use super::{Task, check, optional, required, template, values};
use crate::evaluation::assertions::Assertion;
use crate::model_call::OutputConstraint;
use crate::prompt::VariableKind;

/// How a label is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelForm {
    /// As `{"label": "…"}`, held to the labels while it is written: nothing else can be answered.
    Json,
    /// As the bare label, only asked for: for models whose answers can't be held to a form.
    Text,
}

const TEXT: &str = "Which label fits the text? Labels: {{ labels | join(', ') }}.

Text: {{ text }}";

/// Classification with these labels. The sample is one of sentiment.
pub fn classification(labels: &[String], form: LabelForm) -> Task {
    let variables = vec![
        required("text", VariableKind::Text, "What to classify."),
        optional("labels", VariableKind::List, Some(json!(labels)), "The labels to choose from."),
    ];
    let instruction = match form {
        LabelForm::Json => "You classify texts. Answer with JSON: {\"label\": \"the label\"}",
        LabelForm::Text => "You classify texts. Answer with one label and nothing else.",
    };
    let mut template = template("classification", variables, &[("system", instruction), ("user", TEXT)]);
    let (expectation, sample_answer) = match form {
        LabelForm::Json => {
            template.output = Some(OutputConstraint::JsonSchema(json!({
                "type": "object",
                "properties": {"label": {"enum": labels}},
                "required": ["label"],
                "additionalProperties": false,
            })));
            let expected = r#"{ "type": "object", "required": ["label"], "properties": { "label": { "const": "{{ expected }}" } } }"#;
            (Assertion::IsJson { schema: Some(json!(expected)) }, json!({"label": "positive"}).to_string())
        }
        LabelForm::Text => (Assertion::Equals { value: json!("{{ expected }}") }, "positive".to_owned()),
    };
    Task {
        template,
        description: "Gives a text one of several labels.",
        sample: values(json!({"text": "The soup was hot and the waiter kind.", "expected": "positive"})),
        sample_answer,
        checks: vec![check(expectation)],
    }
}
