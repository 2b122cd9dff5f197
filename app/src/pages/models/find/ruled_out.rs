//! The models that miss a requirement, each with what it misses.

use leptos::prelude::*;
use shared::catalog::{Excluded, Ranking};

use crate::components::{Button, Card};

/// A table of prices brings hundreds of models; so many are shown at once.
const SHOWN_AT_ONCE: usize = 10;

/// The models that miss a requirement.
#[component]
pub fn RuledOut(
    /// All candidates, judged.
    ranking: Memo<Ranking>,
) -> impl IntoView {
    let shown = RwSignal::new(SHOWN_AT_ONCE);
    let excluded = Memo::new(move |_| ranking.with(|ranking| ranking.excluded.clone()));
    let left = Memo::new(move |_| excluded.with(Vec::len).saturating_sub(shown.get()));
    let row = |Excluded { candidate, reasons }: &Excluded| {
        let reasons = reasons.iter().map(|reason| view! { <li>{reason.clone()}</li> }).collect_view();
        view! {
            <li class="excluded" data-testid=format!("excluded-{}", candidate.reference())>
                <p>
                    <strong>{candidate.title.clone()}</strong>
                    <span class="muted">{format!(" · {}", candidate.place.title())}</span>
                </p>
                <ul>{reasons}</ul>
            </li>
        }
    };
    view! {
        <Show when=move || excluded.with(|excluded| !excluded.is_empty())>
            <Card title="Ruled out" lead="Each model here is known to miss something. An estimate rules nothing out.">
                <ul class="excluded-list" data-testid="ruled-out">
                    {move || {
                        excluded.with(|excluded| excluded.iter().take(shown.get()).map(row).collect_view())
                    }}
                </ul>
                <Show when=move || { left.get() > 0 }>
                    <Button on_press=move |()| shown.update(|shown| *shown += SHOWN_AT_ONCE)>
                        {move || format!("Show more ({} left)", left.get())}
                    </Button>
                </Show>
            </Card>
        </Show>
    }
}
