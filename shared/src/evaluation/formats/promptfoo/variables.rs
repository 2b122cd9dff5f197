//! The types of variables, which promptfoo leaves open, found from the values that the cases give.

use serde_json::Value;

use super::super::nunjucks;
use super::prompts::ReadPrompt;
use super::reader::Reader;
use crate::evaluation::Case;
use crate::evaluation::formats::Place;
use crate::prompt::{PromptTemplate, Variable, VariableKind};

/// Prompts with their variables declared. Where cases give a variable values of several types, it is a text, and lists
/// and objects among them are written as JSON. A variable without a value is empty, as in promptfoo.
pub(super) fn declare(reader: &mut Reader<'_>, prompts: Vec<ReadPrompt>, cases: &mut [Case]) -> Vec<PromptTemplate> {
    let mut around: Vec<String> = cases
        .iter()
        .flat_map(|case| [&case.prompt_prefix, &case.prompt_suffix])
        .filter(|template| !template.is_empty())
        .flat_map(|template| nunjucks::variables_of(template).unwrap_or_default())
        .collect();
    around.sort();
    around.dedup();
    let mut declared: Vec<Variable> = Vec::new();
    let names = prompts.iter().flat_map(|prompt| prompt.variables.clone()).chain(around.clone());
    for name in names {
        if !declared.iter().any(|variable| variable.name == name) {
            declared.push(declare_one(name, cases));
        }
    }
    for variable in declared.iter().filter(|it| !cases.iter().any(|case| case.variables.contains_key(&it.name))) {
        let message = format!(
            "no case gives {{{{{0}}}}} a value, so it is empty in every prompt, as in promptfoo; is {0} spelled as in the cases?",
            variable.name
        );
        reader.findings.warn(&Place::default(), message);
    }
    for prompt in &prompts {
        for variable in declared.iter().filter(|variable| prompt.variables.contains(&variable.name)) {
            warn_of_printed_structure(reader, &prompt.template, variable);
        }
    }
    prompts
        .into_iter()
        .map(|prompt| {
            let is_used =
                |variable: &&Variable| prompt.variables.contains(&variable.name) || around.contains(&variable.name);
            let mut variables: Vec<Variable> = declared.iter().filter(is_used).cloned().collect();
            variables.sort_by(|one, other| one.name.cmp(&other.name));
            PromptTemplate { variables, ..prompt.template }
        })
        .collect()
}

fn declare_one(name: String, cases: &mut [Case]) -> Variable {
    let is_in_all = cases.iter().all(|case| case.variables.contains_key(&name));
    let values: Vec<&Value> = cases.iter().filter_map(|case| case.variables.get(&name)).collect();
    let all = |is_kind: fn(&Value) -> bool| !values.is_empty() && values.iter().all(|value| is_kind(value));
    let kind = if all(Value::is_array) {
        VariableKind::List
    } else if all(Value::is_object) {
        VariableKind::Object
    } else if !is_in_all {
        VariableKind::Text
    } else if all(|value| value.is_i64() || value.is_u64()) {
        VariableKind::Integer
    } else if all(Value::is_number) {
        VariableKind::Number
    } else if all(Value::is_boolean) {
        VariableKind::Boolean
    } else {
        VariableKind::Text
    };
    if kind == VariableKind::Text {
        let given = cases.iter_mut().filter_map(|case| case.variables.get_mut(&name));
        for value in given.filter(|value| value.is_array() || value.is_object()) {
            *value = nunjucks::plain_text(value).into();
        }
    }
    let default = match kind {
        VariableKind::Text => Some("".into()),
        VariableKind::List if !is_in_all => Some(Value::Array(Vec::new())),
        VariableKind::Object if !is_in_all => Some(Value::Object(serde_json::Map::new())),
        _ => None,
    };
    Variable { name, kind, required: default.is_none(), default, description: String::new() }
}

/// `{{ list }}` is `a,b` in promptfoo and `["a", "b"]` here.
fn warn_of_printed_structure(reader: &mut Reader<'_>, template: &PromptTemplate, variable: &Variable) {
    if !matches!(variable.kind, VariableKind::List | VariableKind::Object) {
        return;
    }
    let prints = |text: &str| {
        let plain: String = text.split_whitespace().collect();
        plain.contains(&format!("{{{{{}}}}}", variable.name))
    };
    if template.messages.iter().any(|message| prints(&message.text)) {
        let message = format!(
            "the prompt {:?} writes {} out as a whole, which looks otherwise in promptfoo; write `| dump` or a loop",
            template.name, variable.name,
        );
        reader.findings.warn(&Place::default(), message);
    }
}
