//! The whole of it: the form, and beside it what follows from it.

use leptos::prelude::*;

use super::cost_card::CostCard;
use super::form::RequirementForm;
use super::price_card::PriceCard;
use super::ranked_list::RankedList;
use super::ruled_out::RuledOut;
use crate::components::{Notice, Tone};
use crate::stores::Stores;
use crate::stores::candidates::ranking;

/// Finding the right model, live while the requirements are typed.
#[component]
pub fn FindPanel() -> impl IntoView {
    let stores = expect_context::<Stores>();
    stores.device.measure_peak();
    let ranking = Memo::new(move |_| ranking(stores));
    let fault = stores.requirements.part(|data| data.requirements.validate().err().map(|fault| fault.to_string()));
    let summary = move || {
        ranking.with(|ranking| {
            let (meets, misses) = (ranking.ranked.len(), ranking.excluded.len());
            let models = if meets == 1 { "model meets" } else { "models meet" };
            format!("{meets} {models} what you require, {misses} ruled out.")
        })
    };
    view! {
        <div class="find">
            <RequirementForm />
            <div class="find-results">
                <p class="find-summary" role="status" data-testid="find-summary">{summary}</p>
                {move || {
                    fault
                        .get()
                        .map(|fault| {
                            view! {
                                <Notice tone=Tone::Danger testid="find-fault">
                                    <p>{fault}</p>
                                </Notice>
                            }
                        })
                }}
                <RankedList ranking=ranking />
                <RuledOut ranking=ranking />
                <CostCard ranking=ranking />
                <PriceCard />
            </div>
        </div>
    }
}
