//! The bounded queue of one model: requests wait here, those whose client has left make room.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use shared::model_call::{Embedding, GenerationEvent, GenerationRequest, ModelCallError, Prompt};
use tokio::sync::mpsc::UnboundedSender;

/// Where events of one generation go. It is not bounded: a slow reader must not hold up the model, and an answer is
/// no longer than the context.
pub(crate) type EventSender = UnboundedSender<Result<GenerationEvent, ModelCallError>>;

/// Where a text's vector goes; one message is sent.
pub(crate) type EmbeddingSender = UnboundedSender<Result<Embedding, ModelCallError>>;

/// One piece of work on its way to the model's thread.
pub(crate) struct Job {
    /// The adapter to do it with.
    pub(crate) adapter: Option<PathBuf>,
    pub(crate) work: Work,
}

/// What is to be done.
pub(crate) enum Work {
    /// An answer to write.
    Generate { request: GenerationRequest, events: EventSender },
    /// A text to turn into a vector.
    Embed { input: Prompt, answer: EmbeddingSender },
}

impl Job {
    /// The client has left.
    fn is_abandoned(&self) -> bool {
        match &self.work {
            Work::Generate { events, .. } => events.is_closed(),
            Work::Embed { answer, .. } => answer.is_closed(),
        }
    }

    /// Tells the client why nothing comes (any more).
    pub(crate) fn fail(&self, error: ModelCallError) {
        // Nobody listening is no error.
        let _ = match &self.work {
            Work::Generate { events, .. } => events.send(Err(error)).is_ok(),
            Work::Embed { answer, .. } => answer.send(Err(error)).is_ok(),
        };
    }
}

/// Why a request was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// As many requests wait as may.
    #[error("the model is busy: {waiting} requests are waiting already. Try again in a moment")]
    QueueFull {
        /// Requests waiting.
        waiting: usize,
    },
    /// The system gives the model no thread.
    #[error("no thread could be started for {model}: {reason}")]
    NoThread {
        /// The model.
        model: String,
        /// What the system says.
        reason: String,
    },
}

/// Why [`JobQueue::push`] gave jobs back.
pub(crate) enum PushError {
    /// As many wait as may.
    Full { waiting: usize },
    /// The thread has ended or is about to; the jobs are for its successor.
    Closed(Vec<Job>),
}

/// A first-in first-out queue between many clients and one thread.
pub(crate) struct JobQueue {
    state: Mutex<State>,
    changed: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    is_working: bool,
    is_closed: bool,
}

impl JobQueue {
    /// An empty queue for at most `capacity` waiting jobs.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), capacity }
    }

    /// Adds the jobs of one client where there is room for one: a client with many prompts would else never get in.
    pub(crate) fn push(&self, jobs: Vec<Job>) -> Result<(), PushError> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(PushError::Closed(jobs));
        }
        if state.waiting.len() >= self.capacity {
            state.waiting.retain(|job| !job.is_abandoned());
        }
        if state.waiting.len() >= self.capacity {
            return Err(PushError::Full { waiting: state.waiting.len() });
        }
        state.waiting.extend(jobs);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for the next job whose client is still there; `None` once the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<Job> {
        let mut state = self.lock();
        state.is_working = false;
        loop {
            match state.waiting.pop_front() {
                Some(job) if job.is_abandoned() => {}
                Some(job) => {
                    state.is_working = true;
                    return Some(job);
                }
                None if state.is_closed => return None,
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Takes no more jobs; those waiting are still done.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Takes no more jobs, and hands over those waiting.
    pub(crate) fn close_and_drain(&self) -> VecDeque<Job> {
        let mut state = self.lock();
        state.is_closed = true;
        std::mem::take(&mut state.waiting)
    }

    /// True where nothing waits and nothing is being done.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && !state.is_working
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model_call::GenerationLimits;
    use shared::sampling::SamplingParameters;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    fn job(token: u32) -> (Vec<Job>, UnboundedReceiver<Result<GenerationEvent, ModelCallError>>) {
        let (events, receiver) = unbounded_channel();
        let prompt = Prompt::Tokens(vec![token]);
        let request = GenerationRequest::new(prompt, SamplingParameters::GREEDY, GenerationLimits::default());
        (vec![Job { adapter: None, work: Work::Generate { request, events } }], receiver)
    }

    fn prompt_of(job: Option<Job>) -> Option<Prompt> {
        job.map(|job| match job.work {
            Work::Generate { request, .. } => request.prompt,
            Work::Embed { input, .. } => input,
        })
    }

    #[test]
    fn a_full_queue_refuses_until_a_client_leaves() {
        let queue = JobQueue::new(2);
        let ((first, first_events), (second, _second_events), (third, _third_events)) = (job(1), job(2), job(3));
        assert!(queue.push(first).is_ok() && queue.push(second).is_ok());
        assert!(matches!(queue.push(job(9).0), Err(PushError::Full { waiting: 2 })));
        drop(first_events);
        assert!(queue.push(third).is_ok());
        assert_eq!(prompt_of(queue.pop()), Some(Prompt::Tokens(vec![2])));
        assert!(!queue.is_idle());
        assert_eq!(prompt_of(queue.pop()), Some(Prompt::Tokens(vec![3])));
    }

    #[test]
    fn many_prompts_of_one_client_need_one_place() {
        let queue = JobQueue::new(1);
        let (mut jobs, _first_events) = job(1);
        let (more, _second_events) = job(2);
        jobs.extend(more);
        assert!(queue.push(jobs).is_ok());
        assert!(matches!(queue.push(job(9).0), Err(PushError::Full { waiting: 2 })));
    }

    #[test]
    fn a_closed_queue_is_emptied_first() {
        let queue = JobQueue::new(2);
        let (first, _events) = job(1);
        assert!(queue.push(first).is_ok());
        queue.close();
        assert!(matches!(queue.push(job(2).0), Err(PushError::Closed(_))));
        assert!(queue.pop().is_some());
        assert!(queue.pop().is_none());
        assert!(queue.is_idle());
    }
}
