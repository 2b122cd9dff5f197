//! Worked examples: written by hand, or chosen out of many.

use leptos::prelude::*;
use serde_json::Value;
use shared::model_pool::{ModelPool, ModelReference};
use shared::prompt::few_shot::ExampleChoice;
use shared::prompt::{Example, Variables};
use wasm_bindgen_futures::spawn_local;

use super::page::OpenPrompt;
use super::value_field::ValueField;
use crate::components::{
    Button, Card, Disclosure, IconButton, IconName, Notice, NumberField, Segmented, TextArea, Tone,
};
use crate::pages::model_select::ModelSelect;
use crate::stores::Stores;

/// The examples.
#[component]
pub fn ExamplesView(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let prompt = draft.value;
    let count = Memo::new(move |_| prompt.with(|prompt| prompt.template.examples.len()));
    let add = move |()| {
        prompt.update(|prompt| {
            prompt.template.examples.push(Example { variables: Variables::new(), answer: String::new() });
        });
    };
    view! {
        <Card
            title="Examples"
            lead="Each is shown to the model as a turn of the user with these values, and the answer to it, before the last turn."
        >
            <ol class="items">
                {move || {
                    (0..count.get()).map(|index| view! { <ExampleEditor draft=draft index=index /> }).collect_view()
                }}
            </ol>
            <div class="row">
                <Button icon=IconName::Plus testid="add-example" on_press=add>"Add an example"</Button>
            </div>
        </Card>
        <ChooseExamples draft=draft />
    }
}

#[component]
fn ExampleEditor(
    /// The open prompt.
    draft: OpenPrompt,
    /// Which example.
    index: usize,
) -> impl IntoView {
    let prompt = draft.value;
    let variables = Memo::new(move |_| prompt.with(|prompt| prompt.template.variables.clone()));
    let change = move |write: &dyn Fn(&mut Example)| {
        prompt.update(|prompt| {
            if let Some(example) = prompt.template.examples.get_mut(index) {
                write(example);
            }
        });
    };
    let field = move |variable: shared::prompt::Variable| {
        let (read, write) = (variable.name.clone(), variable.name.clone());
        let id = format!("example-{index}-{}", variable.name);
        let set = move |value: Option<Value>| {
            change(&|example| {
                match value.clone() {
                    Some(value) => example.variables.insert(write.clone(), value),
                    None => example.variables.shift_remove(&write),
                };
            });
        };
        view! {
            <ValueField
                id=id
                variable=variable
                value=Signal::derive(move || {
                    prompt.with(|prompt| prompt.template.examples.get(index)?.variables.get(&read).cloned())
                })
                on_change=set
            />
        }
    };
    // What has a default is the same in most examples.
    let (usual, special): (Signal<Vec<_>>, Signal<Vec<_>>) = (
        Signal::derive(move || variables.get().into_iter().filter(|it| it.default.is_none()).collect()),
        Signal::derive(move || variables.get().into_iter().filter(|it| it.default.is_some()).collect()),
    );
    view! {
        <li class="item" data-testid="example">
            <div class="item-about">
                {move || usual.get().into_iter().map(field).collect_view()}
                <TextArea
                    id=format!("example-{index}-answer")
                    label="The right answer"
                    hint=""
                    rows=2
                    value=Signal::derive(move || {
                        prompt
                            .with(|prompt| prompt.template.examples.get(index).map(|example| example.answer.clone()))
                            .unwrap_or_default()
                    })
                    on_input=move |text: String| change(&|example| example.answer.clone_from(&text))
                />
                <Show when=move || special.with(|special| !special.is_empty())>
                    <Disclosure summary=move || "Values that have a default">
                        {move || special.get().into_iter().map(field).collect_view()}
                    </Disclosure>
                </Show>
            </div>
            <IconButton
                icon=IconName::Delete
                label=format!("Remove example {}", index + 1)
                on_press=move |()| {
                    prompt
                        .update(|prompt| {
                            if index < prompt.template.examples.len() {
                                prompt.template.examples.remove(index);
                            }
                        });
                }
            />
        </li>
    }
}

/// Keeps the few examples that suit the values on the page, out of all that are there.
#[component]
fn ChooseExamples(
    /// The open prompt.
    draft: OpenPrompt,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let prompt = draft.value;
    let way = RwSignal::new("words".to_owned());
    let wanted = RwSignal::new(3_u64);
    let embedder = RwSignal::new(None::<ModelReference>);
    let fault = RwSignal::new(None::<String>);
    let chosen = RwSignal::new(None::<Vec<usize>>);
    let is_similarity = Memo::new(move |_| way.with(|way| way == "similarity"));
    let count = Memo::new(move |_| prompt.with(|prompt| prompt.template.examples.len()));
    let choose = move |()| {
        let count = usize::try_from(wanted.get_untracked()).unwrap_or(usize::MAX);
        let choice = match way.get_untracked().as_str() {
            "similarity" => ExampleChoice::Similarity { count, diversity: 0.3 },
            "labels" => ExampleChoice::Labels { count, seed: 0 },
            "random" => ExampleChoice::Random { count, seed: 0 },
            _ => ExampleChoice::Words { count },
        };
        let (pool, question) =
            prompt.with_untracked(|prompt| (prompt.template.examples.clone(), prompt.values.clone()));
        let model = embedder.get_untracked().map(|model| stores.pool.model(&model)).transpose();
        spawn_local(async move {
            let found = match model {
                Ok(model) => choice.choose(&pool, &question, model.as_deref()).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.message),
            };
            match found {
                Ok(found) => {
                    fault.set(
                        found
                            .is_by_words_instead
                            .then(|| "The model makes no embeddings, so shared words decided.".to_owned()),
                    );
                    chosen.set(Some(found.indices));
                }
                Err(message) => fault.set(Some(message)),
            }
        });
    };
    let keep = move |()| {
        let Some(indices) = chosen.get_untracked() else { return };
        prompt.update(|prompt| {
            let all = std::mem::take(&mut prompt.template.examples);
            prompt.template.examples = indices.iter().filter_map(|&index| all.get(index).cloned()).collect();
        });
        chosen.set(None);
    };
    view! {
        <Show when=move || count.with(|count| *count > 1)>
            <Disclosure summary=move || "Choose a few out of these" testid="choose-examples">
                <Segmented
                    label="How to choose"
                    name="example-choice"
                    options=[
                        ("words", "By shared words"),
                        ("similarity", "By meaning"),
                        ("labels", "Some of each answer"),
                        ("random", "At random"),
                    ]
                        .map(|(value, words)| (value.to_owned(), words.to_owned()))
                        .into()
                    value=way
                    on_change=move |value| way.set(value)
                />
                <div class="form-grid">
                    <NumberField
                        id="example-count"
                        label="How many"
                        min=1
                        max=100
                        value=wanted
                        on_change=move |number| wanted.set(number)
                    />
                    <Show when=move || is_similarity.get()>
                        <ModelSelect
                            id="example-embedder"
                            none="Model that compares meanings"
                            value=embedder
                            on_change=move |model| embedder.set(model)
                        />
                    </Show>
                </div>
                <div class="row">
                    <Button testid="choose-examples-now" on_press=choose>"Choose for the values of this prompt"</Button>
                </div>
                {move || {
                    fault
                        .get()
                        .map(|fault| {
                            view! {
                                <Notice tone=Tone::Warning>
                                    <p>{fault}</p>
                                </Notice>
                            }
                        })
                }}
                {move || {
                    chosen
                        .get()
                        .map(|indices| {
                            let words = indices.iter().map(|index| (index + 1).to_string()).collect::<Vec<_>>().join(", ");
                            view! {
                                <div class="row">
                                    <span>{format!("Examples {words}, in this order.")}</span>
                                    <Button testid="keep-chosen-examples" on_press=keep>"Keep only these"</Button>
                                </div>
                            }
                        })
                }}
            </Disclosure>
        </Show>
    }
}
