//! The Chat page: header, turns, composer, and the settings beside or above them.

use leptos::prelude::*;

use super::composer::Composer;
use super::header::ChatHeader;
use super::history::HistoryDialog;
use super::settings_panel::SettingsPanel;
use super::turns::Turns;
use crate::components::Dialog;
use crate::stores::Stores;

/// The width from which the settings have a column of their own; `style.css` has the same number.
const WIDE_PX: f64 = 1100.0;

/// The Chat page.
#[component]
pub fn ChatPage() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let has_panel = stores.settings.part(|data| data.is_chat_panel_open);
    let is_history_open = RwSignal::new(false);
    let is_drawer_open = RwSignal::new(false);
    let toggle_settings = move |()| {
        if is_wide() {
            stores.settings.change(|data| data.is_chat_panel_open = !data.is_chat_panel_open);
        } else {
            is_drawer_open.set(true);
        }
    };
    view! {
        <div class="chat" class:has-panel=move || has_panel.get()>
            <section class="chat-column" aria-label="Conversation">
                <ChatHeader
                    on_history=move |()| is_history_open.set(true)
                    on_settings=toggle_settings
                />
                <Turns />
                <Composer />
            </section>
            {move || {
                has_panel
                    .get()
                    .then(|| {
                        view! {
                            <aside class="chat-panel" aria-label="Chat settings">
                                <SettingsPanel />
                            </aside>
                        }
                    })
            }}
        </div>
        <HistoryDialog open=is_history_open />
        <Dialog open=is_drawer_open title="Chat settings" class="drawer">
            <SettingsPanel />
        </Dialog>
    }
}

fn is_wide() -> bool {
    window().inner_width().ok().and_then(|width| width.as_f64()).is_some_and(|width| width >= WIDE_PX)
}
