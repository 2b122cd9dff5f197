//! Providers' prices: importing a table, what it gave, what was refused and why.

use leptos::prelude::*;
use shared::catalog::{PricedModel, RefusedPrice};

use crate::components::{Button, ButtonKind, Card, Disclosure, FileButton, IconName, Notice, TextField, Tone};
use crate::quantities::{counted, grouped};
use crate::stores::Stores;
use crate::stores::prices::PriceTable;

/// So many models and refusals are shown at once.
const SHOWN_AT_ONCE: usize = 20;

/// Providers' prices.
#[component]
pub fn PriceCard() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let prices = stores.prices;
    let wanted = RwSignal::new(String::new());
    let has_table = move || prices.table.with(Option::is_some);
    view! {
        <Card
            title="Providers and prices"
            lead="Quern knows no prices by itself: they would be out of date. Import LiteLLM's table of models (model_prices_and_context_window.json in its repository); it stays in this browser."
        >
            <div class="row">
                <FileButton
                    id="import-prices"
                    accept=".json,application/json"
                    icon=IconName::Upload
                    words="Import a price table"
                    on_file=move |file| prices.import(file)
                />
                <Show when=has_table>
                    <Button kind=ButtonKind::Quiet testid="forget-prices" on_press=move |()| prices.forget()>
                        "Forget it"
                    </Button>
                </Show>
            </div>
            {move || {
                prices
                    .problem
                    .get()
                    .map(|problem| {
                        view! {
                            <Notice tone=Tone::Danger testid="price-problem">
                                <p>{problem}</p>
                            </Notice>
                        }
                    })
            }}
            <Show when=has_table>
                <p role="status" data-testid="price-findings">
                    {move || prices.table.with(|table| table.as_ref().map(findings))}
                </p>
                <Refusals />
                <TextField
                    label="Find a model or provider"
                    id="find-price"
                    value=wanted
                    on_input=move |text| wanted.set(text)
                    placeholder="all"
                />
                <PriceRows wanted=wanted />
            </Show>
        </Card>
    }
}

/// What the table gave, in plain words.
fn findings(table: &PriceTable) -> String {
    let imported = &table.imported;
    let priced = imported.models.iter().filter(|model| model.price.is_some()).count();
    let unknown = imported.models.len() - priced;
    format!(
        "{}, read {}: {} with a price, {} without one that can be trusted; {} refused. Left out: {} that {} no text.",
        table.file_name,
        table.as_of,
        counted(priced as u64, "model", "models"),
        grouped(unknown as u64),
        counted(imported.refused.len() as u64, "price", "prices"),
        counted(imported.other_entries as u64, "entry", "entries"),
        if imported.other_entries == 1 { "writes" } else { "write" },
    )
}

/// Prices that were not taken, and why.
#[component]
fn Refusals() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let refused = Memo::new(move |_| {
        stores.prices.table.with(|table| table.as_ref().map(|table| table.imported.refused.clone()).unwrap_or_default())
    });
    let row = |RefusedPrice { name, reason }: &RefusedPrice| {
        view! {
            <li>
                <strong>{name.clone()}</strong>
                ": "
                {reason.clone()}
            </li>
        }
    };
    view! {
        <Show when=move || refused.with(|refused| !refused.is_empty())>
            <Disclosure summary=|| "Refused prices: they are taken as unknown" testid="refused-prices">
                <ul class="excluded-list">
                    {move || refused.with(|refused| refused.iter().take(SHOWN_AT_ONCE * 5).map(row).collect_view())}
                </ul>
            </Disclosure>
        </Show>
    }
}

/// Models whose name or provider has `wanted` in it.
#[component]
fn PriceRows(wanted: RwSignal<String>) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let found = Memo::new(move |_| {
        let wanted = wanted.get().trim().to_lowercase();
        stores.prices.table.with(|table| {
            let models = table.iter().flat_map(|table| &table.imported.models);
            let mut found = models.filter(|model| {
                model.name.to_lowercase().contains(&wanted) || model.provider.to_lowercase().contains(&wanted)
            });
            let shown: Vec<PricedModel> = found.by_ref().take(SHOWN_AT_ONCE).cloned().collect();
            (shown, found.count())
        })
    });
    let row = |model: &PricedModel| {
        let amount =
            |per_million: Option<f64>| per_million.map_or_else(|| "unknown".to_owned(), |price| price.to_string());
        let price = model.price.as_ref();
        view! {
            <tr>
                <th scope="row">{model.name.clone()}</th>
                <td>{model.provider.clone()}</td>
                <td class="is-number">{amount(price.map(|price| price.input_per_million))}</td>
                <td class="is-number">{amount(price.map(|price| price.output_per_million))}</td>
                <td>{price.map(|price| price.currency.clone())}</td>
                <td class="is-text muted">
                    {price.map_or_else(|| "unknown".to_owned(), |price| price.fact_source().to_string())}
                </td>
            </tr>
        }
    };
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Prices per million tokens">
            <table class="table" data-testid="prices">
                <caption class="visually-hidden">"Prices per million tokens"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Model"</th>
                        <th scope="col">"Provider"</th>
                        <th scope="col" class="is-number">"Million tokens in"</th>
                        <th scope="col" class="is-number">"Million tokens out"</th>
                        <th scope="col">"Currency"</th>
                        <th scope="col">"Source and date"</th>
                    </tr>
                </thead>
                <tbody>{move || found.with(|(shown, _)| shown.iter().map(row).collect_view())}</tbody>
            </table>
        </div>
        <Show when=move || found.with(|&(_, left)| left > 0)>
            <p class="field-hint">{move || format!("{} more; type to find one.", found.with(|&(_, left)| grouped(left as u64)))}</p>
        </Show>
    }
}
