//! A winner's good answers as rows of a dataset for fine-tuning.

use serde::{Deserialize, Serialize};

use crate::model_call::ChatMessage;

/// An answer that passed, to a case of the search: held-out cases never become training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The case, by its place in the suite.
    pub case: usize,
    /// The messages that were asked.
    pub messages: Vec<ChatMessage>,
    /// The answer.
    pub answer: String,
}

/// Traces in OpenAI's chat format for fine-tuning: a line of JSON for each, `{"messages": […]}`, the answer last.
pub fn to_chat_jsonl(traces: &[Trace]) -> String {
    let mut lines = String::new();
    for trace in traces {
        let answer = ChatMessage { role: "assistant".to_owned(), content: trace.answer.clone() };
        let messages: Vec<&ChatMessage> = trace.messages.iter().chain([&answer]).collect();
        lines.push_str(&serde_json::json!({ "messages": messages }).to_string());
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_line_with_the_answer_as_the_last_turn() {
        let messages = vec![ChatMessage { role: "user".to_owned(), content: "two\nlines".to_owned() }];
        let trace = Trace { case: 3, messages, answer: "ja \"so\"".to_owned() };
        let row = r#"{"messages":[{"role":"user","content":"two\nlines"},{"role":"assistant","content":"ja \"so\""}]}"#;
        assert_eq!(to_chat_jsonl(&[trace.clone(), trace]), format!("{row}\n{row}\n"));
    }
}
