//! A question, with or without a text that holds the answer.

use serde_json::json;

use super::{Task, check, optional, required, template, values};
use crate::evaluation::assertions::Assertion;
use crate::prompt::VariableKind;

const QUESTION: &str = "{% if context %}Read the text and answer the question from it alone. If the answer is not in \
the text, write: not in the text.

Text:
{{ context }}

Question: {{ question }}{% else %}Answer in one short sentence.

Question: {{ question }}{% endif %}";

pub(super) fn task() -> Task {
    let variables = vec![
        required("question", VariableKind::Text, "What is asked."),
        optional(
            "context",
            VariableKind::Text,
            None,
            "The text that holds the answer; without one, the model's knowledge.",
        ),
    ];
    Task {
        template: template("question answering", variables, &[("user", QUESTION)]),
        description: "Answers a question, from a text where one is given.",
        sample: values(json!({
            "context": "The mill on the Unstrut was built in 1743 and burned down in 1891.",
            "question": "When was the mill built?",
            "expected": "1743",
        })),
        sample_answer: "The mill was built in 1743.".to_owned(),
        checks: vec![
            check(Assertion::Contains { text: "{{ expected }}".to_owned(), ignores_case: true }),
            check(Assertion::Factuality { reference: "{{ expected }}".to_owned() }),
        ],
    }
}
