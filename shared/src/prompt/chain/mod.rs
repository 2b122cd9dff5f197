//! Chains of prompts: what one step answers is a value for the next ones.

mod faults;
mod output;
mod run;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::render::Remark;
use super::template::{PromptTemplate, Variable, VariableKind};
use crate::evaluation::hexadecimal_digest;
use crate::model_call::GenerationLimits;
use crate::model_pool::ModelReference;
use crate::sampling::SamplingParameters;

pub use faults::ChainFault;
pub use output::StepOutput;
pub use run::{ChainError, ChainEvent, ChainRun, StepAnswer, StepRecord, run};

/// A chain of prompts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chain {
    /// The name it is chosen by.
    pub name: String,
    /// The values that it is started with.
    pub inputs: Vec<Variable>,
    /// The steps, in any order: each waits for those whose answers it needs.
    pub steps: Vec<Step>,
}

/// One prompt of a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The name that later steps know its answer by.
    pub name: String,
    /// The model that is asked.
    pub model: ModelReference,
    /// What is asked. Each of its variables has the value of the step or input of the same name, unless `sources` names
    /// another.
    pub template: PromptTemplate,
    /// Steps or inputs by the variable that takes their value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, String>,
    /// What the answer is.
    #[serde(default)]
    pub output: StepOutput,
    /// How tokens are chosen.
    #[serde(default = "greedy")]
    pub sampling: SamplingParameters,
    /// When the answer ends.
    #[serde(default)]
    pub limits: GenerationLimits,
}

fn greedy() -> SamplingParameters {
    SamplingParameters::GREEDY
}

impl Step {
    /// Declares every name that the prompt's texts use, and takes back the declarations of those that no text uses any
    /// more and that nobody has said anything about. Texts that are broken are waited for.
    pub fn declare_used_names(&mut self) {
        let remarks = self.template.remarks();
        if remarks.iter().any(|remark| matches!(remark, Remark::Broken(_))) {
            return;
        }
        for remark in remarks {
            match remark {
                Remark::Undeclared(name) => self.template.variables.push(Variable {
                    name,
                    kind: VariableKind::Text,
                    default: None,
                    required: true,
                    description: String::new(),
                }),
                Remark::Unused(name) => {
                    self.template.variables.retain(|variable| {
                        let is_bare = variable.default.is_none() && variable.description.is_empty();
                        variable.name != name || !is_bare
                    });
                }
                Remark::Broken(_) => {}
            }
        }
        let variables = &self.template.variables;
        self.sources.retain(|name, _| variables.iter().any(|variable| variable.name == *name));
    }

    /// Whose value a variable takes.
    pub fn source<'a>(&'a self, variable: &'a str) -> &'a str {
        self.sources.get(variable).map_or(variable, String::as_str)
    }
}

impl Chain {
    /// Tells chains apart: SHA-256 of its JSON, in hexadecimal.
    pub fn digest(&self) -> String {
        hexadecimal_digest(self)
    }

    /// Gives a step or an input another name; steps that take its value still do.
    pub fn rename(&mut self, before: &str, after: &str) {
        for step in &mut self.steps {
            let takers = step.template.variables.iter().filter(|variable| step.source(&variable.name) == before);
            let takers: Vec<String> = takers.map(|variable| variable.name.clone()).collect();
            for variable in takers {
                step.sources.insert(variable, after.to_owned());
            }
            // One that is named like its source needs no word about it.
            step.sources.retain(|variable, source| variable != source);
            if step.name == before {
                step.name = after.to_owned();
            }
        }
        for input in self.inputs.iter_mut().filter(|input| input.name == before) {
            input.name = after.to_owned();
        }
    }

    fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    fn input(&self, name: &str) -> Option<&Variable> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// The steps whose answers `step` needs.
    fn needed<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a Step> + 'a {
        step.template.variables.iter().filter_map(|variable| self.step(step.source(&variable.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::MessageTemplate;

    pub(super) fn variable(name: &str, kind: VariableKind) -> Variable {
        Variable { name: name.into(), kind, default: None, required: true, description: String::new() }
    }

    /// A step that asks for `text`, with required variables of these kinds.
    pub(super) fn step(name: &str, text: &str, variables: &[(&str, VariableKind)], output: StepOutput) -> Step {
        Step {
            name: name.into(),
            model: ModelReference::browser("scripted"),
            template: PromptTemplate {
                name: name.into(),
                variables: variables.iter().map(|(name, kind)| variable(name, kind.clone())).collect(),
                messages: vec![MessageTemplate { role: "user".into(), text: text.into() }],
                ..PromptTemplate::default()
            },
            sources: BTreeMap::new(),
            output,
            sampling: SamplingParameters::GREEDY,
            limits: GenerationLimits::default(),
        }
    }

    #[test]
    fn what_takes_a_value_still_does_under_its_new_name() {
        use VariableKind::Text;
        let mut chain = Chain {
            name: "c".into(),
            inputs: vec![variable("topic", Text)],
            steps: vec![
                step("first", "{{ topic }}", &[("topic", Text)], StepOutput::Text),
                step("second", "{{ first }} {{ topic }}", &[("first", Text), ("topic", Text)], StepOutput::Text),
            ],
        };
        let start = chain.clone();
        chain.rename("topic", "subject");
        chain.rename("first", "draft");
        assert_eq!(chain.faults(), []);
        assert_eq!((chain.inputs[0].name.as_str(), chain.steps[0].name.as_str()), ("subject", "draft"));
        assert_eq!((chain.steps[1].source("first"), chain.steps[1].source("topic")), ("draft", "subject"));
        chain.rename("subject", "topic");
        chain.rename("draft", "first");
        assert_eq!(chain, start);
    }

    #[test]
    fn names_in_texts_are_declared_and_taken_back() {
        let mut step = step("s", "{{ a }}", &[], StepOutput::Text);
        let names = |step: &Step| step.template.variables.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        step.declare_used_names();
        assert_eq!(names(&step), ["a"]);
        step.sources.insert("a".into(), "other".into());
        step.template.messages[0].text = "{{ b ".into();
        step.declare_used_names();
        assert_eq!(names(&step), ["a"], "a text that is being typed changes nothing yet");
        step.template.messages[0].text = "{{ b }}".into();
        step.template.variables.push(Variable { description: "said".into(), ..variable("c", VariableKind::List) });
        step.declare_used_names();
        assert_eq!(names(&step), ["c", "b"]);
        assert!(step.sources.is_empty());
    }
}
