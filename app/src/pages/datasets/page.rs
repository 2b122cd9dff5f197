//! The Datasets page, which says what it will do.

use leptos::prelude::*;

use crate::app::Page;
use crate::pages::coming::Coming;

/// The Datasets page.
#[component]
pub fn DatasetsPage() -> impl IntoView {
    view! {
        <Coming
            page=Page::Datasets
            lead="Collect, check and split the examples a model learns from."
            will=&[
                "read the usual formats (OpenAI, Alpaca, ShareGPT, CSV) and convert between them,",
                "find duplicates, empty answers and examples that teach nothing,",
                "split rows for training and testing, without leaks.",
            ]
        />
    }
}
