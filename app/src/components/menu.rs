//! Things to do, in a list that goes back to its heading once one is chosen.

use leptos::prelude::*;

use super::select::{Select, SelectGroup, SelectOption};

/// A list of things to do.
#[component]
pub fn Menu(
    /// Its id, unique on the page; tests know it by this.
    #[prop(into)]
    id: String,
    /// What it is for, in words.
    #[prop(into)]
    aria_label: String,
    /// What it shows.
    heading: &'static str,
    /// What can be done, by group.
    #[prop(into)]
    groups: Signal<Vec<SelectGroup>>,
    /// Takes what was chosen.
    #[prop(into)]
    on_choose: Callback<String>,
) -> impl IntoView {
    let chosen = RwSignal::new(String::new());
    let groups = Signal::derive(move || {
        let option = SelectOption { is_enabled: false, ..SelectOption::new("", heading) };
        let first = SelectGroup { heading: String::new(), options: vec![option] };
        std::iter::once(first).chain(groups.get()).collect::<Vec<_>>()
    });
    let choose = move |value: String| {
        chosen.set(value.clone());
        on_choose.run(value);
        chosen.set(String::new());
    };
    view! { <Select id=id aria_label=aria_label groups=groups value=chosen on_change=choose /> }
}
