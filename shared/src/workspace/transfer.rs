//! The one file that a workspace is exported to and imported from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{DocumentHead, DocumentKind};

/// The version of the file. Others are refused rather than misread.
pub const WORKSPACE_FORMAT: u32 = 1;

/// What the file says that it is.
const FILE_KIND: &str = "quern workspace";

/// A document with its body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// What lists show of it.
    #[serde(flatten)]
    pub head: DocumentHead,
    /// Its JSON, as text: a document that this version can't read comes through unharmed.
    pub body: String,
}

/// A log that only grows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLog {
    /// Unique among logs.
    pub id: String,
    /// Its lines, in order.
    pub lines: Vec<String>,
}

/// A whole workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkspaceFile {
    /// Always the same words.
    kind: String,
    /// [`WORKSPACE_FORMAT`].
    format: u32,
    /// Every document.
    pub documents: Vec<StoredDocument>,
    /// Every log.
    pub logs: Vec<StoredLog>,
}

/// Why a file can't be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWorkspaceFile {
    /// It is something else.
    #[error("this is not an exported workspace ({0}); choose a file that Quern exported")]
    Shape(String),
    /// It is of another version.
    #[error(
        "this workspace was exported in format {0}, but this version of Quern reads format {WORKSPACE_FORMAT}; reload the page to update"
    )]
    Format(u64),
}

impl WorkspaceFile {
    /// A file of these.
    pub fn new(documents: Vec<StoredDocument>, logs: Vec<StoredLog>) -> Self {
        Self { kind: FILE_KIND.to_owned(), format: WORKSPACE_FORMAT, documents, logs }
    }

    /// The file's text.
    ///
    /// # Errors
    /// A document holds what JSON can't.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// It is something else, or of another version.
    pub fn from_json(text: &str) -> Result<Self, InvalidWorkspaceFile> {
        let shape = |error: serde_json::Error| InvalidWorkspaceFile::Shape(error.to_string());
        let value: serde_json::Value = serde_json::from_str(text).map_err(shape)?;
        if value.get("kind").and_then(serde_json::Value::as_str) != Some(FILE_KIND) {
            return Err(InvalidWorkspaceFile::Shape(format!("it does not say \"kind\": \"{FILE_KIND}\"")));
        }
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format != u64::from(WORKSPACE_FORMAT) => Err(InvalidWorkspaceFile::Format(format)),
            _ => serde_json::from_value(value).map_err(shape),
        }
    }
}

/// What an import would do. Nothing that is there is ever overwritten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportPlan {
    /// Documents to add, under the ids given here.
    pub documents: Vec<StoredDocument>,
    /// Logs to add.
    pub logs: Vec<StoredLog>,
    /// How many documents and logs are there already, the same.
    pub same_count: usize,
    /// How many documents are there already with another content; they come as copies.
    pub copied_count: usize,
}

/// What to do with a file's documents and logs beside what is there. `new_id` makes an id that nothing has.
///
/// A log belongs to the document of the same id: where that comes as a copy, so does its log.
pub fn plan_import(
    file: WorkspaceFile,
    present: &[StoredDocument],
    present_logs: &[StoredLog],
    mut new_id: impl FnMut() -> String,
) -> ImportPlan {
    let there: BTreeMap<(DocumentKind, &str), &str> =
        present.iter().map(|document| ((document.kind, &*document.head.id), &*document.body)).collect();
    let logs_there: BTreeMap<&str, &[String]> = present_logs.iter().map(|log| (&*log.id, &*log.lines)).collect();
    let mut plan = ImportPlan::default();
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    for mut document in file.documents {
        match there.get(&(document.kind, &*document.head.id)) {
            None => plan.documents.push(document),
            Some(body) if *body == document.body => plan.same_count += 1,
            Some(_) => {
                let id = new_id();
                renamed.insert(document.head.id.clone(), id.clone());
                document.head.id = id;
                document.head.title.push_str(" (imported)");
                plan.documents.push(document);
                plan.copied_count += 1;
            }
        }
    }
    for mut log in file.logs {
        if let Some(id) = renamed.get(&log.id) {
            log.id.clone_from(id);
            plan.logs.push(log);
        } else if logs_there.contains_key(&*log.id) {
            // The same document, so the same log: the longer one is here or is not needed.
            plan.same_count += 1;
        } else {
            plan.logs.push(log);
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(id: &str, body: &str) -> StoredDocument {
        let head = DocumentHead {
            id: id.into(),
            title: "a prompt".into(),
            revision: 2,
            format: 1,
            belongs_to: None,
            modified_unix_ms: 1.7e12,
        };
        StoredDocument { kind: DocumentKind::Prompt, head, body: body.into() }
    }

    fn log(id: &str, line: &str) -> StoredLog {
        StoredLog { id: id.into(), lines: vec![line.into()] }
    }

    #[test]
    fn a_file_comes_back_as_it_was_and_others_are_refused() {
        let file = WorkspaceFile::new(vec![document("a", "{}")], vec![log("a", "{}\n")]);
        let text = file.to_json().unwrap();
        assert_eq!(WorkspaceFile::from_json(&text), Ok(file));
        let newer = text.replace("\"format\": 1,\n  \"documents\"", "\"format\": 2,\n  \"documents\"");
        assert_eq!(WorkspaceFile::from_json(&newer), Err(InvalidWorkspaceFile::Format(2)));
        for other in ["", "[]", "{}", "{\"kind\": \"quern workspace\"}"] {
            assert!(matches!(WorkspaceFile::from_json(other), Err(InvalidWorkspaceFile::Shape(_))), "{other}");
        }
    }

    #[test]
    fn an_import_overwrites_nothing() {
        let present = [document("same", "1"), document("changed", "2")];
        let present_logs = [log("same", "x")];
        let file = WorkspaceFile::new(
            vec![document("same", "1"), document("changed", "3"), document("new", "4")],
            vec![log("same", "x"), log("changed", "y"), log("new", "z")],
        );
        let plan = plan_import(file, &present, &present_logs, || "fresh".into());
        let ids: Vec<_> = plan.documents.iter().map(|document| &*document.head.id).collect();
        assert_eq!(ids, ["fresh", "new"]);
        assert_eq!(plan.documents[0].head.title, "a prompt (imported)");
        assert_eq!(plan.logs, [log("fresh", "y"), log("new", "z")]);
        assert_eq!((plan.same_count, plan.copied_count), (2, 1));
    }
}
