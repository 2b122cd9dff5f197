//! A modal dialog on the browser's own `<dialog>`: focus stays inside, Escape closes it.

use leptos::html;
use leptos::prelude::*;

use super::icon::IconName;
use super::icon_button::IconButton;

/// A modal dialog.
#[component]
pub fn Dialog(
    /// Whether it is open; set to false when the person closes it.
    open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// `drawer` slides in from the side; empty is a centred box.
    #[prop(optional)]
    class: &'static str,
    /// The name that tests know it by.
    #[prop(optional)]
    testid: &'static str,
    /// What it holds; made anew each time it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = element.get() else { return };
        if open.get() {
            if !dialog.open()
                && let Err(exception) = dialog.show_modal()
            {
                leptos::logging::error!("a dialog did not open: {exception:?}");
            }
        } else if dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog
            node_ref=element
            class=format!("dialog {class}")
            aria-label=move || title.get()
            data-testid=(!testid.is_empty()).then_some(testid)
            on:close=move |_| open.set(false)
            on:click=move |event| {
                // A click on the dialog itself, not on what it holds, is one beside the box.
                let beside = event.target().is_some_and(|target| {
                    element.get_untracked().is_some_and(|dialog| {
                        let dialog: &web_sys::EventTarget = dialog.as_ref();
                        &target == dialog
                    })
                });
                if beside {
                    open.set(false);
                }
            }
        >
            <div class="dialog-box">
                <header class="dialog-header">
                    <h2>{move || title.get()}</h2>
                    <IconButton
                        icon=IconName::Close
                        label="Close"
                        on_press=move |()| open.set(false)
                    />
                </header>
                <div class="dialog-body">{move || open.get().then(|| children())}</div>
            </div>
        </dialog>
    }
}

/// Whether a dialog is open that shows `shown`: while there is some, and there is none once it is closed.
pub fn open_while<T: Send + Sync + 'static>(shown: RwSignal<Option<T>>) -> RwSignal<bool> {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(shown.with(Option::is_some)));
    Effect::new(move |_| {
        if !open.get() && shown.with_untracked(Option::is_some) {
            shown.set(None);
        }
    });
    open
}
