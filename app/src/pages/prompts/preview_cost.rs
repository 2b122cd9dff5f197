//! What reading a prompt costs, beside how many tokens it has.

use leptos::prelude::*;
use shared::catalog::{Money, TokenPrice};
use shared::model_pool::{ModelPlace, ModelReference};

use crate::stores::Stores;

/// Requests that a second amount is told for: one alone is too little to imagine.
const MANY_REQUESTS: f64 = 1000.0;

/// What reading a prompt costs.
#[component]
pub fn PreviewCost(
    /// Who reads it.
    model: ModelReference,
    /// Tokens of the prompt.
    tokens: u64,
    /// It may have fewer.
    #[prop(optional)]
    is_upper_bound: bool,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    move || {
        let (words, source) = match (model.external(), model.place) {
            (None, ModelPlace::Browser) => ("Runs here, no fee".to_owned(), None),
            (None, ModelPlace::Companion) => ("Runs on the companion, no fee".to_owned(), None),
            (Some(external), _) => stores.prices.table.with(|table| {
                let entry = table.as_ref().and_then(|table| table.imported.entry_of(external));
                let price = entry.and_then(|entry| entry.price.as_ref());
                let source = entry.zip(price).map(|(entry, price)| {
                    format!("Price of {} ({}): {}", entry.name, entry.provider, price.fact_source())
                });
                (cost_words(price, tokens, is_upper_bound), source)
            }),
        };
        // A title alone is read by few screen readers, and shown on no phone.
        let spoken = source.clone().map(|source| view! { <span class="visually-hidden">". " {source}</span> });
        view! {
            <p class="small muted numbers" title=source data-testid="preview-cost">
                {words}
                {spoken}
            </p>
        }
    }
}

/// What so many tokens cost, once and often; an unknown price is never 0.
fn cost_words(price: Option<&TokenPrice>, tokens: u64, is_upper_bound: bool) -> String {
    let Some(price) = price else {
        return "No price known: import a price table under Models, Find the right model".to_owned();
    };
    let Some(once) = price.cost(tokens, 0, 0) else {
        return "No price known for a prompt of this length".to_owned();
    };
    let often = Money { amount: once.amount * MANY_REQUESTS, currency: once.currency.clone() };
    let begin = if is_upper_bound { "At most " } else { "" };
    format!("{begin}{once} to read · {often} per 1,000 requests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_price_is_never_nothing() {
        let price = TokenPrice {
            input_per_million: 0.15,
            output_per_million: 0.6,
            cached_input_per_million: None,
            valid_up_to_input_tokens: Some(200_000),
            currency: "USD".to_owned(),
            source: "LiteLLM".to_owned(),
            as_of: "2026-11-26".parse().unwrap(),
        };
        assert_eq!(cost_words(Some(&price), 200, false), "0.000030 USD to read · 0.030 USD per 1,000 requests");
        assert!(cost_words(Some(&price), 200, true).starts_with("At most 0.000030 USD"));
        for unknown in [cost_words(None, 200, true), cost_words(Some(&price), 200_001, false)] {
            assert!(unknown.starts_with("No price known") && !unknown.contains("USD"), "{unknown}");
        }
    }
}
