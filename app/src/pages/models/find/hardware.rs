//! Hardware that could be bought instead of asking a provider: price, power, speed.

use leptos::prelude::*;

use crate::components::{Checkbox, OptionalNumberField, TextField};
use crate::stores::Stores;
use crate::stores::requirements::HardwarePlan;

/// Figures of one's own hardware. An empty field stands for the figure that it shows.
#[component]
pub fn HardwareFields() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let is_companion = stores.requirements.part(|data| data.hardware.is_companion);
    view! {
        <p class="field-hint">
            "The figures shown are assumptions about a graphics card with 24 GB; put your own in their place."
        </p>
        <div class="number-pair">
            <HardwareFigure label="Price" id="hardware-price" figure=|plan| &mut plan.hardware.price />
            <HardwareFigure label="Used for, in years" id="hardware-years" min=0.1 figure=|plan| &mut plan.hardware.lifetime_years />
            <HardwareFigure label="Watts, computing" id="hardware-busy-watts" figure=|plan| &mut plan.hardware.busy_watts />
            <HardwareFigure label="Watts, waiting" id="hardware-idle-watts" figure=|plan| &mut plan.hardware.idle_watts />
            <HardwareFigure label="Price of a kilowatt hour" id="electricity-price" figure=|plan| &mut plan.hardware.electricity_per_kilowatt_hour />
            <HardwareFigure label="Busy at most, in percent" id="hardware-utilization" min=1.0 max=100.0 scale=100.0 figure=|plan| &mut plan.hardware.largest_utilization />
            <HardwareFigure label="Reads, in tokens per second" id="hardware-prefill" min=0.01 figure=|plan| &mut plan.prefill_tokens_per_second />
            <HardwareFigure label="Writes, in tokens per second" id="hardware-decode" min=0.01 figure=|plan| &mut plan.decode_tokens_per_second />
        </div>
        <CurrencyField />
        <Checkbox
            id="companion-is-hardware"
            checked=is_companion
            on_change=move |is_companion| stores.requirements.change(|data| data.hardware.is_companion = is_companion)
        >
            "The companion runs on it: its models cost this much"
        </Checkbox>
    }
}

/// One figure.
#[component]
fn HardwareFigure(
    /// What it is called, with its unit.
    label: &'static str,
    /// Its id, unique on the page.
    id: &'static str,
    /// Where the plan has it.
    figure: fn(&mut HardwarePlan) -> &mut f64,
    /// How much more the field shows than the plan has: 100 for percent.
    #[prop(default = 1.0)]
    scale: f64,
    /// The least allowed.
    #[prop(optional)]
    min: f64,
    /// The most allowed.
    #[prop(default = f64::MAX)]
    max: f64,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let usual = *figure(&mut HardwarePlan::default());
    let value = stores.requirements.part(move |data| {
        let chosen = *figure(&mut data.hardware.clone());
        // An empty field stands for the usual figure.
        differing(chosen * scale, usual * scale)
    });
    let on_input = move |typed: Option<f64>| {
        stores.requirements.change(|data| *figure(&mut data.hardware) = typed.map_or(usual, |typed| typed / scale));
    };
    view! {
        <OptionalNumberField
            label=label
            id=id
            value=value
            on_input=on_input
            min=min
            max=max
            placeholder=(usual * scale).to_string()
        />
    }
}

/// The currency of hardware and budget, taken once it is one.
#[component]
fn CurrencyField() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let currency = stores.requirements.part(|data| data.hardware.hardware.currency.clone());
    let typed = RwSignal::new(currency.get_untracked());
    let take = move |text: String| {
        let currency = text.trim().to_uppercase();
        typed.set(text);
        if currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            stores.requirements.change(|data| {
                if let Some(budget) = &mut data.requirements.budget_per_month {
                    budget.currency.clone_from(&currency);
                }
                data.hardware.hardware.currency = currency;
            });
        }
    };
    view! {
        <TextField
            label="Currency"
            id="currency"
            value=typed
            on_input=take
            hint="Three letters, such as USD. The budget's too. Nothing is converted: only prices in this currency are compared."
        />
    }
}

/// A figure, unless it is the usual one, which the empty field shows by itself.
fn differing(figure: f64, usual: f64) -> Option<f64> {
    ((figure - usual).abs() > 1e-9).then_some(figure)
}
