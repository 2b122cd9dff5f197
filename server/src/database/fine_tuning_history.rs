//! What happened to fine-tuning jobs, and the checkpoints and models that they left. Whoever runs a job writes under its
//! lease ([`Database::fenced`]): these functions take the connection that is inside.

use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::api::fine_tuning::{FineTuningCheckpoint, FineTuningEvent};

use super::files::limit;
use super::fine_tuning_jobs::{json, parse};
use super::{Database, DatabaseError};

/// A model that a job made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FineTunedModel {
    /// What clients call it: `ft:…`.
    pub name: String,
    /// The job.
    pub job: String,
    /// The model that it was made from.
    pub base: String,
    /// Its adapter (a GGUF file or a PEFT folder), or its file of all weights.
    pub path: PathBuf,
    /// Whether it is an adapter, which computes beside its base.
    pub is_adapter: bool,
    /// When it was made.
    pub created_at_unix_s: i64,
}

/// Adds an event.
pub(crate) fn insert_event(connection: &Connection, job: &str, event: &FineTuningEvent) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO fine_tuning_events (id, job, event) VALUES (?1, ?2, ?3)")?
        .execute(params![event.id, job, json(event)?])?;
    Ok(())
}

/// Adds a checkpoint; false where that step has one, as after a restart that did some steps again.
pub(crate) fn insert_checkpoint(connection: &Connection, checkpoint: &FineTuningCheckpoint) -> rusqlite::Result<bool> {
    let sql = "INSERT OR IGNORE INTO fine_tuning_checkpoints (id, job, step, checkpoint) VALUES (?1, ?2, ?3, ?4)";
    let step = i64::try_from(checkpoint.step_number).unwrap_or(i64::MAX);
    let values = params![checkpoint.id, checkpoint.fine_tuning_job_id, step, json(checkpoint)?];
    Ok(connection.execute(sql, values)? == 1)
}

/// Adds a model.
pub(crate) fn insert_model(connection: &Connection, model: &FineTunedModel) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO fine_tuned_models VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            model.name,
            model.job,
            model.base,
            model.path.to_string_lossy(),
            model.is_adapter,
            model.created_at_unix_s
        ],
    )?;
    Ok(())
}

/// All events of a job, oldest first.
pub(crate) fn all_events(connection: &Connection, job: &str) -> rusqlite::Result<Vec<FineTuningEvent>> {
    let sql = "SELECT event FROM fine_tuning_events WHERE job = ?1 ORDER BY number";
    connection.prepare_cached(sql)?.query_map([job], read_json)?.collect()
}

fn read_json<T: serde::de::DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<T> {
    parse(0, &row.get::<_, String>(0)?)
}

fn read_model(row: &Row<'_>) -> rusqlite::Result<FineTunedModel> {
    Ok(FineTunedModel {
        name: row.get("name")?,
        job: row.get("job")?,
        base: row.get("base")?,
        path: PathBuf::from(row.get::<_, String>("path")?),
        is_adapter: row.get("is_adapter")?,
        created_at_unix_s: row.get("created_at_unix_s")?,
    })
}

impl Database {
    /// Events of a job behind `after`, newest first.
    pub(crate) fn events(
        &self,
        job: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<FineTuningEvent>, DatabaseError> {
        self.newest_first("event", job, after, most)
    }

    /// Events of a job that came since `number`, oldest first, each with its number.
    pub(crate) fn events_since(
        &self,
        job: &str,
        number: i64,
        most: usize,
    ) -> Result<Vec<(i64, FineTuningEvent)>, DatabaseError> {
        let sql =
            "SELECT event, number FROM fine_tuning_events WHERE job = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map(params![job, number, limit(most)], |row| Ok((row.get(1)?, read_json(row)?)))?.collect()
        })
    }

    /// Checkpoints of a job behind `after`, newest first.
    pub(crate) fn checkpoints(
        &self,
        job: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<FineTuningCheckpoint>, DatabaseError> {
        self.newest_first("checkpoint", job, after, most)
    }

    /// What a job left of a `kind`, whose table is named after it, behind `after`.
    fn newest_first<T: serde::de::DeserializeOwned>(
        &self,
        kind: &'static str,
        job: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<T>, DatabaseError> {
        let sql = format!(
            "SELECT {kind} FROM fine_tuning_{kind}s WHERE job = ?1 AND (?2 IS NULL OR number < \
             (SELECT number FROM fine_tuning_{kind}s WHERE id = ?2)) ORDER BY number DESC LIMIT ?3"
        );
        self.with(|connection| {
            connection.prepare_cached(&sql)?.query_map(params![job, after, limit(most)], read_json)?.collect()
        })
    }

    /// The models that jobs made, by name.
    pub(crate) fn fine_tuned_models(&self) -> Result<Vec<FineTunedModel>, DatabaseError> {
        self.with(|connection| {
            let sql = "SELECT * FROM fine_tuned_models ORDER BY name";
            connection.prepare_cached(sql)?.query_map([], read_model)?.collect()
        })
    }

    /// One of them.
    pub(crate) fn fine_tuned_model(&self, name: &str) -> Result<Option<FineTunedModel>, DatabaseError> {
        self.with(|connection| {
            let sql = "SELECT * FROM fine_tuned_models WHERE name = ?1";
            connection.prepare_cached(sql)?.query_row([name], read_model).optional()
        })
    }

    /// Forgets one of them.
    pub(crate) fn delete_fine_tuned_model(&self, name: &str) -> Result<(), DatabaseError> {
        self.with(|connection| connection.execute("DELETE FROM fine_tuned_models WHERE name = ?1", [name]).map(|_| ()))
    }
}
