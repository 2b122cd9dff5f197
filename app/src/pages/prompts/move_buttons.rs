//! Buttons that move something up or down in its list.

use leptos::prelude::*;

use crate::components::{IconButton, IconName};

/// Up and down, where there is something above or below.
#[component]
pub fn MoveButtons(
    /// What is moved, in words.
    #[prop(into)]
    what: String,
    /// Its place, from 0.
    index: usize,
    /// How many there are.
    count: Memo<usize>,
    /// Swaps two places.
    #[prop(into)]
    on_swap: Callback<(usize, usize)>,
) -> impl IntoView {
    view! {
        <IconButton
            icon=IconName::Up
            label=format!("Move {what} up")
            class="is-small"
            disabled=index == 0
            on_press=move |()| on_swap.run((index - 1, index))
        />
        <IconButton
            icon=IconName::Down
            label=format!("Move {what} down")
            class="is-small"
            disabled=Signal::derive(move || index + 1 >= count.get())
            on_press=move |()| on_swap.run((index, index + 1))
        />
    }
}
