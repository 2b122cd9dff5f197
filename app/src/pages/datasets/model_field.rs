//! The model that is asked of rows: the same for everything that a model does to a dataset.

use leptos::prelude::*;

use crate::components::Field;
use crate::pages::model_select::ModelSelect;
use crate::stores::Stores;

/// Chooses the model that is asked of rows.
#[component]
pub fn AskedModelField(
    /// Its id, unique on the page.
    id: &'static str,
) -> impl IntoView {
    let asked_model = expect_context::<Stores>().datasets.asked_model;
    view! {
        <Field label="Model" control_id=id>
            <ModelSelect id=id value=asked_model on_change=move |model| asked_model.set(model) />
        </Field>
    }
}
