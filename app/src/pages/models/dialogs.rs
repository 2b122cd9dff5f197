//! What is asked before a licensed model is fetched and before a model is deleted.

use leptos::prelude::*;
use shared::catalog::CatalogEntry;

use crate::components::{Button, ButtonKind, Dialog};
use crate::stores::Stores;
use crate::stores::catalogue;

/// Opens while `value` holds something, and empties it when closed.
fn follow<T: Clone + Send + Sync + 'static>(value: RwSignal<Option<T>>) -> RwSignal<bool> {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(value.with(Option::is_some)));
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if was_open == Some(true) && !is_open {
            value.set(None);
        }
        is_open
    });
    open
}

/// Terms that a person must accept before the model is fetched.
#[component]
pub fn LicenceDialog(
    /// The model asked for.
    entry: RwSignal<Option<CatalogEntry>>,
    /// They were accepted.
    #[prop(into)]
    on_accept: Callback<CatalogEntry>,
) -> impl IntoView {
    let open = follow(entry);
    let title = Signal::derive(move || {
        entry.with(|entry| entry.as_ref().map_or_else(String::new, |entry| format!("Terms of {}", entry.title)))
    });
    view! {
        <Dialog open=open title=title testid="licence-dialog">
            {move || {
                entry
                    .get()
                    .map(|entry| {
                        let url = entry.licence.url.clone();
                        view! {
                            <p>
                                {format!(
                                    "{} comes under terms of its own ({}). Please read them; by going on you say that you accept them.",
                                    entry.title,
                                    entry.licence.id,
                                )}
                            </p>
                            <p>
                                <a href=url target="_blank" rel="noopener noreferrer">{entry.licence.url.clone()}</a>
                            </p>
                            <div class="dialog-actions">
                                <Button kind=ButtonKind::Quiet on_press=move |()| open.set(false)>
                                    "Not now"
                                </Button>
                                <Button
                                    kind=ButtonKind::Primary
                                    testid="accept-licence"
                                    on_press=move |()| {
                                        on_accept.run(entry.clone());
                                        open.set(false);
                                    }
                                >
                                    "Accept and download"
                                </Button>
                            </div>
                        }
                    })
            }}
        </Dialog>
    }
}

/// Asks before a model is deleted.
#[component]
pub fn DeleteDialog(
    /// The model to delete.
    name: RwSignal<Option<String>>,
    /// It is to be deleted.
    #[prop(into)]
    on_delete: Callback<String>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let open = follow(name);
    view! {
        <Dialog open=open title="Delete this model?" testid="delete-dialog">
            {move || {
                name.get()
                    .map(|name| {
                        let title = catalogue::title(stores.companion, &name);
                        view! {
                            <p>
                                {format!(
                                    "{title} is removed from this browser. Conversations stay; to use the model again, download it again.",
                                )}
                            </p>
                            <div class="dialog-actions">
                                <Button kind=ButtonKind::Quiet on_press=move |()| open.set(false)>"Keep it"</Button>
                                <Button
                                    kind=ButtonKind::Danger
                                    testid="confirm-delete"
                                    on_press=move |()| {
                                        on_delete.run(name.clone());
                                        open.set(false);
                                    }
                                >
                                    "Delete"
                                </Button>
                            </div>
                        }
                    })
            }}
        </Dialog>
    }
}
