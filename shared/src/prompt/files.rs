//! Prompts as plain files that a person can edit and keep in git: YAML with the fields of [`PromptTemplate`], texts of
//! several lines as blocks.

use super::template::PromptTemplate;

/// Why a file is no prompt, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(*line, *column))]
pub struct InvalidPromptFile {
    /// Line, from 1; 0 where it isn't known.
    pub line: u64,
    /// Column in that line, in characters from 1; 0 where it isn't known.
    pub column: u64,
    /// What is wrong, and what to do.
    pub message: String,
}

fn place(line: u64, column: u64) -> String {
    if line == 0 { String::new() } else { format!("line {line}, column {column}: ") }
}

impl PromptTemplate {
    /// The prompt as a file. [`Self::from_yaml`] gives exactly this prompt back.
    pub fn to_yaml(&self) -> String {
        let options = serde_saphyr::ser_options! {
            // Lines stay as they are written, so that changes show where they are.
            folded_wrap_chars: 1 << 20,
        };
        let mut text = String::new();
        let is_written = serde_saphyr::to_fmt_writer_with_options(&mut text, self, options).is_ok();
        if is_written && Self::from_yaml(&text).is_ok_and(|read| read == *self) {
            return text;
        }
        // JSON is YAML too, and spells out what blocks of text can't hold.
        serde_json::to_string_pretty(self).map_or(text, |json| json + "\n")
    }

    /// The prompt of a file.
    ///
    /// # Errors
    /// It is no YAML, or no prompt: the place, and what was expected there.
    pub fn from_yaml(text: &str) -> Result<Self, InvalidPromptFile> {
        let options = serde_saphyr::options! {
            // As YAML 1.2 has it: `no` is a text.
            strict_booleans: true,
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let (line, column) = error.location().map_or((0, 0), |location| (location.line(), location.column()));
            let mut message = error.without_snippet().render();
            message.truncate(message.rfind(" at line ").unwrap_or(message.len()));
            InvalidPromptFile { line, column, message }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::tasks;
    use crate::prompt::{Example, MessageTemplate, Variable, VariableKind};
    use proptest::prelude::*;
    use serde_json::{Map, json};

    #[test]
    fn a_file_reads_like_a_prompt() {
        let prompt = PromptTemplate {
            name: "greeting".into(),
            messages: vec![MessageTemplate { role: "user".into(), text: "Greet {{ name }}:\n- no\n".into() }],
            ..PromptTemplate::default()
        };
        let text = prompt.to_yaml();
        assert!(text.contains("- role: user\n") && text.contains("text: |"), "{text}");
        let by_hand = "name: greeting\nmessages:\n- role: user\n  text: |\n    Greet {{ name }}:\n    - no\n";
        assert_eq!(PromptTemplate::from_yaml(by_hand).unwrap(), prompt);
        for task in tasks::all() {
            let text = task.template.to_yaml();
            assert!(text.starts_with("name: "), "{text}");
            assert_eq!(PromptTemplate::from_yaml(&text).unwrap(), task.template);
        }
    }

    #[test]
    fn errors_name_their_place() {
        let error = |text| PromptTemplate::from_yaml(text).unwrap_err();
        let at = |error: &InvalidPromptFile| (error.line, error.column);
        let typo = error("name: x\nmesages: []\n");
        assert_eq!(at(&typo), (2, 1), "{typo}");
        assert!(typo.message.contains("mesages") && typo.message.contains("messages"), "{typo}");
        let kind = error("name: x\nmessages:\n- role: [1]\n  text: a\n");
        assert_eq!(kind.line, 3, "{kind}");
        let open = error("name: \"x\nmessages: []\n");
        assert!(open.line > 0, "{open}");
    }

    fn any_value() -> impl Strategy<Value = serde_json::Value> {
        let text = prop_oneof![any::<String>(), "[ \n\t:#'\"|>{}-]{0,12}", "(no|null|1e3|0x1|~|2001-01-01|)"];
        prop_oneof![
            text.prop_map(|text| json!(text)),
            any::<i64>().prop_map(|number| json!(number)),
            any::<bool>().prop_map(|flag| json!(flag)),
            (-1e9..1e9).prop_map(|number| json!(number)),
            Just(json!([1, "a", {"b": null}])),
        ]
    }

    proptest! {
        #[test]
        fn every_prompt_comes_back_exactly(
            name in any::<String>(),
            text in prop_oneof![any::<String>(), "[ \n\ta:#-]{0,30}"],
            value in any_value(),
        ) {
            let values: Map<_, _> = [("v".to_owned(), value.clone())].into_iter().collect();
            let prompt = PromptTemplate {
                variables: vec![Variable {
                    name: name.clone(),
                    kind: VariableKind::Choice { options: vec![text.clone(), name.clone()] },
                    default: (!value.is_null()).then_some(value),
                    required: true,
                    description: text.clone(),
                }],
                name,
                messages: vec![MessageTemplate { role: "user".into(), text: text.clone() }],
                examples: vec![Example { variables: values, answer: text }],
                output: None,
            };
            prop_assert_eq!(PromptTemplate::from_yaml(&prompt.to_yaml()).unwrap(), prompt);
        }
    }
}
