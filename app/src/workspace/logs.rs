//! Logs that only grow: what a long run has done, to go on from after a reload or a crash.

use std::cell::Cell;
use std::rc::Rc;

use idb::Query;
use js_sys::Array;
use shared::optimization::{AppendFuture, CallLog, CallLogError};
use shared::workspace::StoredLog;
use wasm_bindgen::JsValue;

use super::Workspace;
use super::database::{LOG_LINES, committed, keys_under};
use super::error::WorkspaceError;

/// A log with the id of the document that it belongs to.
#[derive(Clone)]
pub struct Log {
    workspace: Workspace,
    id: Rc<str>,
    /// How many lines there are.
    next: Rc<Cell<u32>>,
}

impl Workspace {
    /// A log, and its lines so far. Only one tab may hold it: take a [`super::Lock`] first.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn log(self, id: &str) -> Result<(Log, Vec<String>), WorkspaceError> {
        let lines = self.log_lines(id).await?;
        let next = Rc::new(Cell::new(u32::try_from(lines.len()).unwrap_or(u32::MAX)));
        Ok((Log { workspace: self, id: id.into(), next }, lines))
    }

    /// The lines of a log.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn log_lines(self, id: &str) -> Result<Vec<String>, WorkspaceError> {
        let connection = self.connection().await?;
        let store = connection.reading(&[LOG_LINES])?.object_store(LOG_LINES)?;
        let lines = store.get_all(Some(Query::KeyRange(keys_under(id)?)), None)?.await?;
        Ok(lines.into_iter().filter_map(|line| line.as_string()).collect())
    }

    /// Empties a log whose lines are kept elsewhere by now.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn clear_log(self, id: &str) -> Result<(), WorkspaceError> {
        let connection = self.connection().await?;
        let transaction = connection.writing(&[LOG_LINES])?;
        transaction.object_store(LOG_LINES)?.delete(Query::KeyRange(keys_under(id)?))?;
        committed(transaction).await
    }

    /// Every log.
    pub(super) async fn all_logs(self) -> Result<Vec<StoredLog>, WorkspaceError> {
        let connection = self.connection().await?;
        let store = connection.reading(&[LOG_LINES])?.object_store(LOG_LINES)?;
        let (keys, lines) = (store.get_all_keys(None, None)?, store.get_all(None, None)?);
        let (keys, lines) = (keys.await?, lines.await?);
        let mut logs: Vec<StoredLog> = Vec::new();
        for (key, line) in keys.into_iter().zip(lines) {
            let (Some(id), Some(line)) = (Array::from(&key).get(0).as_string(), line.as_string()) else { continue };
            match logs.last_mut() {
                Some(log) if log.id == id => log.lines.push(line),
                _ => logs.push(StoredLog { id, lines: vec![line] }),
            }
        }
        Ok(logs)
    }
}

impl Log {
    /// Adds a line. It is on disk when the future is done.
    ///
    /// # Errors
    /// The storage failed, or another tab has added to this log.
    pub async fn append(&self, line: &str) -> Result<(), WorkspaceError> {
        let connection = self.workspace.connection().await?;
        let transaction = connection.writing(&[LOG_LINES])?;
        let position = self.next.get();
        let key: JsValue = Array::of2(&(&*self.id).into(), &position.into()).into();
        // `add` fails where the position is taken.
        transaction.object_store(LOG_LINES)?.add(&line.into(), Some(&key))?;
        self.next.set(position + 1);
        committed(transaction).await
    }
}

impl CallLog for Log {
    fn append(&self, line: String) -> AppendFuture<'_> {
        Box::pin(async move { Self::append(self, &line).await.map_err(|error| CallLogError(error.to_string())) })
    }
}
