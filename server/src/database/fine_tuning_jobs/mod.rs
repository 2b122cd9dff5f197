//! Fine-tuning jobs. A job is run by whoever holds its lease; each taking has a number that is larger than the last (a
//! fencing token), and what is written under an older one is refused: whoever was thought dead and comes back changes
//! nothing.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::api::fine_tuning::{FineTuningJob, FineTuningRequest, JobStatus};

use super::files::limit;
use super::{Database, DatabaseError, damaged};

/// The right to run a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: String,
    owner: String,
    epoch: i64,
}

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredJob {
    /// As clients see it.
    pub job: FineTuningJob,
    /// What was asked for.
    pub request: FineTuningRequest,
}

/// What may be taken, by whom, and for how long without a sign of life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taking<'a> {
    /// Jobs of these statuses.
    pub(crate) statuses: &'a [JobStatus],
    /// Not while so many of these statuses are held by somebody; no matter how many, without it.
    pub(crate) most_held: Option<usize>,
    /// Who.
    pub(crate) owner: &'a str,
    /// For how long.
    pub(crate) time: Duration,
}

impl Database {
    /// Adds a job.
    pub(crate) fn put_job(&self, stored: &StoredJob) -> Result<(), DatabaseError> {
        self.with(|connection| {
            connection.execute(
                "INSERT INTO fine_tuning_jobs (id, status, request, job) VALUES (?1, ?2, ?3, ?4)",
                params![stored.job.id, stored.job.status.name(), json(&stored.request)?, json(&stored.job)?],
            )?;
            Ok(())
        })
    }

    /// One job.
    pub(crate) fn job(&self, id: &str) -> Result<Option<StoredJob>, DatabaseError> {
        self.with(|connection| find(connection, id))
    }

    /// Jobs behind `after`, newest first. `metadata` are pairs that they all have; `None` those that have none.
    pub(crate) fn jobs(
        &self,
        after: Option<&str>,
        most: usize,
        metadata: Option<&[(String, String)]>,
    ) -> Result<Vec<FineTuningJob>, DatabaseError> {
        let sql = "SELECT request, job FROM fine_tuning_jobs WHERE ?1 IS NULL \
                   OR number < (SELECT number FROM fine_tuning_jobs WHERE id = ?1) ORDER BY number DESC";
        let suits = |job: &FineTuningJob| match metadata {
            None => job.metadata.is_none(),
            Some(pairs) => pairs
                .iter()
                .all(|(key, value)| job.metadata.as_ref().is_some_and(|metadata| metadata.get(key) == Some(value))),
        };
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let mut jobs = Vec::new();
            for stored in statement.query_map([after], read)? {
                let job = stored?.job;
                if jobs.len() == most {
                    break;
                }
                if suits(&job) {
                    jobs.push(job);
                }
            }
            Ok(jobs)
        })
    }

    /// Changes a job on a client's behalf, as `change` says, and takes it away from whoever runs it where it says so.
    /// `None` where there is no such job.
    pub(crate) fn change_job<E>(
        &self,
        id: &str,
        change: impl FnOnce(&mut FineTuningJob) -> Result<TakenAway, E>,
    ) -> Result<Option<Result<FineTuningJob, E>>, DatabaseError> {
        self.transaction(|connection| {
            let Some(StoredJob { mut job, .. }) = find(connection, id)? else { return Ok(None) };
            match change(&mut job) {
                Err(error) => return Ok(Some(Err(error))),
                Ok(taken_away) => {
                    store(connection, &job)?;
                    if taken_away == TakenAway::Yes {
                        let sql = "UPDATE fine_tuning_jobs SET owner = NULL, epoch = epoch + 1 WHERE id = ?1";
                        connection.execute(sql, [id])?;
                    }
                }
            }
            Ok(Some(Ok(job)))
        })
    }

    /// Takes the oldest job that nobody holds.
    pub(crate) fn take_job(&self, taking: Taking<'_>) -> Result<Option<(Lease, StoredJob)>, DatabaseError> {
        let names: Vec<String> = taking.statuses.iter().map(|status| format!("'{}'", status.name())).collect();
        let names = names.join(", ");
        let now = now_unix_ms();
        self.transaction(|connection| {
            if let Some(most_held) = taking.most_held {
                let sql = format!(
                    "SELECT count(*) FROM fine_tuning_jobs \
                     WHERE status IN ({names}) AND owner IS NOT NULL AND owned_until_unix_ms > ?1"
                );
                let held: i64 = connection.query_row(&sql, [now], |row| row.get(0))?;
                if held >= limit(most_held) {
                    return Ok(None);
                }
            }
            let sql = format!(
                "SELECT id, epoch FROM fine_tuning_jobs WHERE status IN ({names}) \
                 AND (owner IS NULL OR owned_until_unix_ms <= ?1) ORDER BY number LIMIT 1"
            );
            let found = connection.query_row(&sql, [now], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((id, epoch)): Option<(String, i64)> = found else { return Ok(None) };
            let lease = Lease { job: id, owner: taking.owner.to_owned(), epoch: epoch + 1 };
            connection.execute(
                "UPDATE fine_tuning_jobs SET owner = ?2, epoch = ?3, owned_until_unix_ms = ?4 WHERE id = ?1",
                params![lease.job, lease.owner, lease.epoch, until(now, taking.time)],
            )?;
            Ok(find(connection, &lease.job)?.map(|stored| (lease, stored)))
        })
    }

    /// A sign of life. The job as it is now; `None` where the lease is lost.
    pub(crate) fn renew(&self, lease: &Lease, time: Duration) -> Result<Option<FineTuningJob>, DatabaseError> {
        let owned_until = until(now_unix_ms(), time);
        self.fenced(lease, |connection| {
            let sql = "UPDATE fine_tuning_jobs SET owned_until_unix_ms = ?2 WHERE id = ?1";
            connection.execute(sql, params![lease.job, owned_until])?;
            Ok(())
        })
        .map(|renewed| renewed.map(|((), job)| job))
    }

    /// Writes under a lease, all of it or nothing. `None` where the lease is lost, and nothing was written; else what
    /// `work` returned, and the job as it is behind that.
    pub(crate) fn fenced<T>(
        &self,
        lease: &Lease,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<(T, FineTuningJob)>, DatabaseError> {
        self.transaction(|connection| {
            let sql = "SELECT 1 FROM fine_tuning_jobs WHERE id = ?1 AND owner = ?2 AND epoch = ?3";
            if !connection.prepare_cached(sql)?.exists(params![lease.job, lease.owner, lease.epoch])? {
                return Ok(None);
            }
            let done = work(connection)?;
            Ok(find(connection, &lease.job)?.map(|stored| (done, stored.job)))
        })
    }

    /// Gives a lease back, so that others need not wait for its end.
    pub(crate) fn release(&self, lease: &Lease) -> Result<(), DatabaseError> {
        self.with(|connection| {
            let sql = "UPDATE fine_tuning_jobs SET owner = NULL WHERE id = ?1 AND owner = ?2 AND epoch = ?3";
            connection.execute(sql, params![lease.job, lease.owner, lease.epoch]).map(|_| ())
        })
    }
}

/// Whether a change takes a job away from whoever runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TakenAway {
    /// What they write from now on is refused.
    Yes,
    /// They go on.
    No,
}

fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<StoredJob>> {
    let sql = "SELECT request, job FROM fine_tuning_jobs WHERE id = ?1";
    connection.prepare_cached(sql)?.query_row([id], read).optional()
}

/// Changes a job that is there.
pub(crate) fn change(
    connection: &Connection,
    id: &str,
    change: impl FnOnce(&mut FineTuningJob),
) -> rusqlite::Result<()> {
    let Some(StoredJob { mut job, .. }) = find(connection, id)? else { return Ok(()) };
    change(&mut job);
    store(connection, &job)
}

fn store(connection: &Connection, job: &FineTuningJob) -> rusqlite::Result<()> {
    let sql = "UPDATE fine_tuning_jobs SET status = ?2, job = ?3 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![job.id, job.status.name(), json(job)?])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredJob> {
    Ok(StoredJob { request: parse(0, &row.get::<_, String>(0)?)?, job: parse(1, &row.get::<_, String>(1)?)? })
}

pub(super) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(super) fn parse<T: DeserializeOwned>(column: usize, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| damaged(column, error))
}

fn now_unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn until(now_unix_ms: i64, time: Duration) -> i64 {
    now_unix_ms.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
