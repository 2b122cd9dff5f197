//! What checks look for: languages, kinds of personal data, words of the person's own.

use leptos::prelude::*;
use shared::dataset::personal_data::Kind;

use crate::components::{Checkbox, Disclosure, TextArea};
use crate::stores::Stores;

/// What checks look for; folded away until somebody wants it otherwise.
#[component]
pub fn LookedForOptions() -> impl IntoView {
    let looked_for = expect_context::<Stores>().datasets.looked_for;
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Secret).map(move |kind| {
        view! {
            <Checkbox
                id=format!("look-for-{}", kind.name())
                checked=Signal::derive(move || looked_for.with(|it| it.kinds.contains(&kind)))
                on_change=move |on| looked_for.update(|it| it.look_for(kind, on))
            >
                {kind.title()}
            </Checkbox>
        }
    });
    let kinds = kinds.collect_view();
    view! {
        <Disclosure summary=|| "What is looked for" testid="looked-for">
            <div class="stack is-tight">
                <Checkbox
                    id="look-at-languages"
                    checked=Signal::derive(move || looked_for.with(|it| it.languages))
                    on_change=move |on| looked_for.update(|it| it.languages = on)
                >
                    "Answers in another language than their questions, which takes twice as long"
                </Checkbox>
                <fieldset class="choices">
                    <legend class="small muted">"Personal data"</legend>
                    <div class="row">{kinds}</div>
                </fieldset>
                <TextArea
                    label="Words that you don't want"
                    id="harsh-words"
                    value=Signal::derive(move || looked_for.with(|it| it.words.clone()))
                    on_input=move |words: String| looked_for.update(|it| it.words.clone_from(&words))
                    hint="A word or phrase on each line. Without any, a short list of insults and slurs is looked for."
                    rows=3
                />
            </div>
        </Disclosure>
    }
}
