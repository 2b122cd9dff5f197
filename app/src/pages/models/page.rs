//! The Models page: the models one has, and finding the right one.

use leptos::prelude::*;

use super::find::FindPanel;
use super::your_models::YourModels;
use crate::components::{PageHeader, Tab, Tabs};
use crate::stores::Stores;

const YOURS: &str = "yours";
const FIND: &str = "find";

/// The Models page.
#[component]
pub fn ModelsPage() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let is_finding = stores.requirements.part(|data| data.is_finding);
    let key = Signal::derive(move || if is_finding.get() { FIND } else { YOURS }.to_owned());
    let tabs = || vec![Tab::new(YOURS, "Your models"), Tab::new(FIND, "Find the right one")];
    view! {
        <div class="page" class:is-wide=move || is_finding.get()>
            <PageHeader
                title="Models"
                lead="A model is one file. It is downloaded once, kept in this browser, and then answers without a server or a network."
            />
            <Tabs
                label="Models"
                id="models"
                tabs=Signal::derive(tabs)
                value=key
                on_change=move |key: String| stores.requirements.change(|data| data.is_finding = key == FIND)
            />
            <div
                class="models-panel"
                id="models-panel"
                role="tabpanel"
                aria-labelledby=move || format!("models-{}", key.get())
            >
                <Show when=move || is_finding.get() fallback=YourModels>
                    <FindPanel />
                </Show>
            </div>
        </div>
    }
}
