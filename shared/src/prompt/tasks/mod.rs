//! Prompts for everyday tasks, ready to be filled in: one per file. They are short and plain, so that models of a
//! hundred million parameters follow them too; where the form of an answer matters, it is enforced, not only asked for.

mod chain_of_thought;
mod classification;
mod code;
mod conversation;
mod extraction;
mod question_answering;
mod summary;

use serde_json::Value;

use super::template::{MessageTemplate, PromptTemplate, Variable, VariableKind, Variables};
use crate::evaluation::WeightedAssertion;
use crate::evaluation::assertions::Assertion;

pub use classification::{LabelForm, classification};
pub use extraction::extraction;

/// A task: its prompt, and values and an answer to try it with.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The prompt.
    pub template: PromptTemplate,
    /// What it is for, in a sentence.
    pub description: &'static str,
    /// Values to try it with; `expected` among them, if it is there, is what the checks compare with.
    pub sample: Variables,
    /// An answer to them that passes the checks.
    pub sample_answer: String,
    /// What suits answers of such a task.
    pub checks: Vec<WeightedAssertion>,
}

/// All tasks, the most usual first.
pub fn all() -> Vec<Task> {
    let sentiments = ["positive", "negative", "neutral"].map(str::to_owned);
    vec![
        question_answering::task(),
        classification(&sentiments, LabelForm::Json),
        extraction(&extraction::sample_schema()),
        summary::task(),
        code::task(),
        conversation::task(),
        chain_of_thought::task(),
    ]
}

fn template(name: &str, variables: Vec<Variable>, messages: &[(&str, &str)]) -> PromptTemplate {
    let message = |(role, text): &(&str, &str)| MessageTemplate { role: (*role).into(), text: (*text).into() };
    let messages = messages.iter().map(message).collect();
    PromptTemplate { name: name.to_owned(), variables, messages, ..PromptTemplate::default() }
}

fn required(name: &str, kind: VariableKind, description: &str) -> Variable {
    Variable { name: name.to_owned(), kind, default: None, required: true, description: description.to_owned() }
}

fn optional(name: &str, kind: VariableKind, default: Option<Value>, description: &str) -> Variable {
    Variable { default, required: false, ..required(name, kind, description) }
}

/// The fields of an object; nothing else has any.
fn values(json: Value) -> Variables {
    match json {
        Value::Object(fields) => fields,
        _ => Variables::new(),
    }
}

fn check(assertion: Assertion) -> WeightedAssertion {
    WeightedAssertion { assertion, is_negated: false, weight: 1.0, metric: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::assertions::Graders;
    use crate::evaluation::{Answer, Case, Check, judge};
    use crate::model_call::{FinishReason, GenerationUsage};

    #[test]
    fn every_task_renders_its_sample_and_its_checks_tell_good_answers_from_bad_ones() {
        let labels = ["spam", "ham"].map(str::to_owned);
        let plain = Task {
            sample: values(serde_json::json!({"text": "Win a prize!", "expected": "spam"})),
            sample_answer: "spam".into(),
            ..classification(&labels, LabelForm::Text)
        };
        for task in all().into_iter().chain([plain]) {
            let name = &task.template.name;
            assert_eq!(task.template.remarks(), [], "{name}");
            let prompt = task.template.render(&task.sample).unwrap();
            assert!(prompt.iter().all(|turn| !turn.content.trim().is_empty()), "{name}: {prompt:?}");
            let checks = task.checks.iter().filter(|it| it.assertion.most_model_calls() == (0, 0));
            let checks = checks.cloned().map(Check::One).collect();
            let case = Case { variables: task.sample.clone(), checks, ..Case::default() };
            let verdict = |text: &str| {
                let answer = Answer {
                    prompt: prompt.clone(),
                    text: text.to_owned(),
                    finish_reason: FinishReason::Stop,
                    usage: GenerationUsage::default(),
                    cost: None,
                    log_probabilities: None,
                };
                pollster::block_on(judge(&case, &answer, &Graders::default()))
            };
            let good = verdict(&task.sample_answer);
            assert!(good.is_passed, "{name}: {good:?}");
            assert!(case.checks.is_empty() || !verdict("I am a teapot.").is_passed, "{name}");
        }
    }
}
