//! State that outlives the process, in one `SQLite` file: models on this machine, licences, device speeds, uploaded
//! files, fine-tuning jobs.

mod device_speeds;
mod files;
mod fine_tuning_history;
mod fine_tuning_jobs;
mod models;

pub use device_speeds::DeviceSpeed;
pub(crate) use files::{FileFilter, insert_file};
pub use fine_tuning_history::FineTunedModel;
pub(crate) use fine_tuning_history::{all_events, insert_checkpoint, insert_event, insert_model};
pub use fine_tuning_jobs::{Lease, StoredJob};
pub(crate) use fine_tuning_jobs::{TakenAway, Taking, change};
pub use models::StoredModel;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);
const STEPS: &[M<'static>] = &[
    M::up(include_str!("migrations/0001_models_and_speeds.sql")),
    M::up(include_str!("migrations/0002_files_and_fine_tuning.sql")),
];

/// How long one process waits for another to finish writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The database could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file can't be opened or read.
    #[error("the database {path}: {source}. If it is damaged, move it away: models on the disk are found again")]
    Open {
        /// The file.
        path: String,
        /// What `SQLite` said.
        source: rusqlite::Error,
    },
    /// The file was written by a newer version.
    #[error("the database {path} can't be brought up to date: {source}. Was it written by a newer quern?")]
    Migrate {
        /// The file.
        path: String,
        /// What is wrong.
        source: rusqlite_migration::Error,
    },
    /// A statement failed.
    #[error("the database refused: {0}")]
    Statement(#[from] rusqlite::Error),
}

/// A handle on the database; clones share one connection.
#[derive(Clone)]
pub struct Database {
    connection: Arc<Mutex<Connection>>,
}

impl Database {
    /// Opens or creates the file and brings its tables up to date.
    ///
    /// # Errors
    /// The file can't be used.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let opening = |source| DatabaseError::Open { path: path.display().to_string(), source };
        let mut connection = Connection::open(path).map_err(opening)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(opening)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(opening)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(opening)?;
        MIGRATIONS
            .to_latest(&mut connection)
            .map_err(|source| DatabaseError::Migrate { path: path.display().to_string(), source })?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Runs statements on this thread.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, DatabaseError> {
        // A panic in between can't leave a statement half done: SQLite rolls back.
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(work(&connection)?)
    }

    /// Runs statements on this thread, all or nothing, while no other process writes.
    pub(crate) fn transaction<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        self.with(|connection| {
            let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }
}

/// A value in the database that no version of this program writes.
fn damaged(column: usize, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, reason.into())
}

/// Seconds since 1970, for the `_at_unix_s` columns.
pub(crate) fn now_unix_s() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_valid() {
        MIGRATIONS.validate().unwrap();
    }

    #[test]
    fn two_connections_share_one_file_and_reopening_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quern.sqlite3");
        let speed = DeviceSpeed { prefill_tokens_per_second: 2.0, decode_tokens_per_second: 1.0 };
        let (first, second) = (Database::open(&path).unwrap(), Database::open(&path).unwrap());
        first.remember_speed("cpu", "m", speed).unwrap();
        assert_eq!(second.speed("cpu", "m").unwrap(), Some(speed));
        drop((first, second));
        assert_eq!(Database::open(&path).unwrap().speed("cpu", "m").unwrap(), Some(speed));
    }

    #[test]
    fn what_is_no_database_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quern.sqlite3");
        std::fs::write(&path, "not a database, but long enough to look like something".repeat(9)).unwrap();
        let error = Database::open(&path).err().unwrap();
        assert!(error.to_string().contains("quern.sqlite3"), "{error}");
    }
}
