//! One run of a job: from the start of its worker to its end, or to that of the lease.

use std::io;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use shared::api::fine_tuning::{FineTuningCheckpoint, FineTuningJob, JobFault, JobStatus, LearnedSample, StepMetrics};
use tokio_util::sync::CancellationToken;

use super::job::{checkpoint_name, message, message_with, metrics, warning};
use super::schedule::LOOK_AGAIN;
use super::worker_event::{WorkerCommand, WorkerEvent};
use super::worker_process::{Heard, WorkerProcess, cause_of_death};
use super::{FineTuning, LEASE, Transition};
use crate::database::{
    DatabaseError, Lease, StoredJob, change, insert_checkpoint, insert_event, insert_model, now_unix_s,
};
use crate::random;

/// How long a worker has for a checkpoint when the companion stops.
const STOPPING_TIME: Duration = Duration::from_secs(8);

/// What is remembered between two events of a worker.
struct Progress {
    stored: StoredJob,
    latest: StepMetrics,
    /// The first step of this run, and when it began, for the time that is left.
    begun: Option<(u64, Instant)>,
}

/// How a run went on after an event.
enum After {
    /// It goes on.
    More,
    /// It is over: all is written down.
    Over,
    /// Somebody else has the job.
    Lost,
}

impl FineTuning {
    /// Runs a job until it ends, is put down, or is lost to somebody else, or until `stop`.
    pub(super) async fn run(
        &self,
        lease: &Lease,
        stored: StoredJob,
        stop: &CancellationToken,
    ) -> Result<(), DatabaseError> {
        let folder = self.folder_of(&lease.job);
        let text = match (stored.job.status, stored.job.quern.step) {
            (JobStatus::Queued, 0) => "Fine-tuning job started".to_owned(),
            _ => "Fine-tuning goes on from the last checkpoint".to_owned(),
        };
        let started = self.write(lease, |connection| {
            insert_event(connection, &lease.job, &message(text))?;
            change(connection, &lease.job, |job| self.happen(Transition::Start, job))
        })?;
        let Some(((), job)) = started else { return Ok(()) };
        let mut worker = match WorkerProcess::start(&*self.shared.start, &folder) {
            Ok(worker) => worker,
            Err(error) => return self.fail(lease, no_worker(&error)),
        };
        let mut progress =
            Progress { stored: StoredJob { job, ..stored }, latest: StepMetrics::default(), begun: None };
        let mut changes = self.changes();
        let mut is_pausing = false;
        loop {
            tokio::select! {
                heard = worker.hear() => {
                    let after = match heard {
                        Ok(Heard::Event(event)) => self.note(lease, &mut progress, event)?,
                        Ok(Heard::Ended(status)) => {
                            self.fail(lease, fault("worker_died", cause_of_death(status, &folder)))?;
                            After::Over
                        }
                        Ok(Heard::Unknown(reason)) => {
                            let text = format!("the process that trains said what is no event of it: {reason}");
                            self.fail(lease, fault("worker_failed", text))?;
                            After::Over
                        }
                        Err(error) => {
                            self.fail(lease, no_worker(&error))?;
                            After::Over
                        }
                    };
                    if !matches!(after, After::More) {
                        worker.kill().await;
                        return Ok(());
                    }
                }
                () = next_look(&mut changes) => {
                    let Some(job) = self.database().renew(lease, LEASE)? else {
                        worker.kill().await;
                        return Ok(());
                    };
                    if job.quern.pausing && !is_pausing {
                        is_pausing = true;
                        worker.tell(WorkerCommand::Pause).await;
                    }
                }
                () = stop.cancelled() => {
                    self.put_down(lease, &mut progress, &mut worker).await?;
                    worker.kill().await;
                    return Ok(());
                }
            }
        }
    }

    /// The companion stops: the worker writes a checkpoint if it can do so in time, and the job stays `running`, for
    /// whoever takes it next.
    async fn put_down(
        &self,
        lease: &Lease,
        progress: &mut Progress,
        worker: &mut WorkerProcess,
    ) -> Result<(), DatabaseError> {
        worker.tell(WorkerCommand::Pause).await;
        let deadline = tokio::time::Instant::now() + STOPPING_TIME;
        while let Ok(Ok(Heard::Event(event))) = tokio::time::timeout_at(deadline, worker.hear()).await {
            if matches!(event, WorkerEvent::Paused { .. }) || !matches!(self.note(lease, progress, event)?, After::More)
            {
                break;
            }
        }
        Ok(())
    }

    /// Writes down what a worker said.
    fn note(&self, lease: &Lease, progress: &mut Progress, event: WorkerEvent) -> Result<After, DatabaseError> {
        let written = match event {
            WorkerEvent::Started { .. } => {
                let written = self.write(lease, |it| note_start(it, &lease.job, &event))?;
                if let Some(((), job)) = &written {
                    progress.stored.job = job.clone();
                }
                written
            }
            WorkerEvent::Step { .. } => self.note_step(lease, progress, &event)?,
            WorkerEvent::Validation { step, loss } => {
                progress.latest.valid_loss = Some(loss);
                let numbers = StepMetrics { step, valid_loss: Some(loss), ..StepMetrics::default() };
                let event = metrics(format!("Step {step}: validation loss={loss:.4}"), &numbers);
                self.write(lease, |it| insert_event(it, &lease.job, &event))?
            }
            WorkerEvent::Sample { step, prompt, text } => {
                let told = format!("After step {step} the model answers {prompt:?} with {text:?}");
                let event = message_with(told, &LearnedSample { step, prompt, text });
                self.write(lease, |it| insert_event(it, &lease.job, &event))?
            }
            WorkerEvent::Checkpoint { step, folder } => self.note_checkpoint(lease, progress, step, &folder)?,
            WorkerEvent::Paused { step } => {
                self.write(lease, |it| {
                    insert_event(it, &lease.job, &message(format!("The job was paused after step {step}")))?;
                    change(it, &lease.job, |job| self.happen(Transition::Pause, job))
                })?;
                return Ok(After::Over);
            }
            WorkerEvent::Failed { code, message, param } => {
                self.fail(lease, JobFault { code, message, param })?;
                return Ok(After::Over);
            }
            WorkerEvent::Finished { trained_tokens, logit_difference, template_sha256 } => {
                self.finish(lease, &progress.stored, trained_tokens, logit_difference, template_sha256)?;
                return Ok(After::Over);
            }
        };
        Ok(match written {
            Some(_) => After::More,
            None => After::Lost,
        })
    }

    fn note_step(
        &self,
        lease: &Lease,
        progress: &mut Progress,
        event: &WorkerEvent,
    ) -> Result<Option<((), FineTuningJob)>, DatabaseError> {
        let WorkerEvent::Step { step, loss, accuracy, learning_rate, gradient_norm, learned_tokens, tokens_per_second } =
            *event
        else {
            return Ok(None);
        };
        let steps = progress.stored.job.quern.steps;
        let numbers = StepMetrics {
            step,
            total_steps: steps,
            train_loss: Some(loss),
            train_mean_token_accuracy: accuracy,
            valid_loss: None,
            learning_rate: Some(learning_rate),
            gradient_norm: Some(gradient_norm),
            learned_tokens: Some(learned_tokens),
            tokens_per_second: Some(tokens_per_second),
        };
        progress.latest = StepMetrics { valid_loss: progress.latest.valid_loss, ..numbers.clone() };
        let (first, since) = *progress.begun.get_or_insert_with(|| (step, Instant::now()));
        let estimated_finish = steps.filter(|_| step > first).map(|steps| {
            let seconds = since.elapsed().as_secs_f64() / (step - first) as f64 * steps.saturating_sub(step) as f64;
            now_unix_s() + seconds.ceil() as i64
        });
        let of = steps.map_or_else(String::new, |steps| format!("/{steps}"));
        let event = metrics(format!("Step {step}{of}: training loss={loss:.4}"), &numbers);
        self.write(lease, |connection| {
            insert_event(connection, &lease.job, &event)?;
            change(connection, &lease.job, |job| {
                job.quern.step = step;
                job.estimated_finish = estimated_finish;
            })
        })
    }

    fn note_checkpoint(
        &self,
        lease: &Lease,
        progress: &Progress,
        step: u64,
        folder: &str,
    ) -> Result<Option<((), FineTuningJob)>, DatabaseError> {
        let StoredJob { job, request } = &progress.stored;
        let name = checkpoint_name(job, request, step);
        let model = self.checkpoint_model(job, &name, &self.folder_of(&job.id).join(folder));
        let checkpoint = FineTuningCheckpoint {
            id: format!("ftckpt_{}", random::digits()),
            object: "fine_tuning.job.checkpoint".to_owned(),
            created_at: now_unix_s(),
            fine_tuned_model_checkpoint: name.clone(),
            fine_tuning_job_id: job.id.clone(),
            metrics: StepMetrics { step, ..progress.latest.clone() },
            step_number: step,
        };
        self.write(lease, |connection| {
            if insert_checkpoint(connection, &checkpoint)? {
                let text = format!("Checkpoint created at step {step} with Snapshot ID: {name}");
                insert_event(connection, &job.id, &message(text))?;
            }
            model.as_ref().map_or(Ok(()), |model| insert_model(connection, model))
        })
    }
}

fn note_start(connection: &Connection, id: &str, event: &WorkerEvent) -> rusqlite::Result<()> {
    let WorkerEvent::Started { steps, done_steps, learned_tokens, cut_rows, memory_bytes } = *event else {
        return Ok(());
    };
    if cut_rows > 0 {
        let text = format!("{cut_rows} rows are longer than quern.sequence_tokens, and were cut there");
        insert_event(connection, id, &warning(text))?;
    }
    change(connection, id, |job| {
        let details = &mut job.quern;
        details.step = done_steps;
        details.steps = Some(steps);
        details.learned_tokens = Some(learned_tokens);
        details.cut_rows = Some(cut_rows);
        details.memory_bytes = Some(memory_bytes);
    })
}

/// Until something has changed in this process, or it is time to look again.
async fn next_look(changes: &mut tokio::sync::watch::Receiver<()>) {
    tokio::select! {
        _ = changes.changed() => {}
        () = tokio::time::sleep(LOOK_AGAIN) => {}
    }
}

fn fault(code: &str, message: String) -> JobFault {
    JobFault { code: code.to_owned(), message, param: None }
}

fn no_worker(error: &io::Error) -> JobFault {
    fault("worker_failed", format!("the process that trains could not be started or heard: {error}"))
}
