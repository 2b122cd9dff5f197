//! What is different between two prompts, line by line and word by word: their texts, variables and examples, as in
//! their files.

use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use super::template::PromptTemplate;

/// One line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffLine {
    /// Which of the two has it.
    pub side: DiffSide,
    /// Its text without the line's end, in order. Where a line was rewritten, the changed words are marked.
    pub pieces: Vec<DiffPiece>,
}

/// Which of two prompts has a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiffSide {
    /// Both.
    Both,
    /// Only the one before.
    Before,
    /// Only the one after.
    After,
}

/// Part of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffPiece {
    /// The words.
    pub text: String,
    /// They are not in the line that this one was or became.
    pub is_changed: bool,
}

/// The lines of both prompts in order. Prompts that are alike have lines of both sides only.
pub fn diff(before: &PromptTemplate, after: &PromptTemplate) -> Vec<DiffLine> {
    let (before, after) = (before.to_yaml(), after.to_yaml());
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    // No deadline: shared code has no clock, and prompts are short.
    let changes = diff.ops().iter().flat_map(|operation| diff.iter_inline_changes_deadline(operation, None));
    changes
        .map(|change| {
            let side = match change.tag() {
                ChangeTag::Equal => DiffSide::Both,
                ChangeTag::Delete => DiffSide::Before,
                ChangeTag::Insert => DiffSide::After,
            };
            let pieces = change.values().iter().map(|&(is_changed, text)| DiffPiece {
                text: text.trim_end_matches(['\r', '\n']).to_owned(),
                is_changed,
            });
            DiffLine { side, pieces: pieces.filter(|piece| !piece.text.is_empty()).collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{Example, MessageTemplate};

    #[test]
    fn changed_words_are_marked_and_examples_count() {
        let prompt = |text: &str| PromptTemplate {
            messages: vec![MessageTemplate { role: "user".into(), text: text.into() }],
            ..PromptTemplate::default()
        };
        let before = prompt("Say it.\nUse short words and be kind.\n");
        let mut after = prompt("Say it.\nUse long words and be kind.\n");
        after.examples.push(Example { variables: serde_json::Map::new(), answer: "yes, gladly".into() });
        let shown: Vec<String> = diff(&before, &after)
            .iter()
            .filter(|line| line.side != DiffSide::Both)
            .map(|line| {
                let mark = if line.side == DiffSide::Before { "-" } else { "+" };
                let pieces = line
                    .pieces
                    .iter()
                    .map(|piece| if piece.is_changed { format!("[{}]", piece.text) } else { piece.text.clone() });
                mark.to_owned() + &pieces.collect::<String>()
            })
            .collect();
        let has = |text: &str| shown.iter().any(|line| line.trim_start_matches(['-', '+', ' ']) == text);
        assert!(has("Use [short] words and be kind.") && has("Use [long] words and be kind."), "{shown:?}");
        assert!(shown.iter().any(|line| line.starts_with('+') && line.contains("yes, gladly")), "{shown:?}");
        assert!(diff(&before, &before).iter().all(|line| line.side == DiffSide::Both));
    }
}
