//! A button with words.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// How much a button asks for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// The one thing to do here.
    Primary,
    /// Something else one can do.
    #[default]
    Secondary,
    /// Something minor.
    Quiet,
    /// Something that can't be undone.
    Danger,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button-primary",
            Self::Secondary => "button",
            Self::Quiet => "button button-quiet",
            Self::Danger => "button button-danger",
        }
    }
}

/// A button with words and perhaps an icon.
#[component]
pub fn Button(
    /// What happens.
    #[prop(into)]
    on_press: Callback<()>,
    /// How much it asks for attention.
    #[prop(optional)]
    kind: ButtonKind,
    /// Shown before the words.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// True where it can't be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// The name that tests know it by.
    #[prop(optional, into)]
    testid: String,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=kind.class()
            disabled=move || disabled.get()
            data-testid=(!testid.is_empty()).then_some(testid)
            on:click=move |_| on_press.run(())
        >
            {icon.map(|name| view! { <Icon name=name /> })}
            <span>{children()}</span>
        </button>
    }
}
