//! Models on this machine, and the licences that a person has accepted.

use std::path::PathBuf;

use rusqlite::{OptionalExtension, Row, params};

use super::{Database, DatabaseError, now_unix_s};
use crate::downloads::checksum::Checksum;

/// A model on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredModel {
    /// What clients call it.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// True where the file is in our models folder, so that removing the model deletes it.
    pub is_our_file: bool,
    /// Size of the file.
    pub size_bytes: u64,
    /// SHA-256 of the file.
    pub checksum: Checksum,
    /// Where it came from, as a person would write it.
    pub source: String,
    /// When it was fetched or added.
    pub fetched_at_unix_s: i64,
}

const COLUMNS: &str = "name, path, is_our_file, size_bytes, sha256, source, fetched_at_unix_s";

fn read(row: &Row<'_>) -> rusqlite::Result<StoredModel> {
    let checksum: String = row.get(4)?;
    let conversion = |error| rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, Box::new(error));
    Ok(StoredModel {
        name: row.get(0)?,
        path: PathBuf::from(row.get::<_, String>(1)?),
        is_our_file: row.get(2)?,
        size_bytes: row.get::<_, i64>(3)?.unsigned_abs(),
        checksum: checksum.parse().map_err(conversion)?,
        source: row.get(5)?,
        fetched_at_unix_s: row.get(6)?,
    })
}

impl Database {
    /// All models, by name.
    ///
    /// # Errors
    /// The database refused.
    pub fn models(&self) -> Result<Vec<StoredModel>, DatabaseError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM models ORDER BY name"))?;
            statement.query_map([], read)?.collect()
        })
    }

    /// One model.
    ///
    /// # Errors
    /// The database refused.
    pub fn model(&self, name: &str) -> Result<Option<StoredModel>, DatabaseError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM models WHERE name = ?1"))?;
            statement.query_row([name], read).optional()
        })
    }

    /// Adds a model or replaces the one of the same name.
    ///
    /// # Errors
    /// The database refused.
    pub fn put_model(&self, model: &StoredModel) -> Result<(), DatabaseError> {
        self.with(|connection| {
            connection.execute(
                &format!("INSERT OR REPLACE INTO models ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
                params![
                    model.name,
                    model.path.to_string_lossy(),
                    model.is_our_file,
                    i64::try_from(model.size_bytes).unwrap_or(i64::MAX),
                    model.checksum.to_string(),
                    model.source,
                    model.fetched_at_unix_s
                ],
            )?;
            Ok(())
        })
    }

    /// Forgets a model.
    ///
    /// # Errors
    /// The database refused.
    pub fn delete_model(&self, name: &str) -> Result<(), DatabaseError> {
        self.with(|connection| connection.execute("DELETE FROM models WHERE name = ?1", [name]).map(|_| ()))
    }

    /// Notes that a person has accepted the licence of a model.
    ///
    /// # Errors
    /// The database refused.
    pub fn accept_licence(&self, model: &str, licence: &str) -> Result<(), DatabaseError> {
        self.with(|connection| {
            connection.execute(
                "INSERT OR REPLACE INTO accepted_licences VALUES (?1, ?2, ?3)",
                params![model, licence, now_unix_s()],
            )?;
            Ok(())
        })
    }

    /// Whether a person has accepted this licence of this model.
    ///
    /// # Errors
    /// The database refused.
    pub fn has_accepted_licence(&self, model: &str, licence: &str) -> Result<bool, DatabaseError> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT 1 FROM accepted_licences WHERE model = ?1 AND licence = ?2")?
                .exists([model, licence])
        })
    }
}
