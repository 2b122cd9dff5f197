//! A dialog that asks before something is done that can't be undone.

use leptos::prelude::*;

use super::button::{Button, ButtonKind};
use super::dialog::Dialog;

/// Asks, and does it where the person says so.
#[component]
pub fn Confirm(
    /// Whether it asks.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What happens, in a sentence or two.
    #[prop(into)]
    explanation: Signal<String>,
    /// The words for leaving things as they are.
    keep: &'static str,
    /// The words for doing it.
    act: &'static str,
    /// The name that tests know the doing button by.
    #[prop(into)]
    testid: String,
    /// Does it.
    #[prop(into)]
    on_confirm: Callback<()>,
) -> impl IntoView {
    let testid = StoredValue::new(testid);
    view! {
        <Dialog open=open title=title>
            <p>{explanation}</p>
            <div class="dialog-actions">
                <Button kind=ButtonKind::Quiet on_press=move |()| open.set(false)>{keep}</Button>
                <Button
                    kind=ButtonKind::Danger
                    testid=testid.get_value()
                    on_press=move |()| {
                        open.set(false);
                        on_confirm.run(());
                    }
                >
                    {act}
                </Button>
            </div>
        </Dialog>
    }
}
