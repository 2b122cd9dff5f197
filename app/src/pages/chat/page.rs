//! The Chat page: header, turns, composer, and the settings beside or above them.

use leptos::prelude::*;

use super::composer::Composer;
use super::header::ChatHeader;
use super::history::HistoryDialog;
use super::settings_panel::SettingsPanel;
use super::turns::Turns;
use crate::components::Dialog;
use crate::stores::Stores;

/// The width from which the settings have a column of their own.
const WIDE_PX: f64 = 1100.0;

/// The Chat page.
#[component]
pub fn ChatPage() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let is_panel_open = stores.settings.part(|data| data.is_chat_panel_open);
    let is_wide = follow_width();
    // Beside or above, never both: the same controls twice would share their ids and their radio groups.
    let has_panel = Memo::new(move |_| is_wide.get() && is_panel_open.get());
    let is_history_open = RwSignal::new(false);
    let is_drawer_open = RwSignal::new(false);
    Effect::new(move |_| {
        if is_wide.get() {
            is_drawer_open.set(false);
        }
    });
    let toggle_settings = move |()| {
        if is_wide.get_untracked() {
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

/// Whether the window is wide, now and whenever its size changes.
fn follow_width() -> RwSignal<bool> {
    let is_wide = RwSignal::new(is_wide_now());
    let listening = window_event_listener(leptos::ev::resize, move |_| {
        let now = is_wide_now();
        if is_wide.get_untracked() != now {
            is_wide.set(now);
        }
    });
    on_cleanup(move || listening.remove());
    is_wide
}

fn is_wide_now() -> bool {
    window().inner_width().ok().and_then(|width| width.as_f64()).is_some_and(|width| width >= WIDE_PX)
}
