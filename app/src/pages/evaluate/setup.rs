//! What is asked of whom: prompts, models, and who judges.

use leptos::prelude::*;
use shared::evaluation::{EvaluationSuite, ModelChoice, ModelSource};
use shared::model_pool::ModelReference;
use shared::prompt::{PromptTemplate, tasks};
use shared::workspace::{DocumentKind, PromptRecord};
use wasm_bindgen_futures::spawn_local;

use super::page::OpenSuite;
use crate::components::{
    Badge, Card, Disclosure, Field, IconButton, IconName, Menu, NumberField, SelectGroup, SelectOption, TextField, Tone,
};
use crate::pages::destination::Destination;
use crate::pages::model_select::ModelSelect;
use crate::stores::Stores;
use crate::stores::catalogue::title_with_place;

/// Prompts, models, and who judges.
#[component]
pub fn SetupView(
    /// The open evaluation.
    draft: OpenSuite,
) -> impl IntoView {
    let suite = draft.value;
    view! {
        <Card>
            <TextField
                id="evaluation-name"
                label="What is measured"
                placeholder="For example: sorting support mail"
                value=Signal::derive(move || suite.with(|suite| suite.description.clone()))
                on_input=move |text| suite.update(|suite| suite.description = text)
            />
        </Card>
        <PromptsCard draft=draft />
        <ModelsCard draft=draft />
        <JudgesCard draft=draft />
    }
}

#[component]
fn PromptsCard(draft: OpenSuite) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let suite = draft.value;
    let heads = stores.workspace.heads_signal(DocumentKind::Prompt);
    let groups = Signal::derive(move || {
        let own = heads.get().and_then(Result::ok).unwrap_or_default();
        let group = |heading: &str, options| SelectGroup { heading: heading.to_owned(), options };
        let own = own.into_iter().map(|head| SelectOption::new(format!("own:{}", head.id), head.title)).collect();
        let ready = tasks::all()
            .into_iter()
            .map(|task| SelectOption::new(format!("task:{}", task.template.name), task.template.name.clone()));
        vec![group("Your prompts", own), group("From the library", ready.collect())]
    });
    let add = move |mut template: PromptTemplate| {
        suite.update(|suite| {
            template.name = free_name(suite, &template.name);
            suite.prompts.push(template);
        });
    };
    let choose = move |key: String| {
        if let Some(name) = key.strip_prefix("task:") {
            if let Some(task) = tasks::all().into_iter().find(|task| task.template.name == name) {
                add(task.template);
            }
        } else if let Some(id) = key.strip_prefix("own:").map(str::to_owned) {
            spawn_local(async move {
                match stores.workspace.open::<PromptRecord>(&id).await {
                    Ok(Some(opened)) => add(opened.value.template),
                    Ok(None) => stores.toaster.warn("This prompt is not there any more."),
                    Err(error) => stores.toaster.warn(error.to_string()),
                }
            });
        }
    };
    let row = move |(index, template): (usize, PromptTemplate)| {
        let text = template.messages.iter().map(|message| format!("{}: {}", message.role, message.text));
        let text = text.collect::<Vec<_>>().join("\n\n");
        let examples = template.examples.len();
        let name = template.name.clone();
        view! {
            <li class="item" data-testid="suite-prompt">
                <div class="item-about">
                    <div class="row">
                        <strong>{name}</strong>
                        {(examples > 0).then(|| view! { <Badge>{format!("{examples} examples")}</Badge> })}
                        {template.output.is_some().then(|| view! { <Badge tone=Tone::Accent>"JSON"</Badge> })}
                    </div>
                    <Disclosure summary=move || "Its text">
                        <pre class="text-block">{text}</pre>
                    </Disclosure>
                </div>
                <IconButton
                    icon=IconName::Delete
                    label="Take this prompt out"
                    on_press=move |()| {
                        suite
                            .update(|suite| {
                                suite.prompts.remove(index);
                            });
                    }
                />
            </li>
        }
    };
    view! {
        <Card title="Prompts" lead="Each prompt is asked of each model over every case. The texts are copies: changing a prompt later does not change what was measured.">
            <ul class="items">
                {move || suite.with(|suite| suite.prompts.clone()).into_iter().enumerate().map(row).collect_view()}
            </ul>
            <Menu id="add-prompt" aria_label="Add a prompt" heading="Add a prompt …" groups=groups on_choose=choose />
        </Card>
    }
}

#[component]
fn ModelsCard(draft: OpenSuite) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let suite = draft.value;
    let row = move |(index, choice): (usize, ModelChoice)| {
        let (words, is_known) = match &choice.model {
            ModelSource::Known(model) => (title_with_place(stores.companion, model), true),
            ModelSource::Foreign(foreign) => (foreign.id.clone(), false),
        };
        let replace = move |model: Option<ModelReference>| {
            if let Some(model) = model {
                suite.update(|suite| suite.models[index].model = ModelSource::Known(model));
            }
        };
        view! {
            <li class="item" data-testid="suite-model">
                <div class="item-about">
                    <div class="row">
                        <strong>{words}</strong>
                        {(!is_known).then(|| view! { <Badge tone=Tone::Warning>"not one of yours"</Badge> })}
                        <Destination model=Signal::stored(choice.model.known()) />
                    </div>
                    {(!is_known)
                        .then(|| {
                            view! {
                                <ModelSelect
                                    id=format!("replace-model-{index}")
                                    aria_label="Which of yours takes its place"
                                    none="Which of yours takes its place?"
                                    value=Signal::derive(|| None)
                                    on_change=replace
                                />
                            }
                        })}
                    <NumberField
                        id=format!("suite-max-tokens-{index}")
                        label="Most tokens of an answer"
                        min=1
                        max=100_000
                        value=Signal::derive(move || {
                            suite
                                .with(|suite| suite.models.get(index).and_then(|choice| choice.max_tokens))
                                .map_or(0, u64::from)
                        })
                        on_change=move |tokens| {
                            suite.update(|suite| suite.models[index].max_tokens = u32::try_from(tokens).ok());
                        }
                    />
                </div>
                <IconButton
                    icon=IconName::Delete
                    label="Take this model out"
                    on_press=move |()| {
                        suite
                            .update(|suite| {
                                suite.models.remove(index);
                            });
                    }
                />
            </li>
        }
    };
    let add = move |model: Option<ModelReference>| {
        let Some(model) = model else { return };
        suite.update(|suite| {
            let words = untrack(|| title_with_place(stores.companion, &model));
            let mut choice = ModelChoice::greedy(model);
            choice.max_tokens = Some(USUAL_MAX_TOKENS);
            choice.label = free(&words, |label| suite.models.iter().any(|taken| taken.label == label));
            suite.models.push(choice);
        });
    };
    // Rows are made anew when models come or go, not while a number in one is typed.
    let rows = Memo::new(move |_| {
        suite.with(|suite| {
            let identity = |choice: &ModelChoice| (choice.model.clone(), choice.label.clone());
            suite.models.iter().map(identity).collect::<Vec<_>>()
        })
    });
    view! {
        <Card title="Models" lead="They answer greedily, so that the same evaluation gives the same answers again.">
            <ul class="items">
                {move || {
                    rows.with(|_| ());
                    suite.with_untracked(|suite| suite.models.clone()).into_iter().enumerate().map(row).collect_view()
                }}
            </ul>
            <ModelSelect
                id="add-model"
                none="Add a model …"
                value=Signal::derive(|| None)
                on_change=add
            />
        </Card>
    }
}

/// Enough for most answers that can be checked, and a model that does not stop costs little.
const USUAL_MAX_TOKENS: u32 = 256;

#[component]
fn JudgesCard(draft: OpenSuite) -> impl IntoView {
    let suite = draft.value;
    let set_grader = move |model: Option<ModelReference>| {
        suite.update(|suite| suite.grader = model.map(ModelSource::Known));
    };
    let set_embedder = move |model: Option<ModelReference>| {
        suite.update(|suite| suite.embedder = model.map(ModelSource::Known));
    };
    view! {
        <Disclosure summary=move || "Who judges, where a check needs a model">
            <div class="form-grid">
                <Field label="Reads answers and says how good they are" control_id="grader">
                    <ModelSelect
                        id="grader"
                        none="Nobody"
                        is_optional=true
                        value=Signal::derive(move || suite.with(|suite| suite.grader.as_ref().and_then(ModelSource::known)))
                        on_change=set_grader
                    />
                </Field>
                <Field label="Compares meanings" control_id="embedder">
                    <ModelSelect
                        id="embedder"
                        none="Nobody"
                        is_optional=true
                        value=Signal::derive(move || suite.with(|suite| suite.embedder.as_ref().and_then(ModelSource::known)))
                        on_change=set_embedder
                    />
                </Field>
            </div>
        </Disclosure>
    }
}

/// `name`, or `name 2` and so on where that is taken among the suite's prompts.
pub(super) fn free_name(suite: &EvaluationSuite, name: &str) -> String {
    free(name, |name| suite.prompts.iter().any(|prompt| prompt.name == name))
}

fn free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    (2..).map(|number| format!("{name} {number}")).find(|name| !is_taken(name)).unwrap_or_default()
}
