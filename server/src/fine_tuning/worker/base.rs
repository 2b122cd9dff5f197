//! The model that is trained, opened and checked.

use std::path::Path;

use engine::ModelText;
use engine::gguf::GgufFile;
use engine::models::Hyperparameters;
use engine::source::FileSource;

use super::super::Base;
use super::failure::Failure;
use crate::downloads::checksum::Checksum;

/// The model that is trained.
pub(super) struct BaseModel {
    pub(super) source: FileSource,
    pub(super) file: GgufFile,
    pub(super) sizes: Hyperparameters,
    pub(super) text: ModelText,
}

impl BaseModel {
    /// Opens it, if it is still the file that the job was made for.
    pub(super) fn open(base: &Base) -> Result<Self, Failure> {
        let path: &Path = &base.path;
        let found = Checksum::of_file(path, &|_| {}).map_err(|error| {
            Failure::at("model", "base_missing", format!("the base model {} can't be read: {error}", path.display()))
        })?;
        if found.to_string() != base.sha256 {
            let message = format!(
                "{} is not the file any more that this job was made for: its SHA-256 was {} and is {found}; put the former \
                 back, or make a new job",
                path.display(),
                base.sha256
            );
            return Err(Failure::at("model", "base_changed", message));
        }
        let source = FileSource::open(path).map_err(|error| Failure::reading(path, &error))?;
        let of_base = |error| Failure::of_base(path, &error);
        let file = GgufFile::read(&source).map_err(of_base)?;
        let sizes = Hyperparameters::read(&file).map_err(of_base)?;
        let text = ModelText::read(&source).map_err(of_base)?;
        Ok(Self { source, file, sizes, text })
    }

    /// SHA-256 of the chat template that rows are written with.
    pub(super) fn template_sha256(&self) -> String {
        Checksum::of_bytes(self.text.chat_template().source().as_bytes()).to_string()
    }
}
