//! Thinking first, answering last (Wei et al. 2022; without examples, Kojima et al. 2022).

use serde_json::json;

use super::{Task, check, required, template, values};
use crate::evaluation::assertions::Assertion;
use crate::prompt::VariableKind;

const TEXT: &str = "{{ question }}

Think step by step. Write each step on its own line. Then write the result on the last line, like this:
Answer: the result";

pub(super) fn task() -> Task {
    let variables = vec![required("question", VariableKind::Text, "What to work out.")];
    Task {
        template: template("chain of thought", variables, &[("user", TEXT)]),
        description: "Works a question out step by step, the result on the last line.",
        sample: values(json!({
            "question": "A shop has 23 apples, sells 20 and gets 6 more. How many apples has it now?",
            "expected": "9",
        })),
        sample_answer: "23 - 20 = 3\n3 + 6 = 9\nAnswer: 9".to_owned(),
        checks: vec![check(Assertion::Regex { pattern: r"(?:^|\n)Answer:\s*{{ expected }}\.?\s*$".to_owned() })],
    }
}
