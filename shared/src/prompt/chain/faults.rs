//! What is wrong with a chain, found before anything is asked.

use std::collections::BTreeSet;

use super::{Chain, Step};
use crate::prompt::{Remark, TextError, VariableKind};

/// Why a chain can't run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// It has no steps.
    #[error("the chain has no steps; add one")]
    Empty,
    /// A name means two things.
    #[error("{0} is the name of two steps or inputs; rename one")]
    Twice(String),
    /// Steps wait for each other.
    #[error("these steps wait for each other: {}; take one answer out of the circle", .0.join(" → "))]
    Cycle(Vec<String>),
    /// A variable has no value.
    #[error("step {step}: the variable {variable} needs a value, but there is no step or input {source_name}; {help}")]
    Missing {
        /// The step.
        step: String,
        /// Its variable.
        variable: String,
        /// What should have the value.
        source_name: String,
        /// What to do.
        help: &'static str,
    },
    /// A variable takes another type.
    #[error("step {step}: the variable {variable} takes {takes}, but {source_name} is {gives}; change one of them")]
    Type {
        /// The step.
        step: String,
        /// Its variable.
        variable: String,
        /// What it takes, in words.
        takes: String,
        /// What has the value.
        source_name: String,
        /// What that is, in words.
        gives: String,
    },
    /// `sources` names a variable that the prompt doesn't have.
    #[error("step {step}: a source is given for {variable}, which its prompt doesn't declare; declare or remove it")]
    Undeclared {
        /// The step.
        step: String,
        /// The variable.
        variable: String,
    },
    /// A text of the prompt is no valid template.
    #[error("step {step}: {error}")]
    Text {
        /// The step.
        step: String,
        /// What is wrong.
        error: TextError,
    },
    /// A text of the prompt uses a name without a value.
    #[error("step {step}: its prompt uses {variable}, but doesn't declare it; declare the variable")]
    Unknown {
        /// The step.
        step: String,
        /// The name.
        variable: String,
    },
    /// The schema of a step's answer is none.
    #[error("step {step}: its JSON Schema is not valid: {message}; correct it")]
    Schema {
        /// The step.
        step: String,
        /// What is wrong.
        message: String,
    },
}

impl Chain {
    /// All that keeps it from running.
    pub fn faults(&self) -> Vec<ChainFault> {
        let mut faults = Vec::new();
        if self.steps.is_empty() {
            faults.push(ChainFault::Empty);
        }
        let mut names = BTreeSet::new();
        let all = self.inputs.iter().map(|input| &input.name).chain(self.steps.iter().map(|step| &step.name));
        let twice: BTreeSet<&String> = all.filter(|name| !names.insert(*name)).collect();
        faults.extend(twice.into_iter().cloned().map(ChainFault::Twice));
        for step in &self.steps {
            self.check_step(step, &mut faults);
        }
        faults.extend(self.cycle().map(ChainFault::Cycle));
        faults
    }

    fn check_step(&self, step: &Step, faults: &mut Vec<ChainFault>) {
        let name = || step.name.clone();
        for variable in &step.template.variables {
            let source = step.source(&variable.name);
            let gives = match (self.step(source), self.input(source)) {
                (Some(before), _) => before.output.kind(),
                (None, Some(input)) => Some(input.kind.clone()),
                (None, None) => {
                    let is_named = step.sources.contains_key(&variable.name);
                    if is_named || (variable.required && variable.default.is_none()) {
                        faults.push(ChainFault::Missing {
                            step: name(),
                            variable: variable.name.clone(),
                            source_name: source.to_owned(),
                            help: "add one, or name another source",
                        });
                    }
                    continue;
                }
            };
            if let Some(gives) = gives.filter(|gives| !takes(&variable.kind, gives)) {
                faults.push(ChainFault::Type {
                    step: name(),
                    variable: variable.name.clone(),
                    takes: variable.kind.words(),
                    source_name: source.to_owned(),
                    gives: gives.words(),
                });
            }
        }
        let declared = |name: &String| step.template.variables.iter().any(|variable| variable.name == *name);
        let undeclared = step.sources.keys().filter(|variable| !declared(variable));
        faults.extend(undeclared.map(|variable| ChainFault::Undeclared { step: name(), variable: variable.clone() }));
        faults.extend(step.template.remarks().into_iter().filter_map(|remark| match remark {
            Remark::Broken(error) => Some(ChainFault::Text { step: name(), error }),
            Remark::Undeclared(variable) => Some(ChainFault::Unknown { step: name(), variable }),
            Remark::Unused(_) => None,
        }));
        let schema_fault = step.output.schema_fault();
        faults.extend(schema_fault.map(|message| ChainFault::Schema { step: name(), message }));
    }

    /// Steps that wait for each other, from one to itself again; `None` where there are none.
    fn cycle(&self) -> Option<Vec<String>> {
        // Steps that wait for nobody left are taken away until none is left, or only circles and what waits for them.
        let mut left: Vec<&Step> = self.steps.iter().collect();
        let waits_for = |step: &Step, left: &[&Step]| -> Option<usize> {
            self.needed(step).find_map(|needed| left.iter().position(|other| other.name == needed.name))
        };
        while let Some(free) = left.iter().position(|step| waits_for(step, &left).is_none()) {
            left.remove(free);
        }
        // Whoever is left waits for somebody left: going on, a step comes again.
        let mut path: Vec<usize> = Vec::new();
        let mut next = 0;
        while !path.contains(&next) {
            path.push(next);
            next = waits_for(left.get(next)?, &left)?;
        }
        let start = path.iter().position(|&step| step == next)?;
        // Whoever is waited for comes first, as the answers would go.
        let circle = path[start..].iter().chain([&next]).rev();
        Some(circle.map(|&step| left[step].name.clone()).collect())
    }
}

/// True where a variable takes every value that something of another kind can have.
fn takes(kind: &VariableKind, gives: &VariableKind) -> bool {
    use VariableKind::{Boolean, Choice, Integer, Number, Text};
    match (kind, gives) {
        (Choice { options }, Choice { options: given }) => given.iter().all(|one| options.contains(one)),
        (Text, Integer | Number | Boolean | Choice { .. }) | (Number, Integer) => true,
        _ => kind == gives,
    }
}

#[cfg(test)]
mod tests {
    use super::super::StepOutput;
    use super::super::tests::{step, variable};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_circle_is_named() {
        use VariableKind::Text;
        let ask =
            |name: &str, needs: &str| step(name, &format!("{{{{ {needs} }}}}"), &[(needs, Text)], StepOutput::Text);
        let chain = Chain {
            inputs: vec![variable("topic", Text)],
            steps: vec![ask("last", "b"), ask("a", "c"), ask("b", "a"), ask("c", "b"), ask("first", "topic")],
            ..Chain::default()
        };
        let faults = chain.faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        let words = faults[0].to_string();
        // b waits for a, a for c, c for b.
        assert!(words.contains("b → c → a → b"), "{words}");
        let alone = Chain { steps: vec![ask("a", "a")], ..Chain::default() };
        assert_eq!(alone.faults(), [ChainFault::Cycle(vec!["a".into(), "a".into()])]);
    }

    #[test]
    fn missing_values_wrong_types_and_broken_texts_are_told_together() {
        let options = vec!["x".to_owned(), "y".to_owned()];
        let mut last = step(
            "last",
            "{{ list }}{{ gone }}{{ choice }}{{ undeclared }}",
            &[
                ("list", VariableKind::List),
                ("gone", VariableKind::Text),
                ("choice", VariableKind::Choice { options: vec!["x".into()] }),
            ],
            StepOutput::Json { schema: Some(json!({"type": 1})) },
        );
        last.sources = [("choice", "first"), ("list", "topic"), ("extra", "topic")]
            .map(|(one, other)| (one.to_owned(), other.to_owned()))
            .into();
        let first = step("first", "{{ topic", &[("topic", VariableKind::Text)], StepOutput::Choice { options });
        let input = variable("topic", VariableKind::Integer);
        let chain = Chain { inputs: vec![input], steps: vec![last, first], ..Chain::default() };
        let words: Vec<String> = chain.faults().iter().map(ToString::to_string).collect();
        for (fault, part) in words.iter().zip([
            "the variable list takes a list, but topic is a whole number",
            "the variable gone needs a value, but there is no step or input gone",
            "the variable choice takes one of x, but first is one of x, y",
            "a source is given for extra",
            "uses undeclared, but",
            "its JSON Schema is not valid",
            "step first: message 1, line 1",
        ]) {
            assert!(fault.contains(part), "{part}: {words:#?}");
        }
        assert_eq!(words.len(), 7);
    }
}
