//! The most that a month may cost.

use leptos::prelude::*;
use shared::catalog::Money;

use crate::components::OptionalNumberField;
use crate::stores::Stores;

/// The most that a month may cost, in the currency of the hardware's figures.
#[component]
pub fn BudgetField() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let amount =
        stores.requirements.part(|data| data.requirements.budget_per_month.as_ref().map(|budget| budget.amount));
    let on_input = move |amount: Option<f64>| {
        stores.requirements.change(|data| {
            let currency = data.hardware.hardware.currency.clone();
            data.requirements.budget_per_month = amount.map(|amount| Money { amount, currency });
        });
    };
    let currency = stores.requirements.part(|data| data.hardware.hardware.currency.clone());
    move || {
        view! {
            <OptionalNumberField
                label=format!("Budget per month, in {}", currency.get())
                id="budget"
                value=amount
                on_input=on_input
                placeholder="none"
            />
        }
    }
}
