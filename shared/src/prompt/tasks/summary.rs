//! A long text in few words.

use serde_json::json;

use super::{Task, check, optional, required, template, values};
use crate::evaluation::assertions::{Assertion, RougeVariant};
use crate::prompt::VariableKind;

const TEXT: &str = "Summarize the text in {{ sentences }} {{ 'sentence' if sentences == 1 else 'sentences' }}. Keep \
names and numbers as they are, and add nothing.

Text:
{{ text }}

Summary:";

pub(super) fn task() -> Task {
    let variables = vec![
        required("text", VariableKind::Text, "What to summarize."),
        optional("sentences", VariableKind::Integer, Some(json!(1)), "How long the summary is."),
    ];
    Task {
        template: template("summary", variables, &[("user", TEXT)]),
        description: "Says a text in few sentences.",
        sample: values(json!({
            "text": "The town council met on Tuesday for four hours. After a long debate it voted nine to two to reopen \
                     the old tram line next spring. Tickets will cost two euros.",
            "expected": "The council voted nine to two to reopen the tram line next spring.",
        })),
        sample_answer: "The town council voted nine to two to reopen the old tram line next spring.".to_owned(),
        checks: vec![
            check(Assertion::RougeN {
                text: "{{ expected }}".to_owned(),
                run_words: 1,
                least: 0.4,
                variant: RougeVariant::RougeScore,
            }),
            check(Assertion::LlmRubric {
                rubric: "It says what matters in this text, and nothing that the text doesn't say: {{ text }}"
                    .to_owned(),
                least: None,
            }),
        ],
    }
}
