//! Keeping rows by how good a person finds them.

use std::num::NonZeroU8;

use leptos::prelude::*;
use shared::dataset::steps::{KeepRated, Step};

use crate::components::{Button, Card, Checkbox, NumberField};
use crate::stores::Stores;

/// Keeps rows by their rating.
#[component]
pub fn RatingsCard() -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let (least, keeps_unrated) = (RwSignal::new(3_u64), RwSignal::new(true));
    view! {
        <Card
            title="Keep rows by your rating"
            lead="Rows are rated from 1 to 5 where they are opened, under Rows; there they can be found by it too."
        >
            <NumberField
                label="Least rating that stays"
                id="rating-least"
                value=least
                min=1
                max=5
                on_change=move |value| least.set(value)
            />
            <Checkbox id="rating-unrated" checked=keeps_unrated on_change=move |on| keeps_unrated.set(on)>
                "Rows without a rating stay"
            </Checkbox>
            <div class="row">
                <Button
                    testid="drop-by-rating"
                    on_press=move |()| {
                        let at_least = u8::try_from(least.get_untracked()).ok().and_then(NonZeroU8::new);
                        if let Some(at_least) = at_least {
                            let unrated = keeps_unrated.get_untracked();
                            datasets.run(Step::KeepRated(KeepRated { at_least, unrated }));
                        }
                    }
                >
                    "Drop what is rated less"
                </Button>
            </div>
        </Card>
    }
}
