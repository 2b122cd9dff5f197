//! The states of a job, and how one becomes another. Nothing else sets a status.

use shared::api::fine_tuning::{FineTuningJob, JobStatus};

/// What happens to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Its files are fine.
    Queue,
    /// A worker begins, or goes on where another stopped.
    Start,
    /// It is put down.
    Pause,
    /// It is taken up again.
    Resume,
    /// The new model can be used.
    Succeed,
    /// It can't go on.
    Fail,
    /// Somebody gives it up.
    Cancel,
}

/// A transition that is not allowed from where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job is {}, and can't be {}", from.name(), transition.word())]
pub struct NotAllowed {
    /// Where it is.
    pub from: JobStatus,
    /// What was tried.
    pub transition: Transition,
}

impl Transition {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Queue, Self::Start, Self::Pause, Self::Resume, Self::Succeed, Self::Fail, Self::Cancel];

    /// Where it leads.
    ///
    /// # Errors
    /// It is not allowed from there.
    pub fn from(self, from: JobStatus) -> Result<JobStatus, NotAllowed> {
        use JobStatus::{Cancelled, Failed, Paused, Queued, Running, Succeeded, ValidatingFiles};
        match (self, from) {
            (Self::Queue, ValidatingFiles) | (Self::Resume, Paused) => Ok(Queued),
            (Self::Start, Queued | Running) => Ok(Running),
            (Self::Pause, Queued | Running) => Ok(Paused),
            (Self::Succeed, Running) => Ok(Succeeded),
            (Self::Fail, ValidatingFiles | Queued | Running) => Ok(Failed),
            (Self::Cancel, ValidatingFiles | Queued | Running | Paused) => Ok(Cancelled),
            (transition, from) => Err(NotAllowed { from, transition }),
        }
    }

    /// Makes it happen to `job` at that time, in seconds since 1970.
    ///
    /// # Errors
    /// It is not allowed; the job is as it was.
    pub fn apply(self, job: &mut FineTuningJob, now_unix_s: i64) -> Result<(), NotAllowed> {
        job.status = self.from(job.status)?;
        job.quern.pausing = false;
        job.estimated_finish = None;
        if job.status.is_final() {
            job.finished_at = Some(now_unix_s);
        }
        Ok(())
    }

    fn word(self) -> &'static str {
        match self {
            Self::Queue => "queued",
            Self::Start => "started",
            Self::Pause => "paused",
            Self::Resume => "resumed; only a paused job can",
            Self::Succeed => "completed",
            Self::Fail => "given up as failed",
            Self::Cancel => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::api::fine_tuning::FineTuningRequest;

    use super::*;
    use crate::fine_tuning::new_job;

    #[test]
    fn a_job_that_goes_well() {
        let mut job = new_job(&FineTuningRequest::new("m", "file-1"), 1);
        for (transition, expected) in [
            (Transition::Queue, JobStatus::Queued),
            (Transition::Start, JobStatus::Running),
            (Transition::Pause, JobStatus::Paused),
            (Transition::Resume, JobStatus::Queued),
            (Transition::Start, JobStatus::Running),
            (Transition::Start, JobStatus::Running),
            (Transition::Succeed, JobStatus::Succeeded),
        ] {
            transition.apply(&mut job, 9).unwrap();
            assert_eq!(job.status, expected);
        }
        assert_eq!(job.finished_at, Some(9));
        let error = Transition::Resume.apply(&mut job, 10).unwrap_err();
        assert_eq!(error.to_string(), "the job is succeeded, and can't be resumed; only a paused job can");
    }

    proptest! {
        /// Whatever happens: what has ended stays as it is, nothing succeeds that did not run or was not validated, and
        /// a job has an end exactly when it has ended.
        #[test]
        fn what_has_ended_stays_as_it_is(tried in prop::collection::vec(0..Transition::ALL.len(), 0..40)) {
            let mut job = new_job(&FineTuningRequest::new("m", "file-1"), 1);
            let (mut was_validated, mut has_run) = (false, false);
            for (time, index) in tried.into_iter().enumerate() {
                let (before, transition) = (job.clone(), Transition::ALL[index]);
                match transition.apply(&mut job, time as i64) {
                    Ok(()) => prop_assert!(!before.status.is_final()),
                    Err(error) => {
                        prop_assert_eq!(error.from, before.status);
                        prop_assert_eq!(&job, &before);
                    }
                }
                was_validated |= job.status == JobStatus::Queued;
                has_run |= job.status == JobStatus::Running;
                prop_assert!(!has_run || was_validated);
                prop_assert!(job.status != JobStatus::Succeeded || has_run);
                prop_assert_eq!(job.finished_at.is_some(), job.status.is_final());
            }
        }
    }
}
