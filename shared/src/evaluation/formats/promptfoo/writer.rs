//! A suite as `promptfooconfig.yaml`.

use serde_json::{Map, Value, json};

use super::super::finding::{Finding, Imported, Place};
use super::super::nunjucks;
use super::cases::tag_key;
use super::checks::check_json;
use super::prompts::raw_prompt;
use super::providers::{grading_provider_json, provider_json, response_format_json};
use crate::evaluation::{Case, EvaluationSuite, ModelSource};
use crate::model_pool::{ModelPlace, ModelReference};
use crate::prompt::PromptTemplate;

/// Writes a suite for promptfoo, which asks the companion at `companion_url` for models. Reading it back gives the
/// same suite, but for what the warnings name and the types of variables, which are found anew from the cases.
pub fn write(suite: &EvaluationSuite, companion_url: &str) -> Imported<String> {
    let mut warnings = Vec::new();
    let mut warn = |message: String| warnings.push(Finding { place: Place::default(), message });
    let mut root = Map::new();
    if !suite.description.is_empty() {
        root.insert("description".into(), suite.description.as_str().into());
    }
    root.insert("prompts".into(), suite.prompts.iter().filter_map(|prompt| prompt_json(prompt, &mut warn)).collect());
    for model in &suite.models {
        if let ModelSource::Known(ModelReference { place: ModelPlace::Browser, .. }) = &model.model {
            warn(format!("promptfoo can't ask {:?}: it runs in this browser only", model.label));
        }
    }
    let providers = suite.models.iter().map(|model| provider_json(model, companion_url)).collect();
    root.insert("providers".into(), providers);
    let mut grading = Map::new();
    for (role, source) in [("text", &suite.grader), ("embedding", &suite.embedder)] {
        grading.extend(source.iter().map(|source| (role.to_owned(), grading_provider_json(source, companion_url))));
    }
    if !grading.is_empty() {
        root.insert("defaultTest".into(), json!({"options": {"provider": grading}}));
    }
    root.insert("tests".into(), suite.cases.iter().map(|case| case_json(case, &mut warn)).collect());
    if let Some(concurrency) = suite.concurrency {
        root.insert("evaluateOptions".into(), json!({"maxConcurrency": concurrency}));
    }
    let text = serde_saphyr::to_string(&Value::Object(root)).unwrap_or_default();
    Imported { value: text, warnings }
}

fn prompt_json(prompt: &PromptTemplate, warn: &mut impl FnMut(String)) -> Option<Value> {
    if !prompt.examples.is_empty() {
        warn(format!("the worked examples of the prompt {:?} are left out; promptfoo has none", prompt.name));
    }
    match raw_prompt(prompt) {
        Ok(raw) => {
            let mut written = json!({"label": prompt.name, "raw": raw});
            if let Some(output) = &prompt.output {
                written["config"] = json!({"response_format": response_format_json(output)});
            }
            Some(written)
        }
        Err(fault) => {
            warn(format!("the prompt {:?} is left out: line {}: {}", prompt.name, fault.line, fault.message));
            None
        }
    }
}

/// A test as promptfoo has it.
pub(in crate::evaluation::formats) fn case_json(case: &Case, warn: &mut impl FnMut(String)) -> Value {
    let mut written = Map::new();
    if let Some(description) = &case.description {
        written.insert("description".into(), description.as_str().into());
    }
    written.insert("vars".into(), case.variables.iter().map(|(name, value)| (name.clone(), escaped(value))).collect());
    if !case.checks.is_empty() {
        written.insert("assert".into(), case.checks.iter().map(check_json).collect());
    }
    if let Some(threshold) = case.threshold {
        written.insert("threshold".into(), json!(threshold));
    }
    let mut metadata = Map::new();
    for tag in &case.tags {
        let key = tag_key(tag);
        let value = if key == "tags" { tag.as_str() } else { &tag[key.len() + 2..] };
        match metadata.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
            Value::Array(values) => values.push(value.into()),
            other => *other = value.into(),
        }
    }
    if !metadata.is_empty() {
        written.insert("metadata".into(), metadata.into());
    }
    let mut options = Map::new();
    for (key, template) in [("prefix", &case.prompt_prefix), ("suffix", &case.prompt_suffix)] {
        if !template.is_empty() {
            match nunjucks::check_ours(template) {
                Ok(()) => _ = options.insert(key.into(), template.as_str().into()),
                Err(fault) => warn(format!("a case's {key} is left out: {}", fault.message)),
            }
        }
    }
    let is_multiplied =
        |value: &Value| value.as_array().is_some_and(|items| items.first().is_some_and(Value::is_string));
    if case.variables.values().any(is_multiplied) {
        options.insert("disableVarExpansion".into(), true.into());
    }
    if !options.is_empty() {
        written.insert("options".into(), options.into());
    }
    Value::Object(written)
}

/// A value that promptfoo takes as it is.
fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => nunjucks::escape_value(text).into(),
        other => other.clone(),
    }
}
