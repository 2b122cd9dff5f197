//! Saying what columns of no known format mean, by choosing them.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde_json::{Map, Value};
use shared::dataset::formats::Mapping;

use crate::components::{Field, Segmented, Select, SelectGroup, SelectOption, TextField};

/// A part of a mapping: what `Mapping` calls it, what people call it, whether it must be there.
type Part = (&'static str, &'static str, bool);

const SYSTEM: Part = ("system", "What the assistant is told to be", false);

/// Kinds of rows: what each is called, and its parts, the first of which tell it.
const KINDS: [(&str, &str, &[Part]); 5] = [
    ("answer", "Question and answer", &[("prompt", "Question", true), ("answer", "Answer", true), SYSTEM]),
    ("messages", "Messages", &[("messages", "List of messages", true), SYSTEM]),
    (
        "preference",
        "Two answers",
        &[("prompt", "Question", true), ("chosen", "Better answer", true), ("rejected", "Worse answer", true), SYSTEM],
    ),
    (
        "feedback",
        "Rated answer",
        &[("prompt", "Question", true), ("answer", "Answer", true), ("label", "Good or bad", true), SYSTEM],
    ),
    ("text", "Text", &[("text", "Text", true)]),
];

/// A mapping that is being made.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingDraft {
    kind: String,
    /// The column of each part, in any kind.
    columns: BTreeMap<String, String>,
    /// What a file calls roles, as it is typed: `me=user, bot=assistant`.
    roles: String,
}

impl Default for MappingDraft {
    fn default() -> Self {
        Self { kind: KINDS[0].0.to_owned(), columns: BTreeMap::new(), roles: String::new() }
    }
}

impl MappingDraft {
    /// The draft of a mapping.
    pub fn of(mapping: &Mapping) -> Self {
        let written = serde_json::to_value(mapping).ok();
        let written = written.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        // The kind with most parts of which all are there.
        let is_there = |(name, _, is_needed): &Part| !is_needed || written.contains_key(*name);
        let kinds = KINDS.iter().filter(|(_, _, parts)| parts.iter().all(is_there));
        let kind = kinds.max_by_key(|(_, _, parts)| parts.len()).map_or(KINDS[0].0, |(key, _, _)| key);
        let roles = written.get("roles").and_then(Value::as_object).into_iter().flatten();
        let roles: Vec<String> =
            roles.map(|(name, role)| format!("{name}={}", role.as_str().unwrap_or_default())).collect();
        let columns = written.iter().filter_map(|(name, column)| Some((name.clone(), column.as_str()?.to_owned())));
        Self { kind: kind.to_owned(), columns: columns.collect(), roles: roles.join(", ") }
    }

    /// The mapping.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn mapping(&self) -> Result<Mapping, String> {
        let mut written = Map::new();
        for (name, words, is_needed) in self.parts() {
            match self.columns.get(*name) {
                Some(column) => _ = written.insert((*name).to_owned(), column.clone().into()),
                None if *is_needed => return Err(format!("Choose a column for: {words}")),
                None => {}
            }
        }
        for name in ["role", "content"] {
            if let Some(field) = self.columns.get(name).filter(|field| !field.is_empty()) {
                written.insert(name.to_owned(), field.clone().into());
            }
        }
        let roles: Map<String, Value> = self
            .roles
            .split(',')
            .filter_map(|part| part.split_once('='))
            .map(|(name, role)| (name.trim().to_owned(), role.trim().into()))
            .collect();
        written.insert("roles".to_owned(), roles.into());
        serde_json::from_value(written.into()).map_err(|error| error.to_string())
    }

    fn parts(&self) -> &'static [Part] {
        KINDS.iter().find(|(key, _, _)| *key == self.kind).map_or(&[], |(_, _, parts)| parts)
    }
}

/// Says what columns mean.
#[component]
pub fn MappingEditor(
    /// What is said so far.
    draft: RwSignal<Option<MappingDraft>>,
    /// The file's columns.
    #[prop(into)]
    columns: Signal<Vec<String>>,
) -> impl IntoView {
    let now = Memo::new(move |_| draft.get().unwrap_or_default());
    let kind = Memo::new(move |_| now.with(|now| now.kind.clone()));
    let change = move |change: &dyn Fn(&mut MappingDraft)| {
        draft.update(|draft| change(draft.get_or_insert_default()));
    };
    let set = move |name: &'static str, column: String| {
        change(&|draft: &mut MappingDraft| {
            if column.is_empty() {
                draft.columns.remove(name);
            } else {
                draft.columns.insert(name.to_owned(), column.clone());
            }
        });
    };
    let column_of = move |name: &'static str| {
        Signal::derive(move || now.with(|now| now.columns.get(name).cloned().unwrap_or_default()))
    };
    let parts = move || {
        let parts =
            KINDS.iter().find(|(key, _, _)| kind.with(|kind| kind == key)).map_or(&[] as &[Part], |kind| kind.2);
        let fields = parts.iter().map(|&(name, words, is_needed)| {
            let groups = Signal::derive(move || {
                let none = SelectOption::new("", if is_needed { "Choose a column" } else { "None" });
                let columns = columns.get().into_iter().map(|column| SelectOption::new(column.clone(), column));
                vec![SelectGroup { heading: String::new(), options: [none].into_iter().chain(columns).collect() }]
            });
            let id = format!("map-{name}");
            view! {
                <Field label=words control_id=id.clone()>
                    <Select id=id groups=groups value=column_of(name) on_change=move |column| set(name, column) />
                </Field>
            }
        });
        fields.collect_view()
    };
    let kinds: Vec<_> = KINDS.iter().map(|(key, words, _)| ((*key).to_owned(), (*words).to_owned())).collect();
    view! {
        <Segmented
            label="What a row is"
            name="mapped-kind"
            options=kinds
            value=kind
            on_change=move |key: String| change(&|draft: &mut MappingDraft| draft.kind.clone_from(&key))
        />
        <div class="form-grid">{parts}</div>
        <Show when=move || kind.with(|kind| kind == "messages")>
            <div class="form-grid">
                <TextField
                    label="Who speaks, in a message"
                    id="map-role"
                    value=column_of("role")
                    placeholder="role"
                    on_input=move |field| set("role", field)
                />
                <TextField
                    label="What is said, in a message"
                    id="map-content"
                    value=column_of("content")
                    placeholder="content"
                    on_input=move |field| set("content", field)
                />
                <TextField
                    label="Names of roles"
                    id="map-roles"
                    value=Signal::derive(move || now.with(|now| now.roles.clone()))
                    placeholder="me=user, bot=assistant"
                    on_input=move |roles: String| change(&|draft: &mut MappingDraft| draft.roles.clone_from(&roles))
                />
            </div>
        </Show>
    }
}
