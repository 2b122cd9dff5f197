//! A choice among the models that can be asked, wherever they are.

use leptos::prelude::*;
use shared::model_pool::ModelReference;

use super::destination::Destination;
use crate::components::{Select, SelectGroup, SelectOption};
use crate::stores::Stores;
use crate::stores::catalogue::title_with_place;

/// A choice among the models that can be asked.
#[component]
pub fn ModelSelect(
    /// Its id, unique on the page.
    #[prop(into)]
    id: String,
    /// What is chosen, in words, where no label names it.
    #[prop(optional, into)]
    aria_label: Option<String>,
    /// The one chosen now.
    #[prop(into)]
    value: Signal<Option<ModelReference>>,
    /// Takes the new one.
    #[prop(into)]
    on_change: Callback<Option<ModelReference>>,
    /// The words for none.
    #[prop(default = "Choose a model")]
    none: &'static str,
    /// None can be chosen too.
    #[prop(optional)]
    is_optional: bool,
    /// True where it can't be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// False where the page says elsewhere where texts go.
    #[prop(default = true)]
    says_destination: bool,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let groups = Signal::derive(move || {
        let chosen = value.get();
        let mut groups = choices(stores, chosen.as_ref());
        if is_optional || chosen.is_none() {
            let option = SelectOption { is_enabled: is_optional, ..SelectOption::new("", none) };
            groups.insert(0, SelectGroup { heading: String::new(), options: vec![option] });
        }
        groups
    });
    let key = Signal::derive(move || value.get().map(|chosen| chosen.to_string()).unwrap_or_default());
    view! {
        <Select
            id=id
            aria_label=aria_label.unwrap_or_else(|| none.to_owned())
            groups=groups
            value=key
            disabled=disabled
            on_change=move |key: String| on_change.run(key.parse().ok())
        />
        {says_destination.then(|| view! { <Destination model=value /> })}
    }
}

/// Every model that could answer; the chosen one stays in the list even while it is out of reach.
fn choices(stores: Stores, chosen: Option<&ModelReference>) -> Vec<SelectGroup> {
    let browser: Vec<_> = stores.models.complete_names().into_iter().map(ModelReference::browser).collect();
    let companion = stores.companion.own_models();
    let external = stores.companion.external_models();
    let group = |heading: &str, models: &[ModelReference]| SelectGroup {
        heading: heading.to_owned(),
        options: models
            .iter()
            .map(|model| SelectOption::new(model.to_string(), title_with_place(stores.companion, model)))
            .collect(),
    };
    let mut groups = Vec::new();
    let mut reachable = browser.iter().chain(&companion).chain(&external);
    if let Some(chosen) = chosen.filter(|chosen| !reachable.any(|model| model == *chosen)) {
        groups.push(group("Not available now", std::slice::from_ref(chosen)));
    }
    if !browser.is_empty() {
        groups.push(group("In this browser", &browser));
    }
    if !companion.is_empty() {
        groups.push(group("On the companion", &companion));
    }
    let provider = |model: &ModelReference| model.external().map(|external| external.provider.to_owned());
    for models in external.chunk_by(|a, b| provider(a) == provider(b)) {
        let heading = provider(&models[0]).map(|provider| stores.providers.heading(&provider)).unwrap_or_default();
        groups.push(group(&heading, models));
    }
    groups
}
