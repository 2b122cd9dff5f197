//! Worked examples: written by hand, or chosen out of many.

use leptos::prelude::*;
use serde_json::Value;
use shared::prompt::{Example, Variables};

use super::example_choice::ExampleChoiceForm;
use super::move_buttons::MoveButtons;
use super::page::OpenPrompt;
use super::value_field::ValueField;
use crate::components::{Button, Card, Disclosure, IconButton, IconName, TextArea};

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
                    (0..count.get())
                        .map(|index| view! { <ExampleEditor draft=draft index=index count=count /> })
                        .collect_view()
                }}
            </ol>
            <div class="row">
                <Button icon=IconName::Plus testid="add-example" on_press=add>"Add an example"</Button>
            </div>
        </Card>
        <Card
            title="Out of many"
            lead="Keep all your examples in a pool, and let those be shown that suit the question, or that differ most."
        >
            <ExampleChoiceForm draft=draft />
        </Card>
    }
}

#[component]
fn ExampleEditor(
    /// The open prompt.
    draft: OpenPrompt,
    /// Which example.
    index: usize,
    /// Of how many.
    count: Memo<usize>,
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
            <span class="item-tools">
                <MoveButtons
                    what=format!("example {}", index + 1)
                    index=index
                    count=count
                    on_swap=move |(one, other)| prompt.update(|prompt| prompt.template.examples.swap(one, other))
                />
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
            </span>
        </li>
    }
}
