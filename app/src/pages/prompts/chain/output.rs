//! What a step answers: its type, and what belongs to it.

use leptos::prelude::*;
use serde_json::Value;
use shared::prompt::chain::StepOutput;

use crate::components::{Field, Select, SelectGroup, SelectOption, TextArea};

const KINDS: [(&str, &str); 5] = [
    ("text", "A text"),
    ("number", "A number"),
    ("choice", "One of several texts"),
    ("object", "A JSON object"),
    ("schema", "JSON of a schema"),
];

fn kind_name(output: &StepOutput) -> &'static str {
    match output {
        StepOutput::Text => "text",
        StepOutput::Number => "number",
        StepOutput::Choice { .. } => "choice",
        StepOutput::Json { schema: None } => "object",
        StepOutput::Json { schema: Some(_) } => "schema",
    }
}

fn output_of(kind: &str) -> StepOutput {
    match kind {
        "number" => StepOutput::Number,
        "choice" => StepOutput::Choice { options: vec!["yes".to_owned(), "no".to_owned()] },
        "object" => StepOutput::Json { schema: None },
        "schema" => {
            let schema = serde_json::json!({"type": "array", "items": {"type": "string"}});
            StepOutput::Json { schema: Some(schema) }
        }
        _ => StepOutput::Text,
    }
}

/// A choice of type, with its options or its schema.
#[component]
pub fn OutputFields(
    /// What the ids of its fields begin with.
    #[prop(into)]
    id: String,
    /// What the step answers.
    #[prop(into)]
    output: Signal<StepOutput>,
    /// Takes the new type.
    #[prop(into)]
    on_change: Callback<StepOutput>,
) -> impl IntoView {
    let kind = Memo::new(move |_| output.with(|output| kind_name(output).to_owned()));
    let kinds = KINDS.map(|(value, words)| SelectOption::new(value, words)).into();
    let more_id = id.clone();
    let more = move || match kind.get().as_str() {
        "choice" => view! { <Options id=more_id.clone() output=output on_change=on_change /> }.into_any(),
        "schema" => view! { <Schema id=more_id.clone() output=output on_change=on_change /> }.into_any(),
        _ => ().into_any(),
    };
    view! {
        <Field label="Answers with" control_id=format!("{id}-kind")>
            <Select
                id=format!("{id}-kind")
                groups=vec![SelectGroup { heading: String::new(), options: kinds }]
                value=kind
                on_change=move |kind: String| on_change.run(output_of(&kind))
            />
        </Field>
        {more}
    }
}

#[component]
fn Options(id: String, output: Signal<StepOutput>, on_change: Callback<StepOutput>) -> impl IntoView {
    let start = output.with_untracked(|output| match output {
        StepOutput::Choice { options } => options.join("\n"),
        _ => String::new(),
    });
    let typed = RwSignal::new(start);
    view! {
        <TextArea
            id=format!("{id}-options")
            label="Which ones"
            hint="One a line."
            rows=3
            value=typed
            on_input=move |text: String| {
                let options = text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
                typed.set(text);
                on_change.run(StepOutput::Choice { options });
            }
        />
    }
}

#[component]
fn Schema(id: String, output: Signal<StepOutput>, on_change: Callback<StepOutput>) -> impl IntoView {
    let start = output.with_untracked(|output| match output {
        StepOutput::Json { schema: Some(schema) } => serde_json::to_string_pretty(schema).unwrap_or_default(),
        _ => String::new(),
    });
    let typed = RwSignal::new(start);
    let fault = RwSignal::new(None::<String>);
    view! {
        <TextArea
            id=format!("{id}-schema")
            label="JSON Schema"
            hint="The model is held to it while it writes."
            rows=6
            value=typed
            on_input=move |text: String| {
                match serde_json::from_str::<Value>(&text) {
                    Ok(schema) => {
                        fault.set(None);
                        on_change.run(StepOutput::Json { schema: Some(schema) });
                    }
                    Err(error) => {
                        fault
                            .set(
                                Some(
                                    format!(
                                        "Line {}, column {}: this is no JSON yet; the last good schema is kept.",
                                        error.line(),
                                        error.column(),
                                    ),
                                ),
                            );
                    }
                }
                typed.set(text);
            }
        />
        {move || fault.get().map(|fault| view! { <p class="field-fault" role="status">{fault}</p> })}
    }
}
