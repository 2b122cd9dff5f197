//! What the models of a command cost, by a table of prices.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use shared::catalog::{ImportedPrices, Money, TokenPrice, import_litellm};
use shared::model_call::GenerationUsage;
use shared::model_pool::{ExternalModel, ModelReference};
use shared::optimization::ProviderCosts;

use super::suite_files::read_text;
use crate::model_calls::NamedModels;

/// The currency of LiteLLM's table.
const CURRENCY: &str = "USD";

/// A limit in money.
pub(super) fn limit(amount: f64) -> Money {
    Money { amount, currency: CURRENCY.to_owned() }
}

/// What each model costs, by the table of `--prices`. Where there is a limit in money one's own models cost nothing, and
/// a price that is not known is an error: nothing may be called whose cost nobody knows.
pub(super) fn costs(models: &NamedModels, table: Option<&Path>, limit: Option<&Money>) -> Result<ProviderCosts> {
    let today = engine::clock::today().parse().context("reading the date of today")?;
    let list = match table {
        None => ImportedPrices::default(),
        Some(path) => {
            let reading = || format!("{} can't be used", path.display());
            import_litellm(&read_text(path)?, today).with_context(reading)?
        }
    };
    let mut providers = BTreeMap::new();
    for (name, provider, id) in models.of_providers() {
        let price = list.price_of(ExternalModel { provider, model: id });
        if price.is_none() && limit.is_some() {
            let where_looked = match table {
                Some(path) => format!("{} has no usable price", path.display()),
                None => "no --prices are given".to_owned(),
            };
            bail!(
                "what {name} costs is not known ({where_looked}), so --most-money can't be kept. Name LiteLLM's table \
                 (model_prices_and_context_window.json) with --prices; its entry is called {name}, or {id} with the \
                 litellm_provider {provider}. Or leave --most-money out: --most-tokens is kept in any case"
            );
        }
        providers.insert(name.to_owned(), price.cloned());
    }
    let own = limit.map(|limit| TokenPrice::of_own_models(&limit.currency, today));
    Ok(ProviderCosts { providers, own })
}

/// What an answer cost; `None` where the price is not known.
pub(super) fn cost_of_answer(costs: &ProviderCosts, model: &ModelReference, usage: &GenerationUsage) -> Option<Money> {
    costs.providers.get(&model.name)?.as_ref()?.cost_of(usage)
}
