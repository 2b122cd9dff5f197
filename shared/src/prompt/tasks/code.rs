//! A function from its description.

use serde_json::json;

use super::{Task, check, optional, required, template, values};
use crate::evaluation::assertions::Assertion;
use crate::prompt::VariableKind;

const TEXT: &str = "Write {{ language }} code: {{ request }}
Answer with one code block and no explanation.";

pub(super) fn task() -> Task {
    let variables = vec![
        required("request", VariableKind::Text, "What the code must do."),
        optional("language", VariableKind::Text, Some(json!("Python")), "The programming language."),
    ];
    Task {
        template: template("code", variables, &[("user", TEXT)]),
        description: "Writes code from a description.",
        sample: values(json!({
            "request": "a function `is_even` that takes a whole number and tells whether it is even.",
            "expected": "def is_even",
        })),
        sample_answer: "```python\ndef is_even(number: int) -> bool:\n    return number % 2 == 0\n```".to_owned(),
        checks: vec![
            check(Assertion::Contains { text: "{{ expected }}".to_owned(), ignores_case: false }),
            check(Assertion::Regex { pattern: r"^\s*```[\s\S]*```\s*$".to_owned() }),
        ],
    }
}
