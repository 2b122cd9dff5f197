//! One step of a chain: who is asked what, where its values come from, and what it answers.

use leptos::prelude::*;
use shared::model_pool::ModelReference;
use shared::prompt::Variable;
use shared::prompt::chain::{Step, StepOutput};
use shared::workspace::{DocumentKind, PromptRecord};
use wasm_bindgen_futures::spawn_local;

use super::output::OutputFields;
use super::view::OpenChain;
use crate::components::{
    Disclosure, Field, IconButton, IconName, NumberField, Select, SelectGroup, SelectOption, TextArea, TextField,
};
use crate::pages::model_select::ModelSelect;
use crate::pages::prompts::move_buttons::MoveButtons;
use crate::pages::prompts::variables::{KINDS, kind_name, kind_of};
use crate::stores::Stores;

/// The fields of a step.
#[component]
pub fn StepEditor(
    /// The open chain.
    draft: OpenChain,
    /// Which step.
    index: usize,
    /// Of how many.
    count: Memo<usize>,
) -> impl IntoView {
    let record = draft.value;
    let step = Memo::new(move |_| record.with(|record| record.chain.steps.get(index).cloned()));
    let change = move |write: &dyn Fn(&mut Step)| {
        record.update(|record| {
            if let Some(step) = record.chain.steps.get_mut(index) {
                write(step);
            }
        });
    };
    let name = Signal::derive(move || step.with(|step| step.as_ref().map(|it| it.name.clone()).unwrap_or_default()));
    let rename = move |after: String| {
        record.update(|record| {
            if let Some(before) = record.chain.steps.get(index).map(|step| step.name.clone()) {
                record.chain.rename(&before, after.trim());
            }
        });
    };
    let message_count = Memo::new(move |_| step.with(|step| step.as_ref().map_or(0, |it| it.template.messages.len())));
    let set_model = move |model: Option<ModelReference>| {
        if let Some(model) = model {
            change(&|step| step.model = model.clone());
        }
    };
    view! {
        <li class="item" data-testid="step">
            <div class="item-about">
                <div class="form-grid">
                    <TextField id=format!("step-name-{index}") label="Name" value=name on_input=rename />
                    <Field label="Who is asked" control_id=format!("step-model-{index}")>
                        <ModelSelect
                            id=format!("step-model-{index}")
                            value=Signal::derive(move || step.with(|step| step.as_ref().map(|it| it.model.clone())))
                            on_change=set_model
                        />
                    </Field>
                </div>
                {move || {
                    (0..message_count.get())
                        .map(|turn| view! { <StepText draft=draft index=index turn=turn /> })
                        .collect_view()
                }}
                <StepValues draft=draft index=index step=step />
                <Disclosure summary=move || "Type of the answer, length, another prompt">
                    <div class="stack">
                        <div class="form-grid">
                            <OutputFields
                                id=format!("step-output-{index}")
                                output=Signal::derive(move || {
                                    step.with(|step| step.as_ref().map(|it| it.output.clone()).unwrap_or_default())
                                })
                                on_change=move |output: StepOutput| change(&|step| step.output = output.clone())
                            />
                            <NumberField
                                id=format!("step-max-tokens-{index}")
                                label="Most tokens of the answer"
                                min=1
                                max=100_000
                                value=Signal::derive(move || {
                                    step.with(|step| step.as_ref().and_then(|it| it.limits.max_tokens))
                                        .map_or(0, u64::from)
                                })
                                on_change=move |tokens| {
                                    change(&|step| step.limits.max_tokens = u32::try_from(tokens).ok());
                                }
                            />
                        </div>
                        <TakePrompt draft=draft index=index />
                    </div>
                </Disclosure>
            </div>
            <span class="item-tools">
                <MoveButtons
                    what=format!("step {}", index + 1)
                    index=index
                    count=count
                    on_swap=move |(one, other)| record.update(|record| record.chain.steps.swap(one, other))
                />
                <IconButton
                    icon=IconName::Delete
                    label=format!("Remove step {}", index + 1)
                    on_press=move |()| {
                        record
                            .update(|record| {
                                if index < record.chain.steps.len() {
                                    record.chain.steps.remove(index);
                                }
                            });
                    }
                />
            </span>
        </li>
    }
}

/// The text of one turn of a step's prompt.
#[component]
fn StepText(draft: OpenChain, index: usize, turn: usize) -> impl IntoView {
    let record = draft.value;
    let role = record.with_untracked(|record| {
        let step = record.chain.steps.get(index);
        step.and_then(|step| step.template.messages.get(turn)).map(|message| message.role.clone()).unwrap_or_default()
    });
    let id = if turn == 0 { format!("step-text-{index}") } else { format!("step-text-{index}-{turn}") };
    view! {
        <TextArea
            id=id
            label=format!("What is asked ({role})")
            hint=""
            rows=3
            value=Signal::derive(move || {
                record
                    .with(|record| {
                        let step = record.chain.steps.get(index);
                        step.and_then(|step| step.template.messages.get(turn)).map(|message| message.text.clone())
                    })
                    .unwrap_or_default()
            })
            on_input=move |text: String| {
                record
                    .update(|record| {
                        let Some(step) = record.chain.steps.get_mut(index) else { return };
                        if let Some(message) = step.template.messages.get_mut(turn) {
                            message.text = text;
                        }
                        step.declare_used_names();
                    });
            }
        />
    }
}

/// Where the values of a step's variables come from.
#[component]
fn StepValues(draft: OpenChain, index: usize, step: Memo<Option<Step>>) -> impl IntoView {
    let record = draft.value;
    let variables = Memo::new(move |_| step.with(|step| step.as_ref().map(|it| it.template.variables.clone())));
    let sources = Signal::derive(move || {
        record.with(|record| {
            let own = record.chain.steps.get(index).map(|step| step.name.as_str());
            let inputs = record.chain.inputs.iter().map(|input| input.name.as_str());
            let steps = record.chain.steps.iter().map(|step| step.name.as_str()).filter(|name| Some(*name) != own);
            let group = |heading: &str, names: Vec<&str>| SelectGroup {
                heading: heading.to_owned(),
                options: names.into_iter().map(|name| SelectOption::new(name, name)).collect(),
            };
            vec![group("Inputs", inputs.collect()), group("Answers of steps", steps.collect())]
        })
    });
    let row = move |variable: Variable| {
        let name = StoredValue::new(variable.name.clone());
        let source = Signal::derive(move || {
            step.with(|step| step.as_ref().map(|it| it.source(&name.get_value()).to_owned()).unwrap_or_default())
        });
        let groups = Signal::derive(move || {
            let mut groups = sources.get();
            let source = source.get();
            if !groups.iter().flat_map(|group| &group.options).any(|option| option.value == source) {
                let missing = SelectOption::new(source.clone(), format!("{source} (is not there)"));
                groups.insert(0, SelectGroup { heading: String::new(), options: vec![missing] });
            }
            groups
        });
        let kinds = KINDS.map(|(value, words)| SelectOption::new(value, words)).into();
        let id = format!("step-{index}-{}", variable.name);
        let (source_id, kind_id) = (format!("{id}-source"), format!("{id}-kind"));
        view! {
            <div class="form-grid step-value">
                <Field label=format!("{} comes from", variable.name) control_id=source_id.clone()>
                    <Select
                        id=source_id
                        groups=groups
                        value=source
                        on_change=move |source: String| {
                            record
                                .update(|record| {
                                    let Some(step) = record.chain.steps.get_mut(index) else { return };
                                    if source == name.get_value() {
                                        step.sources.remove(&source);
                                    } else {
                                        step.sources.insert(name.get_value(), source);
                                    }
                                });
                        }
                    />
                </Field>
                <Field label="and is" control_id=kind_id.clone()>
                    <Select
                        id=kind_id
                        groups=vec![SelectGroup { heading: String::new(), options: kinds }]
                        value=kind_name(&variable.kind).to_owned()
                        on_change=move |kind: String| {
                            record
                                .update(|record| {
                                    let step = record.chain.steps.get_mut(index);
                                    let variables = step.into_iter().flat_map(|step| &mut step.template.variables);
                                    for variable in variables.filter(|it| it.name == name.get_value()) {
                                        variable.kind = kind_of(&kind);
                                    }
                                });
                        }
                    />
                </Field>
            </div>
        }
    };
    move || variables.get().unwrap_or_default().into_iter().map(row).collect_view()
}

/// Puts a copy of one of the person's prompts into a step.
#[component]
fn TakePrompt(draft: OpenChain, index: usize) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let record = draft.value;
    let heads = stores.workspace.heads_signal(DocumentKind::Prompt);
    let groups = Signal::derive(move || {
        let heads = heads.get().and_then(Result::ok).unwrap_or_default();
        let none = SelectOption { is_enabled: false, ..SelectOption::new("", "Put in a copy of …") };
        let options = heads.into_iter().map(|head| SelectOption::new(head.id, head.title));
        vec![SelectGroup { heading: String::new(), options: std::iter::once(none).chain(options).collect() }]
    });
    let chosen = RwSignal::new(String::new());
    let take = move |id: String| {
        chosen.set(id.clone());
        chosen.set(String::new());
        spawn_local(async move {
            match stores.workspace.open::<PromptRecord>(&id).await {
                Ok(Some(opened)) => {
                    let _ = record.try_update(|record| {
                        if let Some(step) = record.chain.steps.get_mut(index) {
                            step.template = opened.value.template;
                            step.sources.clear();
                        }
                    });
                }
                Ok(None) => stores.toaster.warn("This prompt is not there any more."),
                Err(error) => stores.toaster.warn(error.to_string()),
            }
        });
    };
    view! {
        <Field label="One of your prompts" control_id=format!("step-prompt-{index}")>
            <Select id=format!("step-prompt-{index}") groups=groups value=chosen on_change=take />
        </Field>
    }
}
