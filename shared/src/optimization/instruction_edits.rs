//! Fixed rewrites of an instruction, so that something sensible is tried even where the proposing model is too small to
//! write any.

use serde::{Deserialize, Serialize};

/// A rewrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// The task in a person's words, as the run describes it.
    Description,
    /// The labels listed, where the expected answers are a few labels.
    Labels,
    /// Only the answer.
    AnswerOnly,
    /// Only the first sentence.
    Shorter,
    /// The model is told to be an expert.
    Role,
    /// The model is told to think first; only where no exact answer is expected.
    StepByStep,
}

/// Expected answers are labels if there are at most so many different ones, …
const MOST_LABELS: usize = 12;

/// … none of them longer than this, …
const MOST_LABEL_CHARACTERS: usize = 40;

/// What the rewrites start from.
pub(crate) struct EditInput<'a> {
    /// The starting prompt's instruction; can be empty.
    pub(crate) instruction: &'a str,
    /// The task in a person's words; can be empty.
    pub(crate) description: &'a str,
    /// The expected answers of the search's cases, those that have one.
    pub(crate) expected: &'a [&'a str],
}

/// All rewrites that make sense, the most promising first.
pub(crate) fn edits(input: &EditInput<'_>) -> Vec<(Edit, String)> {
    let description = input.description.trim();
    let base = if input.instruction.trim().is_empty() { description } else { input.instruction.trim() };
    let labels = labels(input.expected);
    let mut all = Vec::new();
    if let Some(labels) = &labels {
        let list = labels.join(", ");
        all.push((Edit::Labels, format!("{base}\nAnswer with exactly one of these, and nothing else: {list}.")));
    }
    all.push((Edit::AnswerOnly, format!("{base}\nGive only the answer, without any explanation.")));
    if !description.is_empty() && description != base {
        all.push((Edit::Description, description.to_owned()));
    }
    if let Some(end) = base.find(". ") {
        all.push((Edit::Shorter, base[..=end].to_owned()));
    }
    all.push((Edit::Role, format!("You are an expert at this task and pay attention to every detail.\n{base}")));
    if input.expected.is_empty() {
        all.push((Edit::StepByStep, format!("{base}\nThink step by step, then write the answer on the last line.")));
    }
    all.into_iter().map(|(edit, text)| (edit, text.trim().to_owned())).collect()
}

/// The different expected answers in alphabetical order, where they are labels: few, short, and used more than once on
/// average.
pub(crate) fn labels<'a>(expected: &[&'a str]) -> Option<Vec<&'a str>> {
    let mut labels = expected.to_vec();
    labels.sort_unstable();
    labels.dedup();
    let are_short = labels.iter().all(|label| label.chars().count() <= MOST_LABEL_CHARACTERS && !label.contains('\n'));
    let are_few = (2..=MOST_LABELS).contains(&labels.len()) && labels.len() * 2 <= expected.len();
    (are_short && are_few).then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_listed_where_the_answers_are_labels() {
        assert_eq!(labels(&["no", "yes", "no", "yes"]), Some(vec!["no", "yes"]));
        assert_eq!(labels(&["Paris", "Rome", "Oslo", "Bern"]), None, "each answer once is no set of labels");
        assert_eq!(labels(&["yes", "yes"]), None);
        let input = EditInput { instruction: "", description: "Judge it.", expected: &["no", "yes", "no", "yes"] };
        let (edit, text) = &edits(&input)[0];
        assert_eq!(*edit, Edit::Labels);
        assert_eq!(text, "Judge it.\nAnswer with exactly one of these, and nothing else: no, yes.");
    }

    #[test]
    fn every_rewrite_says_something_even_of_nothing() {
        let input = EditInput { instruction: " ", description: "", expected: &[] };
        assert!(edits(&input).iter().all(|(_, text)| text.len() > 10 && text.trim() == text));
        let long = EditInput { instruction: "One. Two.", description: "", expected: &["a"] };
        assert!(edits(&long).contains(&(Edit::Shorter, "One.".to_owned())));
        assert!(edits(&long).iter().all(|(edit, _)| *edit != Edit::StepByStep));
    }
}
