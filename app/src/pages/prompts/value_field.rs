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
    let last_typed = RwSignal::new(String::new());
    let text = {
        let kind = variable.kind.clone();
        Signal::derive(move || {
            let value = value.get();
            // As it was typed, for as long as it means the same.
            let typed = last_typed.get();
            if to_value(&kind, typed.clone()) == value {
                typed
            } else {
                value.as_ref().map(to_text).unwrap_or_default()
            }
        })
    };
    let kind = variable.kind.clone();
    let typed = move |text: String| {
        let value = to_value(&kind, text.clone());
        last_typed.set(text);
        on_change.run(value);
    };
    let checked_variable = variable.clone();
    let fault = move || {
        let value = value.get()?;
        checked_variable.check(&value).is_err().then(|| {
            let words = format!("It takes {}.", checked_variable.kind.words());
            view! { <p class="field-fault" role="status">{words}</p> }
        })
    };
    let control = match variable.kind {
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
                (VariableKind::List, _) => "One item a line, or JSON: [\"a\", \"b\"]".to_owned(),
                (VariableKind::Object, _) => "An object as JSON: {\"a\": 1}".to_owned(),
                _ => variable.description.clone(),
            };
            let placeholder = variable.default.as_ref().map(to_text).unwrap_or_default();
            view! {
                <TextArea id=id label=label hint=hint rows=2 placeholder=placeholder value=text on_input=typed />
            }
            .into_any()
        }
    };
    view! { <div class="stack is-tight">{control} {fault}</div> }
}

/// A value as it is typed: a list of texts has a line for each.
pub fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let lines: Option<Vec<&str>> = items.iter().map(|item| item.as_str().filter(|it| is_line(it))).collect();
            lines.filter(|lines| !lines.is_empty()).map_or_else(|| value.to_string(), |lines| lines.join("\n"))
        }
        other => other.to_string(),
    }
}

/// True for an item that is the same again when it is read from a line.
fn is_line(item: &str) -> bool {
    !item.is_empty() && item.trim() == item && !item.contains('\n') && !item.starts_with('[')
}

/// What a typed text is a value of. What is no value of the kind stays a text, and filling in the prompt says so.
pub fn to_value(kind: &VariableKind, text: String) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    match kind {
        VariableKind::Text | VariableKind::Choice { .. } => Some(Value::String(text)),
        VariableKind::List if !text.trim_start().starts_with('[') => {
            let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            (!lines.is_empty()).then(|| lines.into_iter().collect())
        }
        _ => Some(serde_json::from_str(&text).unwrap_or(Value::String(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_field_shows_is_read_as_the_same_value() {
        for (kind, value) in [
            (VariableKind::Text, json!("12")),
            (VariableKind::Integer, json!(12)),
            (VariableKind::Number, json!(0.5)),
            (VariableKind::List, json!(["a", "b c"])),
            (VariableKind::List, json!(["[a]", ""])),
            (VariableKind::List, json!([])),
            (VariableKind::List, json!([1, {"a": "b"}])),
            (VariableKind::Object, json!({"a": [1]})),
        ] {
            assert_eq!(to_value(&kind, to_text(&value)), Some(value));
        }
        assert_eq!(to_value(&VariableKind::List, " a \n\n b".into()), Some(json!(["a", "b"])));
        assert_eq!(to_value(&VariableKind::Integer, "many".into()), Some(json!("many")), "said to be wrong, not lost");
        assert_eq!(to_value(&VariableKind::Text, String::new()), None);
    }
}
