//! The database itself: its stores, and transactions that are on disk when they say so.

use idb::{Database, DatabaseEvent, Factory, ObjectStoreParams, Transaction, TransactionMode, TransactionResult};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::error::WorkspaceError;

const NAME: &str = "quern";
/// Counts changes of the stores below; `upgrade` brings older ones up to date.
const VERSION: u32 = 1;

/// Heads of documents, by kind and id.
pub(super) const HEADS: &str = "heads";
/// Bodies of documents, by kind and id.
pub(super) const BODIES: &str = "bodies";
/// Lines of logs, by log and position.
pub(super) const LOG_LINES: &str = "log_lines";

/// An open database.
pub(super) struct Connection {
    database: Database,
    /// The browser's own handle: the crate has no way to ask for durability.
    handle: web_sys::IdbDatabase,
}

/// Opens the database, and makes its stores where they are missing.
pub(super) async fn open() -> Result<Connection, WorkspaceError> {
    let mut request = Factory::new()?.open(NAME, Some(VERSION))?;
    request.on_upgrade_needed(|event| {
        let stores = [HEADS, BODIES, LOG_LINES];
        let is_made = event.database().is_ok_and(|database| {
            let present = database.store_names();
            let mut missing = stores.iter().filter(|name| !present.iter().any(|there| there == *name));
            missing.all(|name| database.create_object_store(name, ObjectStoreParams::new()).is_ok())
        });
        if !is_made {
            leptos::logging::warn!("the workspace's stores could not be made");
        }
    });
    let handle = web_sys::IdbDatabase::from(request.await?);
    let mut database = Database::from(handle.clone());
    // A newer version in another tab must not wait for this one for ever.
    database.on_version_change({
        let handle = handle.clone();
        move |_| handle.close()
    });
    Ok(Connection { database, handle })
}

impl Connection {
    /// A transaction that reads.
    pub(super) fn reading(&self, stores: &[&str]) -> Result<Transaction, WorkspaceError> {
        Ok(self.database.transaction(stores, TransactionMode::ReadOnly)?)
    }

    /// A transaction that writes, and is complete only when it is on disk: browsers otherwise wait for the system's own
    /// flush, and a log must be written before what it announces.
    pub(super) fn writing(&self, stores: &[&str]) -> Result<Transaction, WorkspaceError> {
        let thrown = |error: JsValue| WorkspaceError::from_exception(&error);
        let names: Array = stores.iter().map(|&name| JsValue::from(name)).collect();
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &"strict".into()).map_err(thrown)?;
        let begin: Function = Reflect::get(&self.handle, &"transaction".into()).map_err(thrown)?.unchecked_into();
        let transaction = begin.call3(&self.handle, &names, &"readwrite".into(), &options).map_err(thrown)?;
        let transaction: web_sys::IdbTransaction = transaction.unchecked_into();
        Ok(Transaction::from(transaction))
    }
}

/// Waits until everything asked of a writing transaction is on disk.
pub(super) async fn committed(transaction: Transaction) -> Result<(), WorkspaceError> {
    match transaction.await? {
        TransactionResult::Committed => Ok(()),
        TransactionResult::Aborted => Err(WorkspaceError::Storage("the change was rolled back".to_owned())),
    }
}

/// Every key that begins with `first`.
pub(super) fn keys_under(first: &str) -> Result<idb::KeyRange, WorkspaceError> {
    let lower = Array::of1(&first.into());
    // An array sorts after every text and number.
    let upper = Array::of2(&first.into(), &Array::new());
    Ok(idb::KeyRange::bound(&lower, &upper, None, None)?)
}
