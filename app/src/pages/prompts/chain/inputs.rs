//! What a chain is started with.

use leptos::prelude::*;
use shared::prompt::{Variable, VariableKind};

use super::view::OpenChain;
use crate::components::{Button, Card, Field, IconButton, IconName, Select, SelectGroup, SelectOption, TextField};
use crate::pages::prompts::value_field::ValueField;
use crate::pages::prompts::variables::{KINDS, kind_name, kind_of};

/// The inputs, each with its value.
#[component]
pub fn InputsCard(
    /// The open chain.
    draft: OpenChain,
) -> impl IntoView {
    let record = draft.value;
    let count = Memo::new(move |_| record.with(|record| record.chain.inputs.len()));
    let add = move |()| {
        record.update(|record| {
            record.chain.inputs.push(Variable {
                name: format!("input_{}", record.chain.inputs.len() + 1),
                kind: VariableKind::Text,
                default: None,
                required: true,
                description: String::new(),
            });
        });
    };
    view! {
        <Card title="Inputs" lead="What the chain is started with.">
            <ul class="items">
                {move || (0..count.get()).map(|index| view! { <InputRow draft=draft index=index /> }).collect_view()}
            </ul>
            <div class="row">
                <Button icon=IconName::Plus testid="add-input" on_press=add>"Add an input"</Button>
            </div>
        </Card>
    }
}

#[component]
fn InputRow(
    /// The open chain.
    draft: OpenChain,
    /// Which input.
    index: usize,
) -> impl IntoView {
    let record = draft.value;
    let input = Memo::new(move |_| record.with(|record| record.chain.inputs.get(index).cloned()));
    let name = Signal::derive(move || input.with(|input| input.as_ref().map(|it| it.name.clone()).unwrap_or_default()));
    let rename = move |after: String| {
        record.update(|record| {
            let Some(before) = record.chain.inputs.get(index).map(|input| input.name.clone()) else { return };
            let after = after.trim();
            record.chain.rename(&before, after);
            if let Some(value) = record.inputs.shift_remove(&before) {
                record.inputs.insert(after.to_owned(), value);
            }
        });
    };
    let kinds = KINDS.map(|(value, words)| SelectOption::new(value, words)).into();
    view! {
        <li class="item" data-testid="chain-input">
            <div class="item-about">
                <div class="form-grid">
                    <TextField id=format!("input-name-{index}") label="Name" value=name on_input=rename />
                    <Field label="Type" control_id=format!("input-kind-{index}")>
                        <Select
                            id=format!("input-kind-{index}")
                            groups=vec![SelectGroup { heading: String::new(), options: kinds }]
                            value=Signal::derive(move || {
                                input.with(|input| input.as_ref().map_or("text", |it| kind_name(&it.kind)).to_owned())
                            })
                            on_change=move |kind: String| {
                                record
                                    .update(|record| {
                                        if let Some(input) = record.chain.inputs.get_mut(index) {
                                            input.kind = kind_of(&kind);
                                        }
                                    });
                            }
                        />
                    </Field>
                </div>
                {move || input.get().map(|input| view! { <InputValue draft=draft index=index input=input /> })}
            </div>
            <IconButton
                icon=IconName::Delete
                label=format!("Remove input {}", index + 1)
                on_press=move |()| {
                    record
                        .update(|record| {
                            if index < record.chain.inputs.len() {
                                let removed = record.chain.inputs.remove(index);
                                record.inputs.shift_remove(&removed.name);
                            }
                        });
                }
            />
        </li>
    }
}

#[component]
fn InputValue(
    /// The open chain.
    draft: OpenChain,
    /// Its place.
    index: usize,
    /// The input.
    input: Variable,
) -> impl IntoView {
    let record = draft.value;
    let (read, write) = (input.name.clone(), input.name.clone());
    let shown = Variable { name: format!("Value of {}", input.name), ..input };
    view! {
        <ValueField
            id=format!("input-value-{index}")
            variable=shown
            value=Signal::derive(move || record.with(|record| record.inputs.get(&read).cloned()))
            on_change=move |value| {
                record
                    .update(|record| {
                        match value {
                            Some(value) => record.inputs.insert(write.clone(), value),
                            None => record.inputs.shift_remove(&write),
                        };
                    });
            }
        />
    }
}
