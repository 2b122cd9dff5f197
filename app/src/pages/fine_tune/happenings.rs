//! What happened to the open job, in words.

use leptos::prelude::*;
use shared::api::fine_tuning::EventLevel;

use crate::browser::clock::local_words;
use crate::components::{Badge, Card, Tone};
use crate::stores::Stores;
use crate::stores::fine_tuning::Happening;

/// So many are in sight.
const SHOWN: usize = 200;

/// What happened to the open job, the newest first.
#[component]
pub fn Happenings() -> impl IntoView {
    let open = expect_context::<Stores>().fine_tuning.open;
    let shown = Memo::new(move |_| {
        open.history.with(|history| history.happenings().iter().rev().take(SHOWN).cloned().collect::<Vec<_>>())
    });
    view! {
        <Show when=move || shown.with(|shown| !shown.is_empty())>
            <Card title="What happened">
                <ul class="items">
                    {move || {
                        shown.get().into_iter().map(|happening| view! { <HappeningItem happening=happening /> }).collect_view()
                    }}
                </ul>
            </Card>
        </Show>
    }
}

#[component]
fn HappeningItem(happening: Happening) -> impl IntoView {
    let badge = match happening.level {
        EventLevel::Info => None,
        EventLevel::Warn => Some(view! { <Badge tone=Tone::Warning>"Look at this"</Badge> }),
        EventLevel::Error => Some(view! { <Badge tone=Tone::Danger>"Error"</Badge> }),
    };
    view! {
        <li class="item" data-testid="event">
            <div class="item-about">
                <p class="is-breakable">{badge} " " {happening.words}</p>
                <p class="small muted numbers">{local_words(happening.at_seconds as f64 * 1000.0)}</p>
            </div>
        </li>
    }
}
