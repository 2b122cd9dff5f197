//! A prompt under test: the starting prompt with another instruction and with demonstrations.

use serde::{Deserialize, Serialize};

use super::instruction_edits::Edit;
use crate::evaluation::assertions::Assertion;
use crate::evaluation::{Case, Check, WeightedAssertion};
use crate::prompt::{Example, MessageTemplate, PromptTemplate};

/// A prompt under test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// What stands in place of the starting prompt's instruction; `None` leaves that.
    pub instruction: Option<Instruction>,
    /// Examples after those of the starting prompt.
    pub demonstrations: Vec<Demonstration>,
}

/// An instruction, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// The text, without template syntax.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where an instruction comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A fixed rewrite of the starting prompt's.
    Edited(Edit),
    /// A model's proposal.
    Proposed,
}

/// A worked example from a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Demonstration {
    /// The case, by its place in the suite.
    pub case: usize,
    /// What is shown.
    pub example: Example,
    /// A model wrote the answer, and it passed; otherwise it is the case's expected answer.
    pub is_bootstrapped: bool,
}

impl Candidate {
    /// The whole prompt. `for_case` leaves out the demonstration that shows this case's answer: a candidate must not be
    /// scored on an answer that it was told.
    pub fn template(&self, start: &PromptTemplate, for_case: Option<usize>) -> PromptTemplate {
        let mut template = start.clone();
        if let Some(instruction) = &self.instruction {
            let text = instruction.text.clone();
            match instruction_place(start) {
                Some(index) => template.messages[index].text = text,
                None => template.messages.insert(0, MessageTemplate { role: "system".to_owned(), text }),
            }
        }
        let shown = self.demonstrations.iter().filter(|demonstration| Some(demonstration.case) != for_case);
        template.examples.extend(shown.map(|demonstration| demonstration.example.clone()));
        template
    }
}

/// Candidates from `base`: each instruction alone and each set of demonstrations alone, in turn, then all pairs. None
/// twice.
pub(crate) fn combine(base: &Candidate, instructions: &[Instruction], sets: &[Vec<Demonstration>]) -> Vec<Candidate> {
    let with_instruction = |instruction: &Instruction| Candidate {
        instruction: Some(instruction.clone()),
        demonstrations: base.demonstrations.clone(),
    };
    let with_set =
        |set: &Vec<Demonstration>| Candidate { instruction: base.instruction.clone(), demonstrations: set.clone() };
    let mut candidates: Vec<Candidate> = Vec::new();
    for index in 0..instructions.len().max(sets.len()) {
        candidates.extend(instructions.get(index).map(with_instruction));
        candidates.extend(sets.get(index).map(with_set));
    }
    // Pairs along the diagonals, so that each instruction and each set soon has a partner.
    for shift in 0..sets.len() {
        for (index, instruction) in instructions.iter().enumerate() {
            let set = &sets[(index + shift) % sets.len()];
            candidates.push(Candidate { instruction: Some(instruction.clone()), demonstrations: set.clone() });
        }
    }
    let mut different: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        if !different.contains(&candidate) {
            different.push(candidate);
        }
    }
    different
}

/// The starting prompt's instruction: its first system message. Empty where there is none, or where it has variables,
/// which a rewrite could lose.
pub(crate) fn starting_instruction(start: &PromptTemplate) -> &str {
    instruction_place(start).map_or("", |index| &start.messages[index].text)
}

fn instruction_place(start: &PromptTemplate) -> Option<usize> {
    let index = start.messages.iter().position(|message| message.role == "system")?;
    (!has_template_syntax(&start.messages[index].text)).then_some(index)
}

/// True where a text would not come out of a template as it is.
pub(crate) fn has_template_syntax(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// The one right answer to a case, where it names one: an `equals` that is not negated.
pub(crate) fn expected_answer(case: &Case) -> Option<String> {
    case.checks.iter().find_map(|check| match check {
        Check::One(WeightedAssertion { assertion: Assertion::Equals { value }, is_negated: false, weight, .. })
            if *weight > 0.0 =>
        {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (!has_template_syntax(&text)).then_some(text)
        }
        Check::One(_) | Check::Set(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Variables;

    fn message(role: &str, text: &str) -> MessageTemplate {
        MessageTemplate { role: role.to_owned(), text: text.to_owned() }
    }

    fn with_instruction(messages: Vec<MessageTemplate>) -> Vec<MessageTemplate> {
        let start = PromptTemplate { messages, ..PromptTemplate::default() };
        let instruction = Instruction { text: "New.".to_owned(), origin: Origin::Proposed };
        Candidate { instruction: Some(instruction), ..Candidate::default() }.template(&start, None).messages
    }

    #[test]
    fn an_instruction_replaces_a_plain_one_and_never_a_variable() {
        let question = message("user", "{{ text }}");
        assert_eq!(
            with_instruction(vec![message("system", "Old."), question.clone()]),
            [message("system", "New."), question.clone()]
        );
        assert_eq!(with_instruction(vec![question.clone()]), [message("system", "New."), question.clone()]);
        let with_variable = message("system", "Answer in {{ language }}.");
        assert_eq!(
            with_instruction(vec![with_variable.clone(), question.clone()]),
            [message("system", "New."), with_variable, question]
        );
    }

    #[test]
    fn a_case_is_not_shown_its_own_answer() {
        let demonstration = |case| Demonstration {
            case,
            example: Example { variables: Variables::new(), answer: format!("answer {case}") },
            is_bootstrapped: false,
        };
        let candidate = Candidate { instruction: None, demonstrations: vec![demonstration(1), demonstration(2)] };
        let answers = |for_case| -> Vec<String> {
            candidate.template(&PromptTemplate::default(), for_case).examples.into_iter().map(|it| it.answer).collect()
        };
        assert_eq!(answers(None), ["answer 1", "answer 2"]);
        assert_eq!(answers(Some(1)), ["answer 2"]);
    }
}
