//! What a model costs, found by the name that requests use: one's own models ask for no money, those of an external
//! address cost what an imported table says.

use super::super::{CalendarDate, Money};
use super::{ImportedPrices, PricedModel, TokenPrice};
use crate::model_call::GenerationUsage;
use crate::model_pool::{ExternalModel, ModelReference};

/// Whose price it is that a model of one's own costs nothing.
const OWN_MODEL: &str = "a model of one's own";

impl ImportedPrices {
    /// The entry of a model: the one named `PROVIDER/MODEL`, else the one named as the provider names the model. Nothing
    /// is guessed from names that are only alike.
    pub fn entry_of(&self, model: ExternalModel<'_>) -> Option<&PricedModel> {
        let with_provider = |entry: &&PricedModel| {
            let rest = entry.name.strip_prefix(model.provider).and_then(|rest| rest.strip_prefix('/'));
            rest == Some(model.model)
        };
        self.models.iter().find(with_provider).or_else(|| self.models.iter().find(|entry| entry.name == model.model))
    }

    /// The currency of its prices; `None` where it has none.
    pub fn currency(&self) -> Option<&str> {
        self.models.iter().find_map(|model| model.price.as_ref()).map(|price| price.currency.as_str())
    }
}

/// What each model costs, one's own included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelPrices {
    table: ImportedPrices,
    /// What one's own models cost; unknown where nothing says in which currency to count.
    own: Option<TokenPrice>,
}

impl ModelPrices {
    /// The prices of `table`, read on the day `as_of`; one's own models cost nothing in its currency.
    pub fn new(table: ImportedPrices, as_of: CalendarDate) -> Self {
        let own = table.currency().map(|currency| TokenPrice {
            input_per_million: 0.0,
            output_per_million: 0.0,
            cached_input_per_million: None,
            valid_up_to_input_tokens: None,
            currency: currency.to_owned(),
            source: OWN_MODEL.to_owned(),
            as_of,
        });
        Self { table, own }
    }

    /// The price of `model`; `None` where it is not known, which is never the same as 0.
    pub fn price_of(&self, model: &ModelReference) -> Option<&TokenPrice> {
        match model.external() {
            Some(external) => self.table.entry_of(external)?.price.as_ref(),
            None => self.own.as_ref(),
        }
    }

    /// What an answer of `model` cost; `None` where its price is not known.
    pub fn cost_of(&self, model: &ModelReference, usage: &GenerationUsage) -> Option<Money> {
        self.price_of(model)?.cost_of(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::ModelFacts;
    use super::super::token_price::tests::dollars;
    use super::*;

    fn table(entries: &[(&str, Option<f64>)]) -> ImportedPrices {
        let entry = |&(name, input): &(&str, Option<f64>)| PricedModel {
            name: name.to_owned(),
            provider: "somebody".to_owned(),
            facts: ModelFacts::default(),
            price: input.map(|input| dollars(input, input)),
        };
        ImportedPrices { models: entries.iter().map(entry).collect(), ..ImportedPrices::default() }
    }

    #[test]
    fn a_price_is_found_by_the_whole_name_or_the_model_alone_and_never_by_likeness() {
        let table = table(&[
            ("gpt-x", Some(1.0)),
            ("resold/gpt-x", Some(2.0)),
            ("openrouter/mistralai/small:free", Some(3.0)),
            ("refused/gpt-x", None),
        ]);
        let prices = ModelPrices::new(table, "2026-11-26".parse().unwrap());
        let input = |name: &str| prices.price_of(&ModelReference::companion(name)).map(|price| price.input_per_million);
        assert_eq!(input("openai/gpt-x"), Some(1.0), "the id alone");
        assert_eq!(input("resold/gpt-x"), Some(2.0), "the provider's own entry comes first");
        assert_eq!(input("openrouter/mistralai/small:free"), Some(3.0), "ids can have slashes of their own");
        assert_eq!(input("refused/gpt-x"), None, "a refused price is unknown, whatever others ask");
        for unlike in ["openai/gpt-x-mini", "openai/gpt", "openai/GPT-X", "resol/d/gpt-x"] {
            assert_eq!(input(unlike), None, "{unlike}");
        }
    }

    #[test]
    fn own_models_cost_nothing_and_unknown_prices_are_not_nothing() {
        let usage = GenerationUsage { prompt_tokens: 1000, completion_tokens: 500, ..GenerationUsage::default() };
        let own = [ModelReference::browser("gpt-x"), ModelReference::companion("gpt-x")];
        let [external, unknown] = ["openai/gpt-x", "openai/gpt-y"].map(ModelReference::companion);
        let prices = ModelPrices::new(table(&[("gpt-x", Some(2.0))]), "2026-11-26".parse().unwrap());
        let amount = |model: &ModelReference| prices.cost_of(model, &usage).map(|money| money.amount);
        assert_eq!(own.each_ref().map(amount), [Some(0.0); 2], "the companion's own is not the provider's");
        assert_eq!(amount(&external), Some(0.003));
        assert_eq!(amount(&unknown), None);
        assert_eq!(ModelPrices::default().price_of(&own[0]), None, "no currency to count in");
    }
}
