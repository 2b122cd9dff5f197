//! How fast a device ran a model.

use rusqlite::{OptionalExtension, params};

use super::{Database, DatabaseError, now_unix_s};

/// How fast a device ran a model, once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeviceSpeed {
    /// Reading a prompt.
    pub prefill_tokens_per_second: f64,
    /// Writing an answer.
    pub decode_tokens_per_second: f64,
}

impl Database {
    /// What was measured, if anything was.
    ///
    /// # Errors
    /// The database refused.
    pub fn speed(&self, device: &str, model: &str) -> Result<Option<DeviceSpeed>, DatabaseError> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT prefill_tokens_per_second, decode_tokens_per_second FROM device_speeds
                     WHERE device = ?1 AND model = ?2",
                )?
                .query_row(params![device, model], |row| {
                    Ok(DeviceSpeed { prefill_tokens_per_second: row.get(0)?, decode_tokens_per_second: row.get(1)? })
                })
                .optional()
        })
    }

    /// Keeps a measurement; an older one is replaced.
    ///
    /// # Errors
    /// The database refused.
    pub fn remember_speed(&self, device: &str, model: &str, speed: DeviceSpeed) -> Result<(), DatabaseError> {
        self.with(|connection| {
            connection.execute(
                "INSERT OR REPLACE INTO device_speeds VALUES (?1, ?2, ?3, ?4, ?5)",
                params![device, model, speed.prefill_tokens_per_second, speed.decode_tokens_per_second, now_unix_s()],
            )?;
            Ok(())
        })
    }
}
