//! The prompt's text: its turns, its variables, and the form that an answer must have.

use leptos::prelude::*;
use serde_json::Value;
use shared::model_call::OutputConstraint;
use shared::prompt::chain::StepOutput;
use shared::prompt::{MessageTemplate, Remark, TextError};
use wasm_bindgen::JsCast;

use super::move_buttons::MoveButtons;
use super::page::OpenPrompt;
use super::value_field::ValueField;
use super::variables::VariablesCard;
use crate::components::{
    Button, Card, Field, IconButton, IconName, Segmented, Select, SelectGroup, SelectOption, TextArea, TextField,
};

/// Name, turns, variables, values, form of the answer.
#[component]
pub fn EditorView(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let prompt = draft.value;
    let count = Memo::new(move |_| prompt.with(|prompt| prompt.template.messages.len()));
    let add = move |()| {
        prompt.update(|prompt| {
            let role = match prompt.template.messages.last().map(|message| message.role.as_str()) {
                None | Some("system" | "assistant") => "user",
                Some(_) => "assistant",
            };
            prompt.template.messages.push(MessageTemplate { role: role.to_owned(), text: String::new() });
        });
    };
    view! {
        <Card>
            <TextField
                id="prompt-name"
                label="Name"
                placeholder="What it does, in a few words"
                value=Signal::derive(move || prompt.with(|prompt| prompt.template.name.clone()))
                on_input=move |text| prompt.update(|prompt| prompt.template.name = text)
            />
            {move || (0..count.get())
                    .map(|index| view! { <MessageEditor draft=draft index=index count=count /> })
                    .collect_view()}
            <div class="row">
                <Button icon=IconName::Plus testid="add-message" on_press=add>"Add a turn"</Button>
            </div>
        </Card>
        <ValuesCard draft=draft />
        <VariablesCard draft=draft />
        <OutputCard draft=draft />
    }
}

#[component]
fn MessageEditor(
    /// The open prompt.
    draft: OpenPrompt,
    /// Which turn.
    index: usize,
    /// Of how many.
    count: Memo<usize>,
) -> impl IntoView {
    let prompt = draft.value;
    let message = move |read: fn(&MessageTemplate) -> String| {
        Signal::derive(move || prompt.with(|prompt| prompt.template.messages.get(index).map(read)).unwrap_or_default())
    };
    let change = move |write: &dyn Fn(&mut MessageTemplate)| {
        prompt.update(|prompt| {
            if let Some(message) = prompt.template.messages.get_mut(index) {
                write(message);
            }
        });
    };
    let faults = Memo::new(move |_| {
        let remarks = prompt.with(|prompt| prompt.template.remarks());
        let of_this = remarks.into_iter().filter_map(|remark| match remark {
            Remark::Broken(error) if error.message == index => Some(error),
            _ => None,
        });
        of_this.collect::<Vec<_>>()
    });
    let roles = ["system", "user", "assistant"].map(|role| SelectOption::new(role, role)).into();
    view! {
        <div class="message-editor" data-testid="message">
            <div class="row spread">
                <Select
                    id=format!("message-role-{index}")
                    aria_label=format!("Who says turn {}", index + 1)
                    groups=vec![SelectGroup { heading: String::new(), options: roles }]
                    value=message(|message| message.role.clone())
                    on_change=move |role: String| change(&|message| message.role.clone_from(&role))
                />
                <span class="row">
                    <MoveButtons
                        what=format!("turn {}", index + 1)
                        index=index
                        count=count
                        on_swap=move |(one, other)| prompt.update(|prompt| prompt.template.messages.swap(one, other))
                    />
                    <IconButton
                        icon=IconName::Delete
                        label=format!("Remove turn {}", index + 1)
                        class="is-small"
                        on_press=move |()| {
                            prompt
                                .update(|prompt| {
                                    if index < prompt.template.messages.len() {
                                        prompt.template.messages.remove(index);
                                    }
                                });
                        }
                    />
                </span>
            </div>
            <TextArea
                id=format!("message-text-{index}")
                label=format!("Text of turn {}", index + 1)
                hint=""
                rows=5
                placeholder="{{ name }} stands for a variable"
                value=message(|message| message.text.clone())
                on_input=move |text: String| change(&|message| message.text.clone_from(&text))
            />
            {move || {
                faults
                    .get()
                    .into_iter()
                    .map(|error| {
                        let place = error.clone();
                        view! {
                            <div class="field-fault stack is-tight" role="alert" data-testid="message-fault">
                                <p>{format!("Line {}, column {}: {}", error.line, error.column, error.what)}</p>
                                <pre class="text-block">
                                    {format!("{}\n{}^", error.excerpt, " ".repeat(error.column.saturating_sub(1)))}
                                </pre>
                                <div class="row">
                                    <Button on_press=move |()| put_caret(index, &place)>"Go there"</Button>
                                </div>
                            </div>
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
}

/// Puts the caret where a turn's text is wrong.
fn put_caret(index: usize, fault: &TextError) {
    let area = document().get_element_by_id(&format!("message-text-{index}"));
    let Some(area) = area.and_then(|area| area.dyn_into::<web_sys::HtmlTextAreaElement>().ok()) else { return };
    let text = area.value();
    // Browsers count in UTF-16.
    let before: usize = text.split_inclusive('\n').take(fault.line - 1).map(|line| line.encode_utf16().count()).sum();
    let line = text.lines().nth(fault.line - 1).unwrap_or_default();
    let within: usize = line.chars().take(fault.column - 1).map(char::len_utf16).sum();
    let at = u32::try_from(before + within).unwrap_or(u32::MAX);
    // An element that can't take the focus leaves it where it is.
    let _ = area.focus();
    let _ = area.set_selection_range(at, at);
}

/// Values to look at the prompt with.
#[component]
fn ValuesCard(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let prompt = draft.value;
    // Fields are made anew when the variables change, not while a value is typed.
    let variables = Memo::new(move |_| prompt.with(|prompt| prompt.template.variables.clone()));
    let field = move |variable: shared::prompt::Variable| {
        let (read, write) = (variable.name.clone(), variable.name.clone());
        let id = format!("value-{}", variable.name);
        view! {
            <ValueField
                id=id
                variable=variable
                value=Signal::derive(move || prompt.with(|prompt| prompt.values.get(&read).cloned()))
                on_change=move |value| {
                    prompt
                        .update(|prompt| {
                            match value {
                                Some(value) => prompt.values.insert(write.clone(), value),
                                None => prompt.values.shift_remove(&write),
                            };
                        });
                }
            />
        }
    };
    view! {
        <Show when=move || variables.with(|variables| !variables.is_empty())>
            <Card title="Values" lead="To look at the prompt and to try it with; an evaluation's cases bring their own.">
                {move || variables.get().into_iter().map(field).collect_view()}
            </Card>
        </Show>
    }
}

/// What the answer must look like; enforced while it is written.
#[component]
fn OutputCard(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let prompt = draft.value;
    let kind = Signal::derive(move || {
        prompt
            .with(|prompt| match prompt.template.output {
                None => "text",
                Some(OutputConstraint::JsonObject) => "object",
                Some(OutputConstraint::JsonSchema(_)) => "schema",
            })
            .to_owned()
    });
    let is_schema = Memo::new(move |_| kind.with(|kind| kind == "schema"));
    let kept = prompt.with_untracked(|prompt| match &prompt.template.output {
        Some(OutputConstraint::JsonSchema(schema)) => serde_json::to_string_pretty(schema).unwrap_or_default(),
        _ => String::new(),
    });
    let typed = RwSignal::new(kept);
    let fault = RwSignal::new(None::<String>);
    let choose = move |kind: String| {
        let output = match kind.as_str() {
            "object" => Some(OutputConstraint::JsonObject),
            "schema" => {
                let start = serde_json::json!({"type": "object", "properties": {}, "required": []});
                let schema = serde_json::from_str(&typed.get_untracked()).unwrap_or(start);
                typed.set(serde_json::to_string_pretty(&schema).unwrap_or_default());
                fault.set(None);
                Some(OutputConstraint::JsonSchema(schema))
            }
            _ => None,
        };
        prompt.update(|prompt| prompt.template.output = output);
    };
    let type_schema = move |text: String| {
        let schema = serde_json::from_str::<Value>(&text)
            .map_err(|error| format!("Line {}, column {}: this is no JSON yet", error.line(), error.column()));
        let schema = schema.and_then(|schema| {
            let fault = StepOutput::Json { schema: Some(schema.clone()) }.schema_fault();
            fault.map_or(Ok(schema), |fault| Err(format!("This is no JSON Schema: {fault}")))
        });
        match schema {
            Ok(schema) => {
                fault.set(None);
                prompt.update(|prompt| prompt.template.output = Some(OutputConstraint::JsonSchema(schema)));
            }
            Err(message) => fault.set(Some(format!("{message}; the last good schema is kept."))),
        }
        typed.set(text);
    };
    view! {
        <Card title="Form of the answer" lead="Not only asked for: while the answer is written, every token that breaks the form is left out.">
            <Segmented
                label="Form of the answer"
                name="output"
                options=[("text", "Any text"), ("object", "A JSON object"), ("schema", "By a JSON Schema")]
                    .map(|(value, words)| (value.to_owned(), words.to_owned()))
                    .into()
                value=kind
                on_change=choose
            />
            <Show when=move || is_schema.get()>
                <Field label="JSON Schema" control_id="answer-schema">
                    <textarea
                        id="answer-schema"
                        class="input text-area is-code"
                        rows="10"
                        spellcheck="false"
                        data-testid="answer-schema"
                        prop:value=move || typed.get()
                        on:input=move |event| type_schema(event_target_value(&event))
                    ></textarea>
                </Field>
                {move || fault.get().map(|fault| view! { <p class="field-fault" role="alert">{fault}</p> })}
            </Show>
        </Card>
    }
}
