//! What a person makes in the page and keeps there: documents with revisions, logs that only grow, and the one file
//! that everything is exported to. How they are stored is the page's own affair.

mod document;
mod records;
mod transfer;

pub use document::{Document, DocumentHead, DocumentKind, UnreadableDocument, read_body, write_body};
pub use records::{ChainRecord, DatasetRecord, OptimizationRecord, PromptRecord, RunRecord};
pub use transfer::{
    ImportPlan, InvalidWorkspaceFile, StoredDocument, StoredLog, WORKSPACE_FORMAT, WorkspaceFile, plan_import,
};
