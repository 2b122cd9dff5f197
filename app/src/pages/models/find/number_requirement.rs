//! A number of what the person wants, bound to the store.

use leptos::prelude::*;

use crate::components::OptionalNumberField;
use crate::stores::Stores;
use crate::stores::requirements::RequirementData;

/// A number of what the person wants; it may be left out.
#[component]
pub fn NumberRequirement(
    /// What it is called, with its unit.
    #[prop(into)]
    label: String,
    /// Its id, unique on the page.
    id: &'static str,
    /// Reads it.
    get: fn(&RequirementData) -> Option<f64>,
    /// Writes it.
    set: fn(&mut RequirementData, Option<f64>),
    /// The least allowed.
    #[prop(optional)]
    min: f64,
    /// The most allowed.
    #[prop(default = f64::MAX)]
    max: f64,
    /// What holds while it is left out.
    #[prop(default = "any".to_owned(), into)]
    placeholder: String,
    /// A sentence of explanation.
    #[prop(optional, into)]
    hint: String,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let value = stores.requirements.part(get);
    let on_input = move |number| stores.requirements.change(|data| set(data, number));
    view! {
        <OptionalNumberField
            label=label
            id=id
            value=value
            on_input=on_input
            min=min
            max=max
            placeholder=placeholder
            hint=hint
        />
    }
}

/// A whole number of what can be counted.
pub fn whole(number: f64) -> u32 {
    number.round() as u32
}
