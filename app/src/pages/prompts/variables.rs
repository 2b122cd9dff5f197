//! The variables of a prompt: names, types, defaults.

use leptos::prelude::*;
use shared::prompt::{Remark, Variable, VariableKind};

use super::page::OpenPrompt;
use super::value_field::{to_text, to_value};
use crate::components::{
    Button, Card, Checkbox, Field, IconButton, IconName, Notice, Select, SelectGroup, SelectOption, TextField, Tone,
};

/// The variables.
#[component]
pub fn VariablesCard(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let prompt = draft.value;
    let count = Memo::new(move |_| prompt.with(|prompt| prompt.template.variables.len()));
    let remarks = Memo::new(move |_| prompt.with(|prompt| prompt.template.remarks()));
    let undeclared = move || {
        let names = remarks.get().into_iter().filter_map(|remark| match remark {
            Remark::Undeclared(name) => Some(name),
            _ => None,
        });
        names.collect::<Vec<_>>()
    };
    let unused = move || {
        let names = remarks.get().into_iter().filter_map(|remark| match remark {
            Remark::Unused(name) => Some(name),
            _ => None,
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let declare = move |name: String| {
        prompt.update(|prompt| prompt.template.variables.push(text_variable(name)));
    };
    view! {
        <Card title="Variables">
            {move || {
                let names = undeclared();
                (!names.is_empty())
                    .then(|| {
                        view! {
                            <Notice tone=Tone::Warning testid="undeclared">
                                <p>"The text uses names that are no variables yet:"</p>
                                <div class="row">
                                    {names
                                        .into_iter()
                                        .map(|name| {
                                            let declared = name.clone();
                                            view! {
                                                <Button
                                                    testid=format!("declare-{name}")
                                                    on_press=move |()| declare(declared.clone())
                                                >
                                                    {format!("Declare {name}")}
                                                </Button>
                                            }
                                        })
                                        .collect_view()}
                                </div>
                            </Notice>
                        }
                    })
            }}
            <ul class="items">
                {move || {
                    (0..count.get()).map(|index| view! { <VariableRow draft=draft index=index /> }).collect_view()
                }}
            </ul>
            {move || {
                let names = unused();
                (!names.is_empty()).then(|| view! { <p class="small muted">{format!("Not used in the text: {names}")}</p> })
            }}
            <div class="row">
                <Button icon=IconName::Plus testid="add-variable" on_press=move |()| declare(String::new())>
                    "Add a variable"
                </Button>
            </div>
        </Card>
    }
}

fn text_variable(name: String) -> Variable {
    Variable { name, kind: VariableKind::Text, default: None, required: true, description: String::new() }
}

/// Kinds by name, with their words.
pub(super) const KINDS: [(&str, &str); 7] = [
    ("text", "Text"),
    ("integer", "Whole number"),
    ("number", "Number"),
    ("boolean", "Yes or no"),
    ("choice", "One of several"),
    ("list", "List"),
    ("object", "Object"),
];

pub(super) fn kind_name(kind: &VariableKind) -> &'static str {
    match kind {
        VariableKind::Text => "text",
        VariableKind::Integer => "integer",
        VariableKind::Number => "number",
        VariableKind::Boolean => "boolean",
        VariableKind::Choice { .. } => "choice",
        VariableKind::List => "list",
        VariableKind::Object => "object",
    }
}

pub(super) fn kind_of(name: &str) -> VariableKind {
    match name {
        "integer" => VariableKind::Integer,
        "number" => VariableKind::Number,
        "boolean" => VariableKind::Boolean,
        "choice" => VariableKind::Choice { options: Vec::new() },
        "list" => VariableKind::List,
        "object" => VariableKind::Object,
        _ => VariableKind::Text,
    }
}

#[component]
fn VariableRow(
    /// The open prompt.
    draft: OpenPrompt,
    /// Which variable.
    index: usize,
) -> impl IntoView {
    let prompt = draft.value;
    let variable = move || prompt.with(|prompt| prompt.template.variables.get(index).cloned());
    let text =
        move |read: fn(&Variable) -> String| Signal::derive(move || variable().as_ref().map(read).unwrap_or_default());
    let change = move |write: &dyn Fn(&mut Variable)| {
        prompt.update(|prompt| {
            if let Some(variable) = prompt.template.variables.get_mut(index) {
                write(variable);
            }
        });
    };
    let kinds = KINDS.map(|(value, words)| SelectOption::new(value, words)).into();
    let is_choice = Memo::new(move |_| variable().is_some_and(|it| matches!(it.kind, VariableKind::Choice { .. })));
    let options = text(|variable| match &variable.kind {
        VariableKind::Choice { options } => options.join(", "),
        _ => String::new(),
    });
    view! {
        <li class="item">
            <div class="item-about">
                <div class="form-grid">
                    <TextField
                        id=format!("variable-name-{index}")
                        label="Name"
                        value=text(|variable| variable.name.clone())
                        on_input=move |name: String| prompt.update(|prompt| prompt.rename_variable(index, name.trim()))
                    />
                    <Field label="Type" control_id=format!("variable-kind-{index}")>
                        <Select
                            id=format!("variable-kind-{index}")
                            groups=vec![SelectGroup { heading: String::new(), options: kinds }]
                            value=text(|variable| kind_name(&variable.kind).to_owned())
                            on_change=move |name: String| change(&|variable| variable.kind = kind_of(&name))
                        />
                    </Field>
                    <TextField
                        id=format!("variable-default-{index}")
                        label="Default"
                        value=text(|variable| variable.default.as_ref().map(to_text).unwrap_or_default())
                        on_input=move |text: String| {
                            change(&|variable| variable.default = to_value(&variable.kind, text.clone()));
                        }
                    />
                    <Show when=move || is_choice.get()>
                        <TextField
                            id=format!("variable-options-{index}")
                            label="Choices"
                            placeholder="Comma between them"
                            value=options
                            on_input=move |text: String| {
                                change(&|variable| {
                                    let options = text.split(',').map(|option| option.trim().to_owned());
                                    let options = options.filter(|option| !option.is_empty()).collect();
                                    variable.kind = VariableKind::Choice { options };
                                });
                            }
                        />
                    </Show>
                </div>
                <Checkbox
                    id=format!("variable-required-{index}")
                    checked=Signal::derive(move || variable().is_some_and(|variable| variable.required))
                    on_change=move |now| change(&|variable| variable.required = now)
                >
                    "It must have a value"
                </Checkbox>
            </div>
            <IconButton
                icon=IconName::Delete
                label="Remove this variable"
                on_press=move |()| {
                    prompt
                        .update(|prompt| {
                            if index < prompt.template.variables.len() {
                                prompt.template.variables.remove(index);
                            }
                        });
                }
            />
        </li>
    }
}
