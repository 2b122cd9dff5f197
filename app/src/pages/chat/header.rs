//! Above the conversation: who answers, and the buttons for new, history and settings.

use leptos::prelude::*;
use shared::model_pool::{ModelPlace, ModelReference};

use crate::components::{Badge, IconButton, IconName, Select, SelectGroup, SelectOption, Tone};
use crate::stores::Stores;
use crate::stores::catalogue;
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
    let groups = Signal::derive(move || choices(stores, runs_on.get().as_ref()));
    let value = Signal::derive(move || runs_on.get().map(|runs_on| runs_on.to_string()).unwrap_or_default());
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
                <Select
                    id="runs-on"
                    aria_label="Model that answers"
                    groups=groups
                    value=value
                    disabled=stores.chat.is_answering
                    on_change=move |key: String| {
                        stores.settings.change(|data| data.runs_on = key.parse().ok());
                    }
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

/// Every model that could answer; the chosen one stays in the list even while it is out of reach.
fn choices(stores: Stores, chosen: Option<&ModelReference>) -> Vec<SelectGroup> {
    let browser = stores.models.complete_names().into_iter().map(ModelReference::browser);
    let companion = stores.companion.models.get().into_iter().map(ModelReference::companion);
    let title = |place: &ModelReference| catalogue::title(stores.companion, &place.name);
    // The closed list shows no heading, so the words say where it runs.
    let words = |place: &ModelReference| match place.place {
        ModelPlace::Browser => title(place),
        ModelPlace::Companion => format!("{} · companion", title(place)),
    };
    let group = |heading: &str, places: Vec<ModelReference>| SelectGroup {
        heading: heading.to_owned(),
        options: places.iter().map(|place| SelectOption::new(place.to_string(), words(place))).collect(),
    };
    let browser: Vec<_> = browser.collect();
    let companion: Vec<_> = companion.collect();
    let mut groups = Vec::new();
    match chosen {
        None => groups.push(SelectGroup {
            heading: String::new(),
            options: vec![SelectOption { is_enabled: false, ..SelectOption::new("", "Choose a model") }],
        }),
        Some(chosen) if !browser.contains(chosen) && !companion.contains(chosen) => groups.push(SelectGroup {
            heading: "Not available now".to_owned(),
            options: vec![SelectOption::new(chosen.to_string(), words(chosen))],
        }),
        Some(_) => {}
    }
    if !browser.is_empty() {
        groups.push(group("In this browser", browser));
    }
    if !companion.is_empty() {
        groups.push(group("On the companion", companion));
    }
    groups
}
