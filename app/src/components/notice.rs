//! A sentence that stays in the page: a warning, an error, a fact.

use leptos::prelude::*;

use super::badge::Tone;
use super::icon::{Icon, IconName};

/// A sentence that stays in the page.
#[component]
pub fn Notice(
    /// What it means.
    #[prop(optional)]
    tone: Tone,
    /// The name that tests know it by.
    #[prop(optional)]
    testid: &'static str,
    /// Words and perhaps a button.
    children: Children,
) -> impl IntoView {
    let icon = match tone {
        Tone::Warning | Tone::Danger => IconName::Warning,
        Tone::Good => IconName::Check,
        Tone::Neutral | Tone::Accent => IconName::Information,
    };
    let role = if tone == Tone::Danger { "alert" } else { "note" };
    view! {
        <div class=format!("notice {}", tone.class()) role=role data-testid=(!testid.is_empty()).then_some(testid)>
            <Icon name=icon />
            <div class="notice-body">{children()}</div>
        </div>
    }
}
