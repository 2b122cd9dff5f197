//! Everything in one file, and back.

use shared::workspace::{DocumentKind, StoredDocument, WorkspaceFile, plan_import};

use super::Workspace;
use super::error::WorkspaceError;
use super::new_id;

/// What is in the database.
const KINDS: [DocumentKind; 5] =
    [DocumentKind::Prompt, DocumentKind::Chain, DocumentKind::Suite, DocumentKind::Run, DocumentKind::Optimization];

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// Documents added.
    pub added_count: usize,
    /// Of them, those that came as copies, because there is another of the same id.
    pub copied_count: usize,
    /// Those that were there already.
    pub same_count: usize,
}

impl Workspace {
    /// Everything, as one file's text; `others` are documents that are kept elsewhere.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn export(self, others: Vec<StoredDocument>) -> Result<String, WorkspaceError> {
        let mut documents = others;
        for kind in KINDS {
            documents.extend(self.all_stored(kind).await?);
        }
        let file = WorkspaceFile::new(documents, self.all_logs().await?);
        file.to_json().map_err(|error| WorkspaceError::Storage(error.to_string()))
    }

    /// Adds what a file has. Nothing that is here is overwritten. `others` are documents that are kept elsewhere, and
    /// `add_other` takes the file's ones of such a kind.
    ///
    /// # Errors
    /// The file is none, or the storage failed: what to tell the person.
    pub async fn import(
        self,
        text: &str,
        others: Vec<StoredDocument>,
        add_other: impl Fn(&StoredDocument) -> Result<(), String>,
    ) -> Result<ImportReport, String> {
        let file = WorkspaceFile::from_json(text).map_err(|error| error.to_string())?;
        let words = |error: WorkspaceError| error.to_string();
        let mut present = others;
        for kind in KINDS {
            present.extend(self.all_stored(kind).await.map_err(words)?);
        }
        let plan = plan_import(file, &present, &self.all_logs().await.map_err(words)?, new_id);
        for log in &plan.logs {
            let (kept, lines) = self.log(&log.id).await.map_err(words)?;
            for line in log.lines.iter().skip(lines.len()) {
                kept.append(line).await.map_err(words)?;
            }
        }
        let (own, others): (Vec<_>, Vec<_>) =
            plan.documents.iter().cloned().partition(|document| KINDS.contains(&document.kind));
        self.add_stored(&own).await.map_err(words)?;
        others.iter().try_for_each(add_other)?;
        Ok(ImportReport {
            added_count: plan.documents.len(),
            copied_count: plan.copied_count,
            same_count: plan.same_count,
        })
    }
}
