//! A word or two about something's state.

use leptos::prelude::*;

/// What a badge or notice means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// A plain fact.
    #[default]
    Neutral,
    /// Ours, chosen, active.
    Accent,
    /// Good news.
    Good,
    /// Think first.
    Warning,
    /// Bad news.
    Danger,
}

impl Tone {
    /// The CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Neutral => "tone-neutral",
            Self::Accent => "tone-accent",
            Self::Good => "tone-good",
            Self::Warning => "tone-warning",
            Self::Danger => "tone-danger",
        }
    }
}

/// A word or two about something's state.
#[component]
pub fn Badge(
    /// What it means.
    #[prop(optional)]
    tone: Tone,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! { <span class=format!("badge {}", tone.class())>{children()}</span> }
}
