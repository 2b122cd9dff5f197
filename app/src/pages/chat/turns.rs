//! The turns of the conversation, scrolled along while an answer grows.

use leptos::html;
use leptos::prelude::*;
use leptos_router::components::A;

use super::turn_view::TurnView;
use crate::app::Page;
use crate::browser::media;
use crate::components::{EmptyState, IconButton, IconName};
use crate::stores::Stores;

/// So close to the end still counts as "at the end".
const NEAR_END_PX: i32 = 80;

const SUGGESTIONS: [&str; 4] = [
    "What is the capital of France, and why is it famous?",
    "Explain quantization of a language model to a beginner.",
    "Write a short poem about a mill by a river.",
    "Give me three tips for clear technical writing.",
];

/// The turns of the conversation.
#[component]
pub fn Turns() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let chat = stores.chat;
    let scroll = NodeRef::<html::Div>::new();
    let is_following = RwSignal::new(true);
    let to_end = move |smoothly: bool| {
        if let Some(element) = scroll.get_untracked() {
            let options = web_sys::ScrollToOptions::new();
            options.set_top(f64::from(element.scroll_height()));
            let smooth = smoothly && !media::is_motion_reduced();
            options.set_behavior(if smooth {
                web_sys::ScrollBehavior::Smooth
            } else {
                web_sys::ScrollBehavior::Instant
            });
            element.scroll_to_with_scroll_to_options(&options);
        }
    };
    // Every drawing of the last turn, and every new turn, moves the end.
    Effect::new(move |_| {
        chat.turns.with(|turns| {
            if let Some(turn) = turns.last() {
                turn.text.track();
                turn.outcome.track();
            }
        });
        if is_following.get_untracked() {
            request_animation_frame(move || to_end(false));
        }
    });
    // A narrower window makes the turns longer.
    let resizing = window_event_listener(leptos::ev::resize, move |_| {
        if is_following.get_untracked() {
            request_animation_frame(move || to_end(false));
        }
    });
    on_cleanup(move || resizing.remove());
    // A new conversation and a message just sent are followed from their end.
    Effect::new(move |_| {
        chat.id.track();
        chat.turns.with(Vec::len);
        is_following.set(true);
    });
    let has_turns = Memo::new(move |_| chat.turns.with(|turns| !turns.is_empty()));
    view! {
        <div
            class="chat-scroll"
            node_ref=scroll
            on:scroll=move |_| {
                if let Some(element) = scroll.get_untracked() {
                    let below = element.scroll_height() - element.scroll_top() - element.client_height();
                    is_following.set(below < NEAR_END_PX);
                }
            }
        >
            <Show when=move || has_turns.get() fallback=NothingYet>
                <div class="chat-turns">
                    <For
                        each=move || chat.turns.get()
                        key=|turn| turn.key
                        children=|turn| view! { <TurnView turn=turn /> }
                    />
                </div>
            </Show>
            <div class="to-latest">
                <Show when=move || has_turns.get() && !is_following.get()>
                    <IconButton
                        icon=IconName::Down
                        label="Go to the end"
                        on_press=move |()| to_end(true)
                    />
                </Show>
            </div>
        </div>
        <div class="visually-hidden" role="log" aria-live="polite" aria-label="Answer">
            {move || chat.announcement.get()}
        </div>
    }
}

#[component]
fn NothingYet() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let has_model = stores.settings.part(|data| data.runs_on.is_some());
    let companion_has_models = move || !stores.companion.own_models().is_empty();
    view! {
        <div class="chat-turns">
            <Show
                when=move || has_model.get()
                fallback=move || {
                    view! {
                        <EmptyState icon=IconName::Models title="First, get a model">
                            <p>
                                "A model is one file. It is downloaded once, stays in this browser, and then answers \
                                 without any server."
                            </p>
                            <A href=Page::Models.path() attr:class="button button-primary">
                                "Choose a model"
                            </A>
                            <Show when=companion_has_models>
                                <p>"Or let the companion answer: it has models, listed above."</p>
                            </Show>
                        </EmptyState>
                    }
                }
            >
                <EmptyState icon=IconName::Chat title="What would you like to know?">
                    <p>"Answers are computed where you choose above. Nothing you type leaves this device unless you choose a companion elsewhere or an external API."</p>
                    <div class="suggestions">
                        {SUGGESTIONS
                            .map(|text| {
                                view! {
                                    <button
                                        type="button"
                                        class="suggestion"
                                        on:click=move |_| {
                                            stores.chat.draft.set(text.to_owned());
                                            stores.chat.send_draft();
                                        }
                                    >
                                        {text}
                                    </button>
                                }
                            })
                            .collect_view()}
                    </div>
                </EmptyState>
            </Show>
        </div>
    }
}
