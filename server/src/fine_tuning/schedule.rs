//! Which job is when: files are checked as they come, and jobs run in their order, so many at once.

use std::future::Future;
use std::time::Duration;

use shared::api::fine_tuning::{FineTuningJob, JobFault, JobStatus};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::job::{failure, message};
use super::{FineTuning, LEASE, Transition};
use crate::database::{DatabaseError, Lease, StoredJob, Taking, change, insert_event, now_unix_s};

/// How often jobs are looked for that another process has left, and signs of life are given.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(2);

impl FineTuning {
    /// Runs jobs until `stop`; those under way are then put down where they are, and go on when this is called again.
    pub async fn run_jobs(&self, stop: CancellationToken) {
        let mut changes = self.changes();
        let mut runs = JoinSet::new();
        while !stop.is_cancelled() {
            changes.mark_unchanged();
            if let Err(error) = self.begin_what_can_begin(&mut runs, &stop).await {
                tracing::warn!(%error, "fine-tuning jobs could not be looked for");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                _ = changes.changed() => {}
                Some(_) = runs.join_next() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
        while runs.join_next().await.is_some() {}
    }

    async fn begin_what_can_begin(
        &self,
        runs: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<(), DatabaseError> {
        if let Err(error) = self.shared.files.sweep() {
            tracing::warn!(%error, "files whose time is over could not be deleted");
        }
        while let Some((lease, stored)) = self.take(&[JobStatus::ValidatingFiles], None)? {
            let fine_tuning = self.clone();
            // On a task of its own: a large file must not hold up the jobs that run.
            runs.spawn(async move {
                let job = lease.job.clone();
                if let Err(error) = fine_tuning.check(&lease, &stored).await {
                    tracing::warn!(%error, job, "a fine-tuning job could not be checked");
                }
                fine_tuning.give_back(&lease);
            });
        }
        let most = usize::from(self.shared.most_running);
        while let Some((lease, stored)) = self.take(&[JobStatus::Running, JobStatus::Queued], Some(most))? {
            let (fine_tuning, stop) = (self.clone(), stop.clone());
            runs.spawn(async move {
                let job = lease.job.clone();
                if let Err(error) = fine_tuning.run(&lease, stored, &stop).await {
                    tracing::warn!(%error, job, "what happened to a fine-tuning job could not be written down");
                }
                fine_tuning.give_back(&lease);
            });
        }
        Ok(())
    }

    fn take(
        &self,
        statuses: &[JobStatus],
        most_held: Option<usize>,
    ) -> Result<Option<(Lease, StoredJob)>, DatabaseError> {
        self.database().take_job(Taking { statuses, most_held, owner: &self.shared.owner, time: LEASE })
    }

    fn give_back(&self, lease: &Lease) {
        if let Err(error) = self.database().release(lease) {
            tracing::warn!(%error, job = lease.job, "a fine-tuning job waits for the end of its lease");
        }
        self.notify();
    }

    /// Checks a job's files and queues it, or fails it.
    async fn check(&self, lease: &Lease, stored: &StoredJob) -> Result<(), DatabaseError> {
        let StoredJob { job, request } = stored;
        self.write(lease, |connection| {
            let files = [Some(&request.training_file), request.validation_file.as_ref()];
            for (what, file) in ["training", "validation"].iter().zip(files) {
                if let Some(file) = file {
                    insert_event(connection, &job.id, &message(format!("Validating {what} file: {file}")))?;
                }
            }
            Ok(())
        })?;
        let Some(checked) = self.while_held(lease, self.validate(&job.id, request, job.seed)).await else {
            return Ok(());
        };
        match checked {
            Err(fault) => self.fail(lease, fault),
            Ok(plan) => {
                self.write(lease, |connection| {
                    insert_event(connection, &job.id, &message("Files validated, moving job to queued state"))?;
                    change(connection, &job.id, |job| {
                        plan.show(job);
                        self.happen(Transition::Queue, job);
                    })
                })?;
                Ok(())
            }
        }
    }

    /// Does `work` while giving signs of life; `None` where the lease was lost, and the work is dropped.
    async fn while_held<T>(&self, lease: &Lease, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                () = tokio::time::sleep(LOOK_AGAIN) => {
                    if !matches!(self.database().renew(lease, LEASE), Ok(Some(_))) {
                        return None;
                    }
                }
            }
        }
    }

    /// Fails a job.
    pub(super) fn fail(&self, lease: &Lease, fault: JobFault) -> Result<(), DatabaseError> {
        self.write(lease, |connection| {
            insert_event(connection, &lease.job, &failure(fault.message.clone()))?;
            change(connection, &lease.job, |job| {
                self.happen(Transition::Fail, job);
                job.error = Some(fault);
            })
        })?;
        Ok(())
    }

    /// A transition by whoever holds the lease; they know what is allowed.
    pub(super) fn happen(&self, transition: Transition, job: &mut FineTuningJob) {
        if let Err(error) = transition.apply(job, now_unix_s()) {
            tracing::error!(%error, job = job.id, "a fault of quern");
        }
    }
}
