//! What a page says when its document isn't kept.

use leptos::prelude::*;
use shared::workspace::Document;

use crate::components::{Button, Notice, Tone};
use crate::workspace::{Draft, SaveState};

/// Says nothing while all is kept.
#[component]
pub fn SaveNotice<T: Document + Clone + PartialEq + Send + Sync + 'static>(
    /// The open document.
    draft: Draft<T>,
) -> impl IntoView {
    move || match draft.state.get() {
        SaveState::Saved | SaveState::Changed => None,
        SaveState::Conflict { current } => {
            let words = if current == 0 {
                "It was deleted in another tab while you changed it here."
            } else {
                "It was changed in another tab while you changed it here."
            };
            Some(
                view! {
                    <Notice tone=Tone::Warning testid="save-conflict">
                        <p>{words}</p>
                        <div class="row">
                            <Button testid="keep-mine" on_press=move |()| draft.keep_mine()>
                                "Keep mine"
                            </Button>
                            <Button testid="take-theirs" on_press=move |()| draft.take_theirs()>
                                "Take the other tab's"
                            </Button>
                        </div>
                    </Notice>
                }
                .into_any(),
            )
        }
        SaveState::Failed(problem) => Some(
            view! {
                <Notice tone=Tone::Danger testid="save-failed">
                    <p>{format!("Your last change is not kept: {problem}")}</p>
                    <Button on_press=move |()| draft.flush()>"Try again"</Button>
                </Notice>
            }
            .into_any(),
        ),
    }
}
