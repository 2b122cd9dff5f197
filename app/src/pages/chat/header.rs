//! Above the conversation: who answers, and the buttons for new, history and settings.

use leptos::prelude::*;
use shared::model_pool::ModelPlace;

use crate::components::{Badge, IconButton, IconName, Tone};
use crate::pages::model_select::ModelSelect;
use crate::stores::Stores;
use crate::stores::engine::EngineStatus;

/// Above the conversation.
#[component]
pub fn ChatHeader(
    /// The history is wanted.
    #[prop(into)]
    on_history: Callback<()>,
    /// The settings are wanted.
    #[prop(into)]
    on_settings: Callback<()>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let runs_on = stores.settings.part(|data| data.runs_on.clone());
    let badge = move || {
        let on_companion = runs_on.get().is_some_and(|it| it.place == ModelPlace::Companion);
        match stores.engine.status.get() {
            _ if on_companion => None,
            EngineStatus::Ready(loaded) if runs_on.get().is_some_and(|it| it.name == loaded.name) => {
                Some(view! { <Badge tone=Tone::Accent>{loaded.backend.label()}</Badge> })
            }
            _ => None,
        }
    };
    view! {
        <header class="chat-header">
            <div class="chat-model">
                <ModelSelect
                    id="runs-on"
                    aria_label="Model that answers"
                    value=runs_on
                    says_destination=false
                    disabled=stores.chat.is_answering
                    on_change=move |chosen| stores.settings.change(|data| data.runs_on = chosen)
                />
                {badge}
            </div>
            <div class="chat-tools">
                <IconButton
                    icon=IconName::Plus
                    label="New chat"
                    testid="new-chat"
                    on_press=move |()| stores.chat.start_new()
                />
                <IconButton
                    icon=IconName::History
                    label="Conversations"
                    testid="history"
                    on_press=on_history
                />
                <IconButton
                    icon=IconName::FineTune
                    label="Chat settings"
                    testid="chat-settings"
                    on_press=on_settings
                />
            </div>
        </header>
    }
}
