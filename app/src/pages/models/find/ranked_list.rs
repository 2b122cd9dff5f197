//! The models that meet the requirements, the best first.

use leptos::prelude::*;
use shared::catalog::Ranking;

use super::candidate_card::CandidateCard;
use crate::components::{Button, EmptyState, IconName};

/// A table of prices brings hundreds of models; so many are shown at once.
const SHOWN_AT_ONCE: usize = 10;

/// The models that meet the requirements.
#[component]
pub fn RankedList(
    /// All candidates, judged.
    ranking: Memo<Ranking>,
) -> impl IntoView {
    let shown = RwSignal::new(SHOWN_AT_ONCE);
    // By reference, so that a card whose place changes stays as open as it was.
    let references = Memo::new(move |_| {
        ranking.with(|ranking| {
            let ranked = ranking.ranked.iter().take(shown.get());
            ranked.map(|ranked| ranked.candidate.reference().to_string()).collect::<Vec<_>>()
        })
    });
    let left = Memo::new(move |_| ranking.with(|ranking| ranking.ranked.len().saturating_sub(shown.get())));
    view! {
        <Show
            when=move || references.with(|references| !references.is_empty())
            fallback=|| {
                view! {
                    <EmptyState icon=IconName::Models title="No model meets all of this">
                        <p>"Each model below says what it misses. Loosen what matters least."</p>
                    </EmptyState>
                }
            }
        >
            <ol class="candidate-list" data-testid="ranked">
                <For
                    each=move || references.get()
                    key=Clone::clone
                    children=move |reference| view! { <CandidateCard ranking=ranking reference=reference /> }
                />
            </ol>
        </Show>
        <Show when=move || { left.get() > 0 }>
            <Button testid="show-more" on_press=move |()| shown.update(|shown| *shown += SHOWN_AT_ONCE)>
                {move || format!("Show more ({} left)", left.get())}
            </Button>
        </Show>
    }
}
