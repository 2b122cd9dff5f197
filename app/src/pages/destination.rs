//! Where a person's texts go, said wherever a model that is not one's own is chosen.

use leptos::prelude::*;
use shared::model_pool::ModelReference;

use crate::components::{Badge, Tone};
use crate::stores::Stores;

/// Where texts for a model go; nothing for models of one's own.
#[component]
pub fn Destination(
    /// The model.
    #[prop(into)]
    model: Signal<Option<ModelReference>>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let words = Memo::new(move |_| model.with(|model| stores.providers.destination(model.as_ref()?)));
    move || {
        words.get().map(|words| {
            view! {
                <span class="destination" role="note" data-testid="destination">
                    <Badge tone=Tone::Warning>{words}</Badge>
                </span>
            }
        })
    }
}
