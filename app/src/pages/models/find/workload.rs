//! What will be asked of the model: tokens of a request, requests of a month.

use leptos::prelude::*;
use shared::catalog::{Requirements, Workload};

use super::number_requirement::{NumberRequirement, whole};

/// What will be asked of the model.
#[component]
pub fn WorkloadFields() -> impl IntoView {
    let Workload { input_tokens, output_tokens, requests_per_month, .. } = usual();
    view! {
        <div class="number-pair" data-testid="workload">
            <NumberRequirement
                label="Prompt, in tokens"
                id="input-tokens"
                placeholder=input_tokens.to_string()
                get=|data| known(data.requirements.workload.input_tokens.into(), usual().input_tokens.into())
                set=|data, tokens| data.requirements.workload.input_tokens = tokens.map_or(usual().input_tokens, whole)
            />
            <NumberRequirement
                label="Answer, in tokens"
                id="output-tokens"
                placeholder=output_tokens.to_string()
                get=|data| known(data.requirements.workload.output_tokens.into(), usual().output_tokens.into())
                set=|data, tokens| data.requirements.workload.output_tokens = tokens.map_or(usual().output_tokens, whole)
            />
            <NumberRequirement
                label="Requests per month"
                id="requests-per-month"
                placeholder=requests_per_month.to_string()
                get=|data| known(data.requirements.workload.requests_per_month, usual().requests_per_month)
                set=|data, requests| {
                    data.requirements.workload.requests_per_month = requests
                        .map_or(usual().requests_per_month, |requests| requests.round() as u64);
                }
            />
            <NumberRequirement
                label="Cached part, in percent"
                id="cached-share"
                placeholder="0"
                max=100.0
                get=|data| (data.requirements.workload.cached_share > 0.0).then_some(data.requirements.workload.cached_share * 100.0)
                set=|data, percent| data.requirements.workload.cached_share = percent.unwrap_or_default() / 100.0
            />
        </div>
    }
}

/// What holds while a figure is left out.
fn usual() -> Workload {
    Requirements::default().workload
}

/// A figure, unless it is the usual one, which the empty field shows by itself.
fn known(figure: u64, usual: u64) -> Option<f64> {
    (figure != usual).then_some(figure as f64)
}
