//! A value of a prompt's variable, as its kind asks for.

use leptos::prelude::*;
use serde_json::Value;
use shared::prompt::{Variable, VariableKind};

use crate::components::{Checkbox, Field, Select, SelectGroup, SelectOption, TextArea, TextField};

/// A field for a value.
#[component]
pub fn ValueField(
    /// Its id, unique on the page.
    #[prop(into)]
    id: String,
    /// The variable.
    variable: Variable,
    /// Its value now; `None` where there is none.
    #[prop(into)]
    value: Signal<Option<Value>>,
    /// Takes the new value.
    #[prop(into)]
    on_change: Callback<Option<Value>>,
) -> impl IntoView {
    let label = variable.name.clone();
    let text = Signal::derive(move || value.get().map(|value| to_text(&value)).unwrap_or_default());
    let kind = variable.kind.clone();
    let typed = move |text: String| on_change.run(to_value(&kind, text));
    match variable.kind {
        VariableKind::Boolean => {
            let checked = Signal::derive(move || value.get() == Some(Value::Bool(true)));
            view! {
                <Checkbox id=id checked=checked on_change=move |now| on_change.run(Some(Value::Bool(now)))>
                    {label}
                </Checkbox>
            }
            .into_any()
        }
        VariableKind::Choice { options } => {
            let none = SelectOption::new("", if variable.default.is_some() { "The usual one" } else { "None" });
            let options = options.into_iter().map(|option| SelectOption::new(option.clone(), option));
            let group = SelectGroup { heading: String::new(), options: std::iter::once(none).chain(options).collect() };
            view! {
                <Field label=label control_id=id.clone()>
                    <Select id=id groups=vec![group] value=text on_change=typed />
                </Field>
            }
            .into_any()
        }
        VariableKind::Integer | VariableKind::Number => {
            view! { <TextField id=id label=label value=text on_input=typed /> }.into_any()
        }
        VariableKind::Text | VariableKind::List | VariableKind::Object => {
            let hint = match (&variable.kind, &variable.default) {
                (VariableKind::List, _) => "A list as JSON: [\"a\", \"b\"]".to_owned(),
                (VariableKind::Object, _) => "An object as JSON: {\"a\": 1}".to_owned(),
                _ => variable.description.clone(),
            };
            let placeholder = variable.default.as_ref().map(to_text).unwrap_or_default();
            view! {
                <TextArea id=id label=label hint=hint rows=2 placeholder=placeholder value=text on_input=typed />
            }
            .into_any()
        }
    }
}

/// A value as it is typed.
pub fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a typed text is a value of. What is no value of the kind stays a text, and filling in the prompt says so.
pub fn to_value(kind: &VariableKind, text: String) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    match kind {
        VariableKind::Text | VariableKind::Choice { .. } => Some(Value::String(text)),
        _ => Some(serde_json::from_str(&text).unwrap_or(Value::String(text))),
    }
}
