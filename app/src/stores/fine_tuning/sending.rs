//! Rows on their way to the companion: files of a person, and those that are made of a dataset.

use leptos::prelude::*;
use shared::dataset::export::Export;
use shared::dataset::formats::Format;
use shared::dataset::preparation::Part;
use wasm_bindgen_futures::spawn_local;

use super::FineTuningStore;
use crate::companion::fine_tuning as api;
use crate::engine_worker::dataset_protocol::Written;
use crate::quantities::grouped;
use crate::storage::dataset_files;

/// A file that is being sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    /// Its name.
    pub name: String,
    /// How much of it has come, from 0 to 1.
    pub fraction: f64,
}

impl FineTuningStore {
    /// Sends a person's file, and lets `on_sent` have its id.
    pub fn send_file(self, file: web_sys::File, on_sent: impl FnOnce(String) + 'static) {
        if self.sending.with_untracked(Option::is_some) || self.is_starting.get_untracked() {
            self.toaster.warn("One file at a time: wait until the one under way is there.");
            return;
        }
        self.problem.set(None);
        spawn_local(async move {
            match self.send(&file, file.name()).await {
                Ok(id) => on_sent(id),
                Err(problem) => self.problem.set(Some(problem)),
            }
            self.sending.set(None);
        });
    }

    async fn send(self, file: &web_sys::Blob, name: String) -> Result<String, String> {
        let on_its_way = |fraction| Some(Sending { name: name.clone(), fraction });
        self.sending.set(on_its_way(0.0));
        let sent = api::upload(file, &name, |fraction| self.sending.set(on_its_way(fraction))).await;
        let sent = sent.map_err(|error| error.message)?;
        let id = sent.id.clone();
        self.files.update(|files| {
            files.retain(|known| known.id != sent.id);
            files.insert(0, sent);
        });
        Ok(id)
    }

    /// Sends the rows of the open dataset: of one that is shared out, those to train on, and those to validate with where
    /// there are some. The ids of both files.
    pub(super) async fn send_dataset(self, format: Format) -> Result<(String, Option<String>), String> {
        let overview = self.datasets.overview.get_untracked().unwrap_or_default();
        if overview.kept == 0 {
            return Err("The dataset has no rows yet: bring files on the Datasets page, or choose another.".to_owned());
        }
        let has = |part: Part| overview.parts.iter().any(|(known, _)| *known == part);
        let parts = match (overview.parts.is_empty(), has(Part::Train), has(Part::Validation)) {
            (true, ..) => vec![None],
            (false, false, _) => {
                return Err("The dataset is shared out, and no row is for training. Share it out again.".to_owned());
            }
            (false, true, false) => vec![Some(Part::Train)],
            (false, true, true) => vec![Some(Part::Train), Some(Part::Validation)],
        };
        let export =
            |part: Option<Part>| Export::new(format!("{}.jsonl", part.map_or("rows", Part::name)), format, part);
        let exports: Vec<Export> = parts.into_iter().map(export).collect();
        let Some(written) = self.datasets.export_now(exports.clone()).await else {
            let problem = self.datasets.problem.get_untracked();
            return Err(problem.unwrap_or_else(|| "The rows were not written.".to_owned()));
        };
        let mut ids = Vec::new();
        for export in &exports {
            if rows_of(&written, &export.file) == 0 {
                return Err(format!(
                    "None of the rows can be written as {}. Choose the other way to learn, or another dataset.",
                    format.title()
                ));
            }
            let left_out = rows_of(&written, &export.set_aside_name());
            if left_out > 0 {
                self.toaster.say(format!("{} rows have no place in {}.", grouped(left_out), format.title()));
            }
            ids.push(self.send_export(&export.file).await?);
        }
        let mut ids = ids.into_iter();
        let training = ids.next().ok_or("The rows were not written.")?;
        Ok((training, ids.next()))
    }

    async fn send_export(self, file: &str) -> Result<String, String> {
        let record = self.datasets.record;
        let id = untrack(|| record.id()).ok_or("The dataset is not open any more.")?;
        let name = record.draft.get_untracked().map(|draft| draft.value.with_untracked(|record| record.name.clone()));
        let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "dataset".to_owned());
        let exports = dataset_files::folder(&id).await?.make_directory(dataset_files::EXPORTS).await?;
        let blob = exports.find_file(file).await.ok_or("The rows are not there any more; try again.")?;
        self.send(&blob, format!("{}-{file}", name.trim())).await
    }
}

fn rows_of(written: &Written, file: &str) -> u64 {
    written.files.iter().find(|known| known.name == file).and_then(|known| known.rows).unwrap_or_default()
}
