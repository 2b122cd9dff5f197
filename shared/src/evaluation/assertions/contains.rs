//! `contains` and `icontains`: the answer has a text in it.

use super::observation::{JudgeError, Observation, quoted};

pub(super) fn observe(answer: &str, text: &str, ignores_case: bool) -> Result<Observation, JudgeError> {
    if text.is_empty() {
        return Err(JudgeError::new(
            "the text that the answer should contain is empty, which every answer does; give one",
        ));
    }
    let holds = Haystack::new(answer, ignores_case).has(text);
    let verb = if holds { "contains" } else { "does not contain" };
    Ok(Observation::whether(holds, format!("the answer {verb} {}", quoted(text))))
}

/// An answer in which texts are looked for.
pub(super) struct Haystack {
    text: String,
    ignores_case: bool,
}

impl Haystack {
    pub(super) fn new(answer: &str, ignores_case: bool) -> Self {
        let text = if ignores_case { answer.to_lowercase() } else { answer.to_owned() };
        Self { text, ignores_case }
    }

    pub(super) fn has(&self, text: &str) -> bool {
        if self.ignores_case { self.text.contains(&text.to_lowercase()) } else { self.text.contains(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_counts_unless_told_otherwise() {
        assert!(observe("The Answer is ÄPFEL", "Answer", false).unwrap().holds);
        assert!(!observe("The Answer is ÄPFEL", "äpfel", false).unwrap().holds);
        assert!(observe("The Answer is ÄPFEL", "äpfel", true).unwrap().holds);
        assert_eq!(observe("a", "b", false).unwrap().reason, "the answer does not contain “b”");
        assert!(observe("a", "", false).is_err());
    }
}
