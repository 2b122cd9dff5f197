//! Why a worker can't go on, for programs and for people.

use std::io;
use std::path::Path;

use engine::EngineError;

use super::super::WorkerEvent;

/// Why it can't go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// A word for programs.
    pub(super) code: &'static str,
    /// What happened and what to do.
    pub(super) message: String,
    /// The field of the request that is at fault.
    pub(super) param: Option<&'static str>,
}

impl Failure {
    pub(super) fn new(code: &'static str, message: String) -> Self {
        Self { code, message, param: None }
    }

    pub(super) fn at(param: &'static str, code: &'static str, message: String) -> Self {
        Self { code, message, param: Some(param) }
    }

    /// A file that can't be read.
    pub(super) fn reading(path: &Path, error: &io::Error) -> Self {
        Self::new("unreadable_file", format!("{} could not be read: {error}", path.display()))
    }

    /// A file that can't be written.
    pub(super) fn writing(path: &Path, error: &io::Error) -> Self {
        let is_full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        if is_full {
            let message = format!(
                "there is no room for {}: {error}; make room and resume the job, which goes on from its last checkpoint",
                path.display()
            );
            return Self::new("disk_full", message);
        }
        Self::new("unwritable_file", format!("{} could not be written: {error}", path.display()))
    }

    /// The base model can't be used.
    pub(super) fn of_base(path: &Path, error: &EngineError) -> Self {
        Self::at("model", "unusable_base", format!("{} can't be trained: {error}", path.display()))
    }
}

impl From<Failure> for WorkerEvent {
    fn from(failure: Failure) -> Self {
        let Failure { code, message, param } = failure;
        Self::Failed { code: code.to_owned(), message, param: param.map(str::to_owned) }
    }
}
