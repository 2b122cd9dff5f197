//! Providers' prices: a table that the person imported, kept in this browser.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::catalog::{CalendarDate, ImportedPrices, Money, TokenPrice, import_litellm};
use shared::model_pool::{ExternalModel, ModelReference};
use shared::optimization::ProviderCosts;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::browser::errors::describe;
use crate::browser::{clock, local_storage};

const KEY: &str = "prices";
/// What nearly every provider asks for.
const USUAL_CURRENCY: &str = "USD";

/// An imported table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceTable {
    /// The file it came from.
    pub file_name: String,
    /// When it was read.
    pub as_of: CalendarDate,
    /// What it gave.
    pub imported: ImportedPrices,
}

/// Providers' prices.
#[derive(Clone, Copy)]
pub struct PriceStore {
    /// The table that was imported last.
    pub table: RwSignal<Option<PriceTable>>,
    /// Why the last import failed, or is not kept.
    pub problem: RwSignal<Option<String>>,
}

impl PriceStore {
    /// Reads what was kept.
    pub fn load() -> Self {
        Self { table: RwSignal::new(local_storage::load(KEY)), problem: RwSignal::new(None) }
    }

    /// Takes the table in `file` in the place of the one before. Bad entries are told, not taken.
    pub fn import(self, file: web_sys::File) {
        spawn_local(async move {
            self.problem.set(None);
            let file_name = file.name();
            let text = match JsFuture::from(file.text()).await {
                Ok(text) => text.as_string().unwrap_or_default(),
                Err(exception) => {
                    return self.problem.set(Some(format!("{file_name} can't be read: {}", describe(&exception))));
                }
            };
            let as_of = clock::today();
            match import_litellm(&text, as_of) {
                Ok(imported) => {
                    let table = PriceTable { file_name, as_of, imported };
                    if let Err(error) = local_storage::save(KEY, &table) {
                        self.problem.set(Some(format!("The prices hold until you leave this page only: {error}.")));
                    }
                    self.table.set(Some(table));
                }
                Err(error) => self.problem.set(Some(format!("{file_name}: {error}"))),
            }
        });
    }

    /// What calls of `models` cost as far as the table says; one's own cost nothing, in the currency of the limit where
    /// there is one. Not tracked, for work that begins now.
    pub fn costs(self, models: impl IntoIterator<Item = ModelReference>, limit: Option<&Money>) -> ProviderCosts {
        let priced = |model: ModelReference| {
            let price = untrack(|| self.of_external(model.external()?));
            model.external().is_some().then_some((model.name, price))
        };
        let currency = limit.map_or_else(|| untrack(|| self.currency()), |limit| limit.currency.clone());
        ProviderCosts {
            providers: models.into_iter().filter_map(priced).collect(),
            own: Some(TokenPrice::of_own_models(&currency, clock::today())),
        }
    }

    /// The currency of the table, or that of most providers where there is none; tracked.
    pub fn currency(self) -> String {
        self.table.with(|table| {
            let currency = table.as_ref().and_then(|table| table.imported.currency());
            currency.unwrap_or(USUAL_CURRENCY).to_owned()
        })
    }

    /// The price of a model of somebody else's; `None` where it is not known. Tracked.
    pub fn of_external(self, model: ExternalModel<'_>) -> Option<TokenPrice> {
        self.table.with(|table| table.as_ref()?.imported.price_of(model).cloned())
    }

    /// Forgets the table.
    pub fn forget(self) {
        local_storage::remove(KEY);
        self.problem.set(None);
        self.table.set(None);
    }
}
