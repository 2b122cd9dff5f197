//! Chains of prompts: what one step answers is a value for the next ones.

mod faults;
mod output;
mod run;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::template::{PromptTemplate, Variable};
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
    /// Whose value a variable takes.
    fn source<'a>(&'a self, variable: &'a str) -> &'a str {
        self.sources.get(variable).map_or(variable, String::as_str)
    }
}

impl Chain {
    /// Tells chains apart: SHA-256 of its JSON, in hexadecimal.
    pub fn digest(&self) -> String {
        hexadecimal_digest(self)
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
    use crate::prompt::{MessageTemplate, VariableKind};

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
}
