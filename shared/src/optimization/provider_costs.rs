//! What calls cost where some models are one's own and others a provider's.

use std::collections::BTreeMap;

use super::metered_calls::{CallCosts, most_tokens_in};
use crate::catalog::TokenPrice;
use crate::model_call::Prompt;
use crate::model_pool::ModelReference;

/// Models of providers, at their prices, beside one's own, which cost nothing. What a provider reports is not trusted:
/// its prompts count as the most they can be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProviderCosts {
    /// The price of each provider's model, by its name; `None` where it is not known.
    pub providers: BTreeMap<String, Option<TokenPrice>>,
    /// What one's own models cost: nothing, in the currency of the budget, where there is a budget in money.
    pub own: Option<TokenPrice>,
}

impl CallCosts for ProviderCosts {
    fn most_prompt_tokens(&self, _model: &ModelReference, prompt: &Prompt) -> u32 {
        most_tokens_in(prompt)
    }

    fn price(&self, model: &ModelReference) -> Option<TokenPrice> {
        self.providers.get(&model.name).unwrap_or(&self.own).clone()
    }

    fn is_usage_trusted(&self, model: &ModelReference) -> bool {
        !self.providers.contains_key(&model.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_models_are_free_and_unknown_prices_stay_unknown() {
        let price = |input_per_million: f64| TokenPrice {
            input_per_million,
            output_per_million: input_per_million,
            cached_input_per_million: None,
            valid_up_to_input_tokens: None,
            currency: "USD".to_owned(),
            source: "test".to_owned(),
            as_of: "2026-11-26".parse().unwrap(),
        };
        let providers = [("openai/gpt-x".to_owned(), Some(price(2.0))), ("openai/new".to_owned(), None)];
        let costs = ProviderCosts { providers: providers.into(), own: Some(price(0.0)) };
        let input = |name: &str| costs.price(&ModelReference::companion(name)).map(|price| price.input_per_million);
        assert_eq!((input("openai/gpt-x"), input("openai/new"), input("smollm2")), (Some(2.0), None, Some(0.0)));
        let is_trusted = |name: &str| costs.is_usage_trusted(&ModelReference::companion(name));
        assert!(is_trusted("smollm2") && !is_trusted("openai/gpt-x") && !is_trusted("openai/new"));
    }
}
