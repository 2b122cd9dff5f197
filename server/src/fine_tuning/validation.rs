//! Whether a job can run: its files, and its base. Then its folder has all that a worker needs.

use std::io;
use std::path::{Path, PathBuf};

use shared::api::files::FilePurpose;
use shared::api::fine_tuning::{FineTuningRequest, JobFault, MethodKind};
use shared::dataset::formats::Format;

use super::FineTuning;
use super::plan::{Plan, TRAINING_FILE, VALIDATION_FILE};
use super::specification::Base;
use crate::downloads::checksum::Checksum;
use crate::files::{FileError, Rows, link_or_copy};

/// What a worker is told.
pub(super) const SPECIFICATION_FILE: &str = "specification.json";

impl FineTuning {
    /// Whether a file can be what `param` of a request asks for.
    ///
    /// # Errors
    /// It is not there, or for something else; with words for people.
    pub(crate) fn check_file(&self, id: &str, param: &str) -> Result<PathBuf, JobFault> {
        let file = self.shared.files.get(id).map_err(|error| fault("invalid_file", param, error.to_string()))?;
        if file.purpose != FilePurpose::FineTune {
            let message = format!(
                "{id} is a file for {}; upload it again with the purpose {}",
                file.purpose,
                FilePurpose::FineTune
            );
            return Err(fault("invalid_file_purpose", param, message));
        }
        Ok(self.shared.files.path(&file))
    }

    /// Checks all that a job is made of, and fills its folder.
    pub(super) async fn validate(&self, id: &str, request: &FineTuningRequest, seed: u32) -> Result<Plan, JobFault> {
        let base = self.shared.store.fetched(&request.model).await;
        let base = base.map_err(|error| fault("model_not_found", "model", error.to_string()))?;
        let training = self.check_file(&request.training_file, "training_file")?;
        let validation = match &request.validation_file {
            Some(id) => Some(self.check_file(id, "validation_file")?),
            None => None,
        };
        let format = match request.kind() {
            MethodKind::Supervised => Format::OpenAiChat,
            MethodKind::Dpo => Format::OpenAiPreference,
        };
        let (folder, threads, request, id) = (self.folder_of(id), self.shared.threads, request.clone(), id.to_owned());
        let work = move || {
            check_base(&base.path, base.checksum)?;
            std::fs::create_dir_all(&folder).map_err(disk)?;
            let rows = take_rows(&training, &folder.join(TRAINING_FILE), format, "training_file")?;
            if let Some(validation) = &validation {
                take_rows(validation, &folder.join(VALIDATION_FILE), format, "validation_file")?;
            }
            let plan = Plan::new(&request, seed, rows, threads);
            let base = Base { name: base.name, path: base.path, sha256: base.checksum.to_string() };
            let specification = plan.specification(&id, base, &folder, validation.is_some());
            let json = serde_json::to_vec_pretty(&specification).map_err(|error| disk(error.into()))?;
            std::fs::write(folder.join(SPECIFICATION_FILE), json).map_err(disk)?;
            Ok(plan)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|_| Err(disk(io::Error::other("the thread that checks files died"))))
    }
}

fn check_base(path: &Path, expected: Checksum) -> Result<(), JobFault> {
    let found = Checksum::of_file(path, &|_| {}).map_err(disk)?;
    if found == expected {
        return Ok(());
    }
    let message = format!(
        "{} is not the file that it was when it came (SHA-256 {expected}, now {found}); remove the model and fetch it \
         again",
        path.display()
    );
    Err(fault("model_changed", "model", message))
}

/// Checks a file's rows, and keeps them for the job, whatever becomes of the upload.
fn take_rows(from: &Path, to: &Path, format: Format, param: &str) -> Result<u64, JobFault> {
    let taken = link_or_copy(from, to).and_then(|()| Rows::read(to, Some(format)));
    let rows = taken.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => fault("invalid_file", param, "the file was deleted; upload it again"),
        _ => disk(error),
    })?;
    match rows.fault() {
        Some(reason) => {
            let message = format!("rows of the format {} were expected: {reason}", format.title());
            Err(fault(&format!("invalid_{param}"), param, message))
        }
        None => Ok(rows.count),
    }
}

fn fault(code: &str, param: &str, message: impl Into<String>) -> JobFault {
    JobFault { code: code.to_owned(), message: message.into(), param: Some(param.to_owned()) }
}

fn disk(error: io::Error) -> JobFault {
    JobFault { code: "disk_error".to_owned(), message: FileError::from(error).to_string(), param: None }
}
