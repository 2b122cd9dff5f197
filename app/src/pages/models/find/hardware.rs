//! Hardware that could be bought instead of asking a provider: price, power, speed.

use leptos::prelude::*;

use super::number_requirement::NumberRequirement;
use crate::components::{Checkbox, TextField};
use crate::stores::Stores;
use crate::stores::requirements::HardwarePlan;

/// Figures of one's own hardware. An empty field stands for the figure that it shows.
#[component]
pub fn HardwareFields() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let usual = HardwarePlan::default();
    let currency = stores.requirements.part(|data| data.hardware.hardware.currency.clone());
    let is_companion = stores.requirements.part(|data| data.hardware.is_companion);
    view! {
        <p class="field-hint">
            "The figures shown are assumptions about a graphics card with 24 GB; put your own in their place."
        </p>
        <div class="number-pair">
            <NumberRequirement
                label="Price"
                id="hardware-price"
                placeholder=usual.hardware.price.to_string()
                get=|data| differing(data.hardware.hardware.price, HardwarePlan::default().hardware.price)
                set=|data, price| {
                    data.hardware.hardware.price = price.unwrap_or(HardwarePlan::default().hardware.price);
                }
            />
            <NumberRequirement
                label="Used for, in years"
                id="hardware-years"
                min=0.1
                placeholder=usual.hardware.lifetime_years.to_string()
                get=|data| {
                    differing(data.hardware.hardware.lifetime_years, HardwarePlan::default().hardware.lifetime_years)
                }
                set=|data, years| {
                    data.hardware.hardware.lifetime_years =
                        years.unwrap_or(HardwarePlan::default().hardware.lifetime_years);
                }
            />
            <NumberRequirement
                label="Watts, computing"
                id="hardware-busy-watts"
                placeholder=usual.hardware.busy_watts.to_string()
                get=|data| differing(data.hardware.hardware.busy_watts, HardwarePlan::default().hardware.busy_watts)
                set=|data, watts| {
                    data.hardware.hardware.busy_watts = watts.unwrap_or(HardwarePlan::default().hardware.busy_watts);
                }
            />
            <NumberRequirement
                label="Watts, waiting"
                id="hardware-idle-watts"
                placeholder=usual.hardware.idle_watts.to_string()
                get=|data| differing(data.hardware.hardware.idle_watts, HardwarePlan::default().hardware.idle_watts)
                set=|data, watts| {
                    data.hardware.hardware.idle_watts = watts.unwrap_or(HardwarePlan::default().hardware.idle_watts);
                }
            />
            <NumberRequirement
                label="Price of a kilowatt hour"
                id="electricity-price"
                placeholder=usual.hardware.electricity_per_kilowatt_hour.to_string()
                get=|data| {
                    differing(
                        data.hardware.hardware.electricity_per_kilowatt_hour,
                        HardwarePlan::default().hardware.electricity_per_kilowatt_hour,
                    )
                }
                set=|data, price| {
                    data.hardware.hardware.electricity_per_kilowatt_hour =
                        price.unwrap_or(HardwarePlan::default().hardware.electricity_per_kilowatt_hour);
                }
            />
            <NumberRequirement
                label="Busy at most, in percent"
                id="hardware-utilization"
                min=1.0
                max=100.0
                placeholder=(usual.hardware.largest_utilization * 100.0).to_string()
                get=|data| {
                    let usual = HardwarePlan::default().hardware.largest_utilization;
                    differing(data.hardware.hardware.largest_utilization * 100.0, usual * 100.0)
                }
                set=|data, percent| {
                    let usual = HardwarePlan::default().hardware.largest_utilization;
                    data.hardware.hardware.largest_utilization = percent.map_or(usual, |percent| percent / 100.0);
                }
            />
            <NumberRequirement
                label="Reads, in tokens per second"
                id="hardware-prefill"
                min=0.01
                placeholder=usual.prefill_tokens_per_second.to_string()
                get=|data| {
                    let usual = HardwarePlan::default().prefill_tokens_per_second;
                    differing(data.hardware.prefill_tokens_per_second, usual)
                }
                set=|data, rate| {
                    let usual = HardwarePlan::default().prefill_tokens_per_second;
                    data.hardware.prefill_tokens_per_second = rate.unwrap_or(usual);
                }
            />
            <NumberRequirement
                label="Writes, in tokens per second"
                id="hardware-decode"
                min=0.01
                placeholder=usual.decode_tokens_per_second.to_string()
                get=|data| {
                    let usual = HardwarePlan::default().decode_tokens_per_second;
                    differing(data.hardware.decode_tokens_per_second, usual)
                }
                set=|data, rate| {
                    let usual = HardwarePlan::default().decode_tokens_per_second;
                    data.hardware.decode_tokens_per_second = rate.unwrap_or(usual);
                }
            />
        </div>
        <TextField
            label="Currency"
            id="currency"
            value=currency
            on_input=move |text: String| {
                stores
                    .requirements
                    .change(|data| {
                        let currency = text.trim().to_uppercase();
                        if let Some(budget) = &mut data.requirements.budget_per_month {
                            budget.currency.clone_from(&currency);
                        }
                        data.hardware.hardware.currency = currency;
                    });
            }
            hint="Three letters. Of the budget too; nothing is converted, so only prices in this currency are compared."
        />
        <Checkbox
            id="companion-is-hardware"
            checked=is_companion
            on_change=move |is_companion| stores.requirements.change(|data| data.hardware.is_companion = is_companion)
        >
            "The companion runs on it: its models cost this much"
        </Checkbox>
    }
}

/// A figure, unless it is the usual one, which the empty field shows by itself.
fn differing(figure: f64, usual: f64) -> Option<f64> {
    ((figure - usual).abs() > 1e-9).then_some(figure)
}
