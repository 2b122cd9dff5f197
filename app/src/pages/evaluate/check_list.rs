//! What is expected of an answer, as a list that a person can edit.

use leptos::prelude::*;
use serde_json::Value;
use shared::evaluation::assertions::{AssertionParts, KNOWN_TYPES};
use shared::evaluation::{Check, WeightedAssertion};

use crate::components::{Button, Checkbox, Field, IconButton, IconName, Select, SelectGroup, SelectOption, TextField};

/// A check while it is edited: texts as they are typed.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckDraft {
    /// One assertion.
    One {
        /// Its type, without `not-`.
        type_name: String,
        /// It must not hold.
        is_negated: bool,
        /// What is compared with: a text, or JSON.
        value: String,
        /// From where, or up to where, it holds.
        threshold: String,
        /// How much it counts.
        weight: String,
        /// What the page has no field for.
        rest: AssertionParts,
        /// The name that its score is summed up under.
        metric: Option<String>,
    },
    /// A set of a file, kept as it is.
    Set(Check),
}

impl CheckDraft {
    /// A check that most begin with.
    pub(super) fn usual() -> Self {
        Self::One {
            type_name: "icontains".to_owned(),
            is_negated: false,
            value: String::new(),
            threshold: String::new(),
            weight: "1".to_owned(),
            rest: AssertionParts::default(),
            metric: None,
        }
    }

    /// A check as it can be edited.
    pub(super) fn of(check: &Check) -> Self {
        let Check::One(one) = check else { return Self::Set(check.clone()) };
        let rest = one.assertion.to_parts();
        let value = match &rest.value {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        Self::One {
            type_name: rest.type_name.clone(),
            is_negated: one.is_negated,
            value,
            threshold: rest.threshold.map(|threshold| threshold.to_string()).unwrap_or_default(),
            weight: one.weight.to_string(),
            rest,
            metric: one.metric.clone(),
        }
    }

    /// The check.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub(super) fn to_check(&self) -> Result<Check, String> {
        let Self::One { type_name, is_negated, value, threshold, weight, rest, metric } = self else {
            let Self::Set(check) = self else { return Err(String::new()) };
            return Ok(check.clone());
        };
        let number = |text: &str, what: &str| {
            text.trim().parse::<f64>().map_err(|_| format!("{type_name}: {what} is {text:?}; write a number"))
        };
        let threshold = if threshold.trim().is_empty() { None } else { Some(number(threshold, "the threshold")?) };
        let value = match serde_json::from_str::<Value>(value) {
            _ if value.trim().is_empty() => None,
            Ok(json @ (Value::Array(_) | Value::Object(_))) => Some(json),
            _ => Some(Value::String(value.clone())),
        };
        let is_same_type = rest.type_name == *type_name;
        let parts = AssertionParts {
            type_name: if *is_negated { format!("not-{type_name}") } else { type_name.clone() },
            value,
            threshold,
            config: rest.config.clone().filter(|_| is_same_type),
        };
        let parsed = WeightedAssertion::parse(&parts, Some(number(weight, "the weight")?), metric.clone());
        parsed.map(Check::One).map_err(|error| error.to_string())
    }
}

/// Every check, or the first fault.
pub(super) fn to_checks(drafts: &[CheckDraft]) -> Result<Vec<Check>, String> {
    drafts.iter().map(CheckDraft::to_check).collect()
}

/// A line about a check, for lists.
pub(super) fn check_words(check: &Check) -> String {
    match check {
        Check::Set(set) => format!("{} checks as one", set.checks.len()),
        Check::One(one) => {
            let parts = one.assertion.to_parts();
            let not = if one.is_negated { "not: " } else { "" };
            let value = match &parts.value {
                None => String::new(),
                Some(Value::String(text)) => format!(" “{text}”"),
                Some(other) => format!(" {other}"),
            };
            let threshold = parts.threshold.map(|threshold| format!(" ({threshold})")).unwrap_or_default();
            let ignores_case = if parts.type_name.starts_with("icontains") { ", in any case" } else { "" };
            format!("{not}{}{value}{threshold}{ignores_case}", type_words(&parts.type_name))
        }
    }
}

/// What a type of check asks for, where its name alone is no sentence.
fn type_words(type_name: &str) -> &str {
    match type_name {
        "equals" => "is",
        "contains" | "icontains" => "contains",
        "contains-any" | "icontains-any" => "contains one of",
        "contains-all" | "icontains-all" => "contains all of",
        "starts-with" => "begins with",
        "regex" => "matches",
        "is-json" => "is JSON",
        "contains-json" => "has JSON in it",
        "similar" => "means much the same as",
        "llm-rubric" => "a model finds that",
        "factuality" => "agrees with the facts",
        other => other,
    }
}

/// The list, with buttons to add and to remove.
#[component]
pub fn CheckList(
    /// What the ids of its fields begin with.
    id: &'static str,
    /// The checks.
    checks: RwSignal<Vec<CheckDraft>>,
) -> impl IntoView {
    // Rows are made anew when one comes or goes, not while a text in one is typed.
    let count = Memo::new(move |_| checks.with(Vec::len));
    view! {
        <ul class="items">
            {move || (0..count.get()).map(|index| view! { <CheckRow id=id checks=checks index=index /> }).collect_view()}
        </ul>
        <Button
            icon=IconName::Plus
            testid=format!("{id}-add")
            on_press=move |()| checks.update(|checks| checks.push(CheckDraft::usual()))
        >
            "Add a check"
        </Button>
    }
}

#[component]
fn CheckRow(id: &'static str, checks: RwSignal<Vec<CheckDraft>>, index: usize) -> impl IntoView {
    let is_set = checks.with_untracked(|checks| matches!(checks.get(index), Some(CheckDraft::Set(_))));
    let remove = move |()| {
        checks.update(|checks| {
            if index < checks.len() {
                checks.remove(index);
            }
        });
    };
    let fields = if is_set {
        view! { <p class="muted">"Several checks that count as one, from a file. They are kept as they are."</p> }
            .into_any()
    } else {
        view! { <CheckFields id=id checks=checks index=index /> }.into_any()
    };
    view! {
        <li class="item">
            <div class="item-about">{fields}</div>
            <IconButton icon=IconName::Delete label="Remove this check" on_press=remove />
        </li>
    }
}

/// The parts of [`CheckDraft::One`] that have a field of text.
#[derive(Clone, Copy)]
enum Text {
    Type,
    Value,
    Threshold,
    Weight,
}

fn text_of(check: Option<&CheckDraft>, which: Text) -> String {
    match check {
        Some(CheckDraft::One { type_name, value, threshold, weight, .. }) => match which {
            Text::Type => type_name.clone(),
            Text::Value => value.clone(),
            Text::Threshold => threshold.clone(),
            Text::Weight => weight.clone(),
        },
        _ => String::new(),
    }
}

#[component]
fn CheckFields(id: &'static str, checks: RwSignal<Vec<CheckDraft>>, index: usize) -> impl IntoView {
    let get = move |which| Signal::derive(move || checks.with(|checks| text_of(checks.get(index), which)));
    let set = move |which, text: String| {
        checks.update(|checks| {
            if let Some(CheckDraft::One { type_name, value, threshold, weight, .. }) = checks.get_mut(index) {
                match which {
                    Text::Type => *type_name = text,
                    Text::Value => *value = text,
                    Text::Threshold => *threshold = text,
                    Text::Weight => *weight = text,
                }
            }
        });
    };
    let is_negated = Signal::derive(move || {
        checks.with(|checks| matches!(checks.get(index), Some(CheckDraft::One { is_negated: true, .. })))
    });
    let negate = move |now: bool| {
        checks.update(|checks| {
            if let Some(CheckDraft::One { is_negated, .. }) = checks.get_mut(index) {
                *is_negated = now;
            }
        });
    };
    let types = KNOWN_TYPES.map(|name| SelectOption::new(name, name)).into();
    let fault = move || checks.with(|checks| checks.get(index).and_then(|check| check.to_check().err()));
    view! {
        <div class="form-grid">
            <Field label="Check" control_id=format!("{id}-type-{index}")>
                <Select
                    id=format!("{id}-type-{index}")
                    groups=vec![SelectGroup { heading: String::new(), options: types }]
                    value=get(Text::Type)
                    on_change=move |text| set(Text::Type, text)
                />
            </Field>
            <TextField
                id=format!("{id}-value-{index}")
                label="Expected"
                placeholder="A text, {{ a variable }}, or JSON"
                value=get(Text::Value)
                on_input=move |text| set(Text::Value, text)
            />
            <TextField
                id=format!("{id}-threshold-{index}")
                label="Threshold"
                placeholder="The usual one"
                value=get(Text::Threshold)
                on_input=move |text| set(Text::Threshold, text)
            />
            <TextField
                id=format!("{id}-weight-{index}")
                label="Weight"
                value=get(Text::Weight)
                on_input=move |text| set(Text::Weight, text)
            />
        </div>
        <Checkbox id=format!("{id}-not-{index}") checked=is_negated on_change=negate>
            "It must not hold"
        </Checkbox>
        {move || fault().map(|fault| view! { <p class="field-fault" role="alert">{fault}</p> })}
    }
}
