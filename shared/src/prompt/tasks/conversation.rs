//! The next turn of a talk with somebody.

use serde_json::json;

use super::{Task, check, optional, required, template, values};
use crate::evaluation::assertions::Assertion;
use crate::prompt::VariableKind;

const CHARACTER: &str = "You are {{ character }}. Answer kindly and in at most three sentences. If you don't know \
something, say so.";

pub(super) fn task() -> Task {
    let variables = vec![
        required("message", VariableKind::Text, "What the person says."),
        optional("character", VariableKind::Text, Some(json!("a helpful assistant")), "Who answers."),
    ];
    Task {
        template: template("conversation", variables, &[("system", CHARACTER), ("user", "{{ message }}")]),
        description: "Answers a person, in a character.",
        sample: values(json!({
            "character": "the librarian of a small town",
            "message": "Hello! Which book should I read on a long train ride?",
        })),
        sample_answer: "Hello! A novel that is easy to put down and pick up again. What did you like last?".to_owned(),
        checks: vec![check(Assertion::LlmRubric {
            rubric: "It is a kind answer of at most three sentences to: {{ message }}".to_owned(),
            least: None,
        })],
    }
}
