//! An evaluation: which prompts are asked of which models over which cases.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Case, Check};
use crate::model_call::OutputConstraint;
use crate::model_pool::ModelReference;
use crate::prompt::PromptTemplate;
use crate::sampling::SamplingParameters;

/// Prompts, models and cases; every prompt is asked of every model over every case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationSuite {
    /// What it is about, in a person's words.
    pub description: String,
    /// The prompts, each with a name of its own.
    pub prompts: Vec<PromptTemplate>,
    /// The models, each with a label of its own.
    pub models: Vec<ModelChoice>,
    /// The cases.
    pub cases: Vec<Case>,
    /// The model that grades answers, where a check needs one.
    pub grader: Option<ModelSource>,
    /// The model that turns texts into vectors, where a check needs one.
    pub embedder: Option<ModelSource>,
    /// How many answers are written at a time, where the suite says so.
    pub concurrency: Option<usize>,
}

/// A model, and how it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelChoice {
    /// Which model.
    pub model: ModelSource,
    /// What it is called in reports.
    pub label: String,
    /// How each next token is chosen.
    pub sampling: SamplingParameters,
    /// Most tokens of an answer; `None` means until the context is full.
    pub max_tokens: Option<u32>,
    /// Texts that end an answer; they are not part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// What every answer must look like. A prompt's own wish comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputConstraint>,
    /// Only these prompts are asked, by name; `None` means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<Vec<String>>,
}

impl ModelChoice {
    /// The most tokens of an answer where nothing else is said, as in promptfoo.
    pub const USUAL_MAX_TOKENS: u32 = 1024;

    /// A model that answers greedily, labelled by its reference.
    pub fn greedy(model: ModelReference) -> Self {
        Self {
            label: model.to_string(),
            model: ModelSource::Known(model),
            sampling: SamplingParameters::GREEDY,
            max_tokens: Some(Self::USUAL_MAX_TOKENS),
            stop: Vec::new(),
            output: None,
            prompts: None,
        }
    }

    /// Whether this prompt is asked of it.
    pub fn is_asked(&self, prompt: &PromptTemplate) -> bool {
        self.prompts.as_ref().is_none_or(|names| names.contains(&prompt.name))
    }
}

/// Where a model is to be found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSource {
    /// One of ours.
    Known(ModelReference),
    /// One that another program names; a person has to say which of ours takes its place.
    Foreign(ForeignModel),
}

impl ModelSource {
    /// The model, if it is one of ours.
    pub fn known(&self) -> Option<ModelReference> {
        match self {
            Self::Known(model) => Some(model.clone()),
            Self::Foreign(_) => None,
        }
    }
}

/// A model as another program names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignModel {
    /// Its id there, such as `openai:gpt-4.1`.
    pub id: String,
    /// The address that it is asked at, where one is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Why an evaluation can't run: each reason in a sentence; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.join("\n"))]
pub struct InvalidSuite(pub Vec<String>);

impl EvaluationSuite {
    /// Checks that it can run.
    ///
    /// # Errors
    /// All that stands in the way.
    pub fn validate(&self) -> Result<(), InvalidSuite> {
        let mut reasons = Vec::new();
        for (what, is_empty) in
            [("prompt", self.prompts.is_empty()), ("model", self.models.is_empty()), ("case", self.cases.is_empty())]
        {
            if is_empty {
                reasons.push(format!(
                    "there is no {what}; add one{}",
                    if what == "model" { " (`--model` in a terminal)" } else { "" }
                ));
            }
        }
        let prompts = self.prompts.iter().map(|prompt| prompt.name.as_str());
        let labels = self.models.iter().map(|model| model.label.as_str());
        reasons.extend(repeated(prompts).map(|name| format!("two prompts are named {name:?}; rename one")));
        reasons.extend(repeated(labels).map(|label| format!("two models are labelled {label:?}; rename one")));
        for model in &self.models {
            reasons.extend(self.faults_of(model));
        }
        for (role, source) in [("grades answers", &self.grader), ("compares meanings", &self.embedder)] {
            if let Some(ModelSource::Foreign(foreign)) = source {
                reasons.push(format!("the model that {role} is {:?}; choose one of yours for it", foreign.id));
            }
        }
        for (index, case) in self.cases.iter().enumerate() {
            reasons.extend(faults_of_checks(&case.checks).map(|fault| format!("case {}: {fault}", index + 1)));
        }
        if reasons.is_empty() { Ok(()) } else { Err(InvalidSuite(reasons)) }
    }

    /// What tells this suite from any other: SHA-256 of its JSON, in hexadecimal.
    pub fn digest(&self) -> String {
        hexadecimal_digest(self)
    }

    fn faults_of(&self, model: &ModelChoice) -> Vec<String> {
        let label = &model.label;
        let mut faults = Vec::new();
        if let ModelSource::Foreign(foreign) = &model.model {
            faults.push(format!(
                "{:?} is not one of your models; choose which one takes its place (`--model` in a terminal)",
                foreign.id
            ));
        }
        if let Err(error) = model.sampling.validate() {
            faults.push(format!("model {label:?}: {error}"));
        }
        if model.max_tokens == Some(0) {
            faults.push(format!("model {label:?}: max_tokens is 0; it must be at least 1"));
        }
        for name in model.prompts.iter().flatten() {
            if !self.prompts.iter().any(|prompt| prompt.name == *name) {
                faults.push(format!("model {label:?} is to be asked the prompt {name:?}, but there is none"));
            }
        }
        faults
    }
}

/// SHA-256 of a value's JSON, in hexadecimal. Values without JSON (there are none among ours) all have that of `null`.
pub(crate) fn hexadecimal_digest(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec());
    Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Those that come more than once.
fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<&str> = names.filter(|name| !seen.insert(*name)).collect();
    twice.into_iter()
}

fn faults_of_checks(checks: &[Check]) -> impl Iterator<Item = String> {
    let weights = checks.iter().map(|check| match check {
        Check::One(one) => one.weight,
        Check::Set(set) => set.weight,
    });
    let bad = weights.filter(|weight| !weight.is_finite() || *weight < 0.0);
    let mut faults: Vec<String> =
        bad.map(|weight| format!("a check has the weight {weight}; it must be 0 or more")).collect();
    for check in checks {
        if let Check::Set(set) = check {
            faults.extend(faults_of_checks(&set.checks).collect::<Vec<_>>());
        }
    }
    faults.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite() -> EvaluationSuite {
        EvaluationSuite {
            prompts: vec![PromptTemplate { name: "short".into(), ..PromptTemplate::default() }],
            models: vec![ModelChoice::greedy("browser:small".parse().unwrap())],
            cases: vec![Case::default()],
            ..EvaluationSuite::default()
        }
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        assert_eq!(suite().validate(), Ok(()));
        let mut broken = suite();
        broken.prompts.push(broken.prompts[0].clone());
        broken.cases.clear();
        broken.models[0].sampling.temperature = 9.0;
        broken.models[0].prompts = Some(vec!["long".into()]);
        broken.grader = Some(ModelSource::Foreign(ForeignModel { id: "openai:gpt-4.1".into(), base_url: None }));
        let expected = [
            "there is no case; add one",
            "two prompts are named \"short\"; rename one",
            "model \"browser:small\": temperature is 9; it must be between 0 and 2",
            "model \"browser:small\" is to be asked the prompt \"long\", but there is none",
            "the model that grades answers is \"openai:gpt-4.1\"; choose one of yours for it",
        ];
        assert_eq!(broken.validate().unwrap_err().0, expected);
    }

    #[test]
    fn a_digest_tells_suites_apart_and_survives_json() {
        let same: EvaluationSuite = serde_json::from_str(&serde_json::to_string(&suite()).unwrap()).unwrap();
        assert_eq!(same.digest(), suite().digest());
        let mut other = suite();
        other.models[0].sampling.seed = 1;
        assert_ne!(other.digest(), suite().digest());
    }
}
