//! Reading and saving documents.

use idb::Query;
use js_sys::Array;
use shared::workspace::{Document, DocumentHead, DocumentKind, StoredDocument, read_body, write_body};
use wasm_bindgen::JsValue;

use super::database::{BODIES, HEADS, committed, keys_under};
use super::error::{SaveError, WorkspaceError};
use super::{Opened, Workspace};
use crate::browser::clock::unix_ms;

pub(super) fn key(kind: DocumentKind, id: &str) -> JsValue {
    Array::of2(&kind.name().into(), &id.into()).into()
}

fn head_of(value: JsValue) -> Result<DocumentHead, WorkspaceError> {
    serde_wasm_bindgen::from_value(value).map_err(|error| WorkspaceError::Storage(error.to_string()))
}

fn head_to_store(head: &DocumentHead) -> Result<JsValue, WorkspaceError> {
    serde_wasm_bindgen::to_value(head).map_err(|error| WorkspaceError::Storage(error.to_string()))
}

impl Workspace {
    /// The heads of all documents of a kind, the newest first.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn heads(self, kind: DocumentKind) -> Result<Vec<DocumentHead>, WorkspaceError> {
        let connection = self.connection().await?;
        let heads = connection.reading(&[HEADS])?.object_store(HEADS)?;
        let found = heads.get_all(Some(Query::KeyRange(keys_under(kind.name())?)), None)?.await?;
        let mut heads = found.into_iter().map(head_of).collect::<Result<Vec<_>, _>>()?;
        heads.sort_by(|a, b| b.modified_unix_ms.total_cmp(&a.modified_unix_ms));
        Ok(heads)
    }

    /// A document; `None` where there is none of that id.
    ///
    /// # Errors
    /// The storage failed, or this version can't read it.
    pub async fn open<T: Document>(self, id: &str) -> Result<Option<Opened<T>>, WorkspaceError> {
        let Some(stored) = self.stored(T::KIND, id).await? else { return Ok(None) };
        let value = read_body(stored.head.format, &stored.body)?;
        Ok(Some(Opened { value, revision: stored.head.revision }))
    }

    /// Keeps a document, and gives its new revision. `base` is the revision that the change began with; `None` where
    /// the document is new.
    ///
    /// # Errors
    /// It was changed since, or the storage failed. Nothing is changed then.
    pub async fn save<T: Document>(self, id: &str, document: &T, base: Option<u64>) -> Result<u64, SaveError> {
        let body = write_body(document).map_err(WorkspaceError::from)?;
        let connection = self.connection().await?;
        let transaction = connection.writing(&[HEADS, BODIES])?;
        let heads = transaction.object_store(HEADS).map_err(WorkspaceError::from)?;
        let key = key(T::KIND, id);
        let kept = heads.get(Query::Key(key.clone())).map_err(WorkspaceError::from)?.await;
        let current = kept.map_err(WorkspaceError::from)?.map(head_of).transpose()?.map(|head| head.revision);
        if current != base {
            // Nothing was written, so nothing need be rolled back.
            return Err(SaveError::Conflict { current: current.unwrap_or(0) });
        }
        let head = DocumentHead {
            id: id.to_owned(),
            title: document.title(),
            revision: base.unwrap_or(0) + 1,
            format: T::FORMAT,
            belongs_to: document.belongs_to().map(str::to_owned),
            modified_unix_ms: unix_ms(),
        };
        heads.put(&head_to_store(&head)?, Some(&key)).map_err(WorkspaceError::from)?;
        let bodies = transaction.object_store(BODIES).map_err(WorkspaceError::from)?;
        bodies.put(&JsValue::from(body), Some(&key)).map_err(WorkspaceError::from)?;
        committed(transaction).await?;
        self.announce(T::KIND);
        Ok(head.revision)
    }

    /// Forgets a document, and the log that belongs to it.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn remove(self, kind: DocumentKind, id: &str) -> Result<(), WorkspaceError> {
        let connection = self.connection().await?;
        let transaction = connection.writing(&[HEADS, BODIES, super::database::LOG_LINES])?;
        for store in [HEADS, BODIES] {
            transaction.object_store(store)?.delete(Query::Key(key(kind, id)))?;
        }
        transaction.object_store(super::database::LOG_LINES)?.delete(Query::KeyRange(keys_under(id)?))?;
        committed(transaction).await?;
        self.announce(kind);
        Ok(())
    }

    /// A document as it is stored.
    async fn stored(self, kind: DocumentKind, id: &str) -> Result<Option<StoredDocument>, WorkspaceError> {
        let connection = self.connection().await?;
        let transaction = connection.reading(&[HEADS, BODIES])?;
        let head = transaction.object_store(HEADS)?.get(Query::Key(key(kind, id)))?;
        let body = transaction.object_store(BODIES)?.get(Query::Key(key(kind, id)))?;
        let (head, body) = (head.await?, body.await?);
        match (head, body.and_then(|body| body.as_string())) {
            (Some(head), Some(body)) => Ok(Some(StoredDocument { kind, head: head_of(head)?, body })),
            _ => Ok(None),
        }
    }

    /// Every document of a kind, as it is stored.
    pub(super) async fn all_stored(self, kind: DocumentKind) -> Result<Vec<StoredDocument>, WorkspaceError> {
        let mut documents = Vec::new();
        for head in self.heads(kind).await? {
            documents.extend(self.stored(kind, &head.id).await?);
        }
        Ok(documents)
    }

    /// Adds documents as they are stored. Ids must be free.
    pub(super) async fn add_stored(self, documents: &[StoredDocument]) -> Result<(), WorkspaceError> {
        let connection = self.connection().await?;
        let transaction = connection.writing(&[HEADS, BODIES])?;
        for document in documents {
            let key = key(document.kind, &document.head.id);
            transaction.object_store(HEADS)?.add(&head_to_store(&document.head)?, Some(&key))?;
            transaction.object_store(BODIES)?.add(&JsValue::from(&*document.body), Some(&key))?;
        }
        committed(transaction).await?;
        for document in documents {
            self.announce(document.kind);
        }
        Ok(())
    }
}
