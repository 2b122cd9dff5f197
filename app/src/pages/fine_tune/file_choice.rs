//! A file of the companion, or one of a person that goes there.

use leptos::prelude::*;

use crate::browser::clock::local_words;
use crate::components::{Field, FileButton, IconName, Select, SelectGroup, SelectOption};
use crate::quantities::bytes;
use crate::stores::Stores;

/// A file of the companion, or one of a person that goes there.
#[component]
pub fn FileChoice(
    /// Its id, unique on the page; that of the button's input is `<id>-upload`.
    id: &'static str,
    /// What it is for.
    label: &'static str,
    /// A sentence of explanation.
    hint: &'static str,
    /// The id of the file chosen now.
    #[prop(into)]
    value: Signal<Option<String>>,
    /// Takes another.
    #[prop(into)]
    on_change: Callback<Option<String>>,
) -> impl IntoView {
    let tuning = expect_context::<Stores>().fine_tuning;
    let groups = Signal::derive(move || {
        let files = tuning.files.get();
        let mut options = vec![SelectOption::new("", "None")];
        // A file that is gone is still named, so that nobody wonders what will be learned.
        if let Some(gone) = value.get().filter(|id| !files.iter().any(|file| file.id == *id)) {
            options.push(SelectOption::new(gone.clone(), format!("{gone} (not there)")));
        }
        let described = files.into_iter().map(|file| {
            let when = local_words(file.created_at as f64 * 1000.0);
            SelectOption::new(file.id, format!("{} · {} · {when}", file.filename, bytes(file.bytes)))
        });
        options.extend(described);
        vec![SelectGroup { heading: String::new(), options }]
    });
    view! {
        <Field label=label control_id=id hint=hint>
            <div class="chooser">
                <Select
                    id=id
                    groups=groups
                    value=Signal::derive(move || value.get().unwrap_or_default())
                    on_change=move |id: String| on_change.run((!id.is_empty()).then_some(id))
                />
                <FileButton
                    id=format!("{id}-upload")
                    accept=".jsonl"
                    icon=IconName::Upload
                    words="Send a file"
                    on_file=move |file| tuning.send_file(file, move |id| on_change.run(Some(id)))
                />
            </div>
        </Field>
    }
}
