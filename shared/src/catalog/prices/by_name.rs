//! A model's price, by its name: the one place that says which entry of a table is about a model.

use super::{ImportedPrices, PricedModel, TokenPrice};
use crate::model_pool::ExternalModel;

impl ImportedPrices {
    /// The entry of a provider's model: the one called `PROVIDER/MODEL`, or the one called `MODEL` whose provider it is;
    /// of the two the one that has a price. Nothing is guessed from other providers of the same model: they ask for
    /// something else.
    pub fn entry_of(&self, model: ExternalModel<'_>) -> Option<&PricedModel> {
        let is_whole_name = |entry: &&PricedModel| {
            let rest = entry.name.strip_prefix(model.provider).and_then(|rest| rest.strip_prefix('/'));
            rest == Some(model.model)
        };
        let is_model_alone = |entry: &&PricedModel| entry.name == model.model && entry.provider == model.provider;
        let whole_name = self.models.iter().find(is_whole_name);
        let model_alone = || self.models.iter().find(is_model_alone);
        whole_name.filter(|entry| entry.price.is_some()).or_else(model_alone).or(whole_name)
    }

    /// What a provider's model costs; `None` where that is not known, which is never the same as 0.
    pub fn price_of(&self, model: ExternalModel<'_>) -> Option<&TokenPrice> {
        self.entry_of(model)?.price.as_ref()
    }

    /// The currency of its prices; `None` where it has none.
    pub fn currency(&self) -> Option<&str> {
        self.models.iter().find_map(|model| model.price.as_ref()).map(|price| price.currency.as_str())
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
            "openai/gpt-x": {"litellm_provider": "openai", "mode": "chat"},
            "router/meta/llama:free-ish": entry("router", 2e-6),
            "no-price": {"litellm_provider": "openai", "mode": "chat"},
        });
        let table = import_litellm(&table.to_string(), "2026-11-26".parse().unwrap()).unwrap();
        let input =
            |provider, model| table.price_of(ExternalModel { provider, model }).map(|price| price.input_per_million);
        assert_eq!(input("openai", "gpt-x"), Some(1.0), "the entry that has a price");
        assert_eq!(input("router", "meta/llama:free-ish"), Some(2.0), "ids can have slashes of their own");
        for (provider, model) in [
            ("mine", "gpt-x"),
            ("openai", "no-price"),
            ("openai", "gpt"),
            ("openai", "GPT-X"),
            ("router", "llama:free-ish"),
        ] {
            assert_eq!(input(provider, model), None, "{provider}/{model}");
        }
        assert!(table.entry_of(ExternalModel { provider: "openai", model: "no-price" }).is_some());
        assert_eq!((table.currency(), ImportedPrices::default().currency()), (Some("USD"), None));
    }
}
