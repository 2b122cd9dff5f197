//! Which models of an external API are offered: boxes to tick, found by typing, and ids typed by hand.

use leptos::prelude::*;

use crate::components::{Button, Checkbox, TextField};

/// So many boxes are shown at once; some addresses have hundreds of models.
const SHOWN_AT_ONCE: usize = 40;
/// With more than this there is a field to find one.
const MOST_WITHOUT_SEARCH: usize = 8;

/// Which models are offered.
#[component]
pub fn ModelChoices(
    /// The ids that can be chosen.
    known: RwSignal<Vec<String>>,
    /// Those chosen.
    offered: RwSignal<Vec<String>>,
) -> impl IntoView {
    let wanted = RwSignal::new(String::new());
    let typed = RwSignal::new(String::new());
    let found = Memo::new(move |_| known.with(|known| wanted.with(|wanted| matching(known, wanted))));
    let has_search = Memo::new(move |_| known.with(|known| known.len() > MOST_WITHOUT_SEARCH));
    let add = move |()| {
        let id = typed.get_untracked().trim().to_owned();
        if id.is_empty() {
            return;
        }
        known.update(|known| with(known, &id));
        offered.update(|offered| with(offered, &id));
        typed.set(String::new());
    };
    let choice = move |model: String| {
        let checked = {
            let model = model.clone();
            Signal::derive(move || offered.with(|offered| offered.contains(&model)))
        };
        let change = {
            let model = model.clone();
            move |is_offered| {
                offered.update(|offered| {
                    offered.retain(|other| *other != model);
                    if is_offered {
                        offered.push(model.clone());
                    }
                });
            }
        };
        view! {
            <li>
                <Checkbox id=format!("offer-{model}") checked=checked on_change=change>
                    {model.clone()}
                </Checkbox>
            </li>
        }
    };
    view! {
        <Show when=move || has_search.get()>
            <TextField
                id="find-provider-model"
                label="Find a model"
                placeholder="all"
                value=wanted
                on_input=move |text| wanted.set(text)
            />
        </Show>
        <Show when=move || known.with(|known| !known.is_empty())>
            <fieldset class="field choices">
                <legend class="field-label">
                    {move || format!("{} of {} chosen", offered.with(Vec::len), known.with(Vec::len))}
                </legend>
                <ul class="model-choices">
                    <For each=move || found.with(|(shown, _)| shown.clone()) key=Clone::clone children=choice />
                </ul>
                <Show when=move || found.with(|&(_, left)| left > 0)>
                    <p class="field-hint">{move || format!("{} more; type to find one.", found.with(|&(_, left)| left))}</p>
                </Show>
            </fieldset>
        </Show>
        <div class="row model-id">
            <TextField
                id="provider-model-id"
                label="Or type a model's id"
                placeholder="gpt-x"
                value=typed
                on_input=move |text| typed.set(text)
            />
            <Button
                testid="add-provider-model"
                disabled=Signal::derive(move || typed.with(|typed| typed.trim().is_empty()))
                on_press=add
            >
                "Offer it"
            </Button>
        </div>
    }
}

/// The ids to show, those that have `wanted` in them, and how many more there are.
fn matching(known: &[String], wanted: &str) -> (Vec<String>, usize) {
    let wanted = wanted.trim().to_lowercase();
    let mut found = known.iter().filter(|id| id.to_lowercase().contains(&wanted));
    let shown: Vec<String> = found.by_ref().take(SHOWN_AT_ONCE).cloned().collect();
    (shown, found.count())
}

/// Adds an id where it is not there yet.
fn with(ids: &mut Vec<String>, id: &str) {
    if !ids.iter().any(|other| other == id) {
        ids.push(id.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_by_any_part_of_their_ids() {
        let known: Vec<String> = (0..50).map(|number| format!("Vendor/model-{number}")).collect();
        assert_eq!(matching(&known, " VENDOR/model-4 ").0.len(), 11);
        let (shown, left) = matching(&known, "");
        assert_eq!((shown.len(), left), (SHOWN_AT_ONCE, 10));
        assert_eq!(matching(&known, "nothing"), (Vec::new(), 0));
    }
}
