//! Prices of a table, found by provider and model.

use super::litellm::ImportedPrices;
use super::token_price::TokenPrice;

/// The prices of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriceList {
    imported: ImportedPrices,
}

impl PriceList {
    /// Those of an imported table.
    pub fn new(imported: ImportedPrices) -> Self {
        Self { imported }
    }

    /// What a provider's model costs: by the entry `PROVIDER/MODEL`, or by one called `MODEL` whose provider it is.
    /// `None` where that is not known.
    pub fn price(&self, provider: &str, model: &str) -> Option<&TokenPrice> {
        let priced = |is_it: &dyn Fn(&str, &str) -> bool| {
            let mut models = self.imported.models.iter();
            models.find(|entry| is_it(&entry.name, &entry.provider)).and_then(|entry| entry.price.as_ref())
        };
        let is_whole_name = |name: &str| {
            let model_of_it = name.strip_prefix(provider).and_then(|rest| rest.strip_prefix('/'));
            model_of_it == Some(model)
        };
        priced(&|name, _| is_whole_name(name)).or_else(|| priced(&|name, whose| name == model && whose == provider))
    }
}

#[cfg(test)]
mod tests {
    use super::super::import_litellm;
    use super::*;

    #[test]
    fn a_price_is_found_by_either_form_of_the_name_and_not_by_another_provider() {
        let entry = |provider: &str, input: f64| {
            serde_json::json!({"litellm_provider": provider, "mode": "chat", "input_cost_per_token": input,
                "output_cost_per_token": input * 4.0})
        };
        let table = serde_json::json!({
            "gpt-x": entry("openai", 1e-6),
            "router/meta/llama": entry("router", 2e-6),
            "no-price": {"litellm_provider": "openai", "mode": "chat"},
        });
        let list = PriceList::new(import_litellm(&table.to_string(), "2026-11-26".parse().unwrap()).unwrap());
        let input = |provider, model| list.price(provider, model).map(|price| price.input_per_million);
        assert_eq!(input("openai", "gpt-x"), Some(1.0));
        assert_eq!(input("router", "meta/llama"), Some(2.0));
        for (provider, model) in [("mine", "gpt-x"), ("openai", "no-price"), ("openai", "gpt"), ("router", "llama")] {
            assert_eq!(input(provider, model), None, "{provider}/{model}");
        }
    }
}
