//! Every call of a run, written down before it is made and again when it has ended: a log to resume from.
//!
//! The log is written ahead: a reservation is on disk before its call starts. A reservation without an end is a call
//! that was interrupted, and counts as spent in full. Running the same search over the log answers its calls from
//! there, so that nothing is paid for twice. One entry is one line of JSON.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use super::budget::Spend;
use crate::model_call::{Embeddings, FinishReason, GenerationUsage};
use crate::model_pool::ModelReference;

/// The log's format; an older or newer one is refused.
pub(crate) const LOG_VERSION: u32 = 1;

/// The end of writing a line, or why it failed.
pub type AppendFuture<'a> = Pin<Box<dyn Future<Output = Result<(), CallLogError>> + 'a>>;

/// Where the log is kept.
pub trait CallLog {
    /// Adds a line, its line break included. The line must survive a crash once the future is done.
    fn append(&self, line: String) -> AppendFuture<'_>;
}

/// The log could not be written, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CallLogError(pub String);

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum LogEntry {
    /// The first line.
    Begun {
        /// The log's format.
        version: u32,
        /// A hash of everything that decides what the run does.
        fingerprint: String,
    },
    /// A call is about to start.
    Reserved(Reservation),
    /// It has ended.
    Ended {
        /// Its number.
        call: u64,
        /// What came of it.
        result: CallResult,
        /// What it is charged for.
        spent: Spend,
        /// When it ended.
        at: Moment,
    },
    /// The model did not work from some call on: what came counts as paid, and is asked for again on resuming.
    Retracted {
        /// The first call that is taken back.
        from_call: u64,
    },
}

/// A call that is about to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its number, from 0. A call that was interrupted keeps its number when it is made again.
    pub call: u64,
    /// Who is called.
    pub model: ModelReference,
    /// What for.
    pub purpose: Purpose,
    /// A hash of model and request.
    pub request_hash: String,
    /// The most that it can cost.
    pub worst: Spend,
    /// When it started.
    pub at: Moment,
}

/// What a call is for. Candidates are numbered as they come up, 0 being the starting prompt; cases as the suite has
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Purpose {
    /// A candidate's answer to a case.
    Answer {
        /// The candidate.
        candidate: usize,
        /// The case.
        case: usize,
    },
    /// Judging that answer.
    Judge {
        /// The candidate.
        candidate: usize,
        /// The case.
        case: usize,
    },
    /// A teacher's answer, to become a demonstration.
    Demonstrate {
        /// The case.
        case: usize,
    },
    /// A new instruction.
    Propose {
        /// The round, from 0.
        round: u32,
    },
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallResult {
    /// Text.
    Answered {
        /// The text.
        text: String,
        /// Why it ended.
        finish_reason: FinishReason,
        /// Counts and times.
        usage: GenerationUsage,
    },
    /// Vectors.
    Embedded(Embeddings),
    /// Nothing.
    Failed {
        /// Why, for a person.
        reason: String,
    },
}

/// A moment of a run. Whole microseconds, because a sum of them is the same in whatever pieces a run came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Microseconds since the start as an uninterrupted run would have counted them.
    pub logical_microseconds: u64,
    /// Microseconds of work since the start, interruptions included.
    pub working_microseconds: u64,
}

/// As seconds.
pub(crate) fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

/// To the nearest microsecond; nothing is before 0.
pub(crate) fn microseconds(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}

/// A call that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoggedCall {
    pub(crate) reservation: Reservation,
    pub(crate) result: CallResult,
    pub(crate) spent: Spend,
    pub(crate) at: Moment,
}

/// What a log says: the calls that have ended, and what interruptions cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallHistory {
    pub(crate) fingerprint: Option<String>,
    pub(crate) calls: Vec<LoggedCall>,
    pub(crate) lost: Spend,
    /// When the run goes on.
    pub(crate) resumes_at: Moment,
    /// Bytes of the log up to the end of its last whole line. A line that a crash left half-written starts there: cut
    /// it off before anything is appended.
    pub whole_bytes: usize,
}

/// A log that can't be resumed from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCallLog {
    /// A line in the middle is no entry.
    #[error("line {line} of the call log is no entry ({problem}); restore the file, or start a new run without it")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Entries do not follow from each other.
    #[error("line {line} of the call log does not follow from those before it; restore the file, or start a new run")]
    Order {
        /// Its number, from 1.
        line: usize,
    },
    /// It is of another format.
    #[error(
        "the call log has format {found}, this version reads {LOG_VERSION}; finish the run with the version that began it"
    )]
    Version {
        /// What it has.
        found: u32,
    },
}

impl CallHistory {
    /// Reads a log. An empty one is a run that has not begun.
    ///
    /// # Errors
    /// A line, other than a half-written last one, is no entry or does not follow from those before it.
    pub fn read(log: &[u8]) -> Result<Self, InvalidCallLog> {
        let whole_bytes = log.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let mut history = Self { whole_bytes, ..Self::default() };
        let mut pending: Option<Reservation> = None;
        let mut last = Moment::default();
        for (index, text) in log[..whole_bytes].split_inclusive(|&byte| byte == b'\n').enumerate() {
            let line = index + 1;
            let entry: LogEntry = serde_json::from_slice(text)
                .map_err(|error| InvalidCallLog::Line { line, problem: error.to_string() })?;
            let out_of_order = InvalidCallLog::Order { line };
            if (index == 0) != matches!(entry, LogEntry::Begun { .. }) {
                return Err(out_of_order);
            }
            match entry {
                LogEntry::Begun { version, .. } if version != LOG_VERSION => {
                    return Err(InvalidCallLog::Version { found: version });
                }
                LogEntry::Begun { fingerprint, .. } => history.fingerprint = Some(fingerprint),
                LogEntry::Reserved(reservation) => {
                    if reservation.call != history.calls.len() as u64 {
                        return Err(out_of_order);
                    }
                    if let Some(interrupted) = pending.take() {
                        history.lose_unfinished(&interrupted);
                    }
                    last = reservation.at;
                    pending = Some(reservation);
                }
                LogEntry::Ended { call, result, spent, at } => {
                    let reservation = pending.take().filter(|it| it.call == call).ok_or(out_of_order)?;
                    last = at;
                    history.calls.push(LoggedCall { reservation, result, spent, at });
                }
                LogEntry::Retracted { from_call } => {
                    let first = usize::try_from(from_call).map_or(usize::MAX, |first| first);
                    if pending.is_some() || first > history.calls.len() {
                        return Err(out_of_order);
                    }
                    if let Some(call) = history.calls.get(first) {
                        last.logical_microseconds = call.reservation.at.logical_microseconds;
                    }
                    for call in history.calls.drain(first..) {
                        // Their time stays in the working time.
                        history.lost = history.lost.plus(Spend { seconds: 0.0, ..call.spent });
                    }
                }
            }
        }
        if let Some(interrupted) = pending {
            history.lose_unfinished(&interrupted);
            last.working_microseconds += microseconds(interrupted.worst.seconds);
        }
        history.lost.seconds = seconds(last.working_microseconds.saturating_sub(last.logical_microseconds));
        history.resumes_at = last;
        Ok(history)
    }

    /// True where the run has not begun.
    pub fn is_empty(&self) -> bool {
        self.fingerprint.is_none()
    }

    fn lose_unfinished(&mut self, interrupted: &Reservation) {
        self.lost = self.lost.plus(Spend { seconds: 0.0, ..interrupted.worst });
    }
}

/// Fowler, Noll and Vo's 64-bit hash (FNV-1a): the same on every machine and in every version, which is all that is
/// asked of it here.
pub(crate) fn stable_hash(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORST: Spend = Spend { tokens: 100, money: 1.0, seconds: 30.0 };

    fn moment(logical_seconds: f64, working_seconds: f64) -> Moment {
        Moment {
            logical_microseconds: microseconds(logical_seconds),
            working_microseconds: microseconds(working_seconds),
        }
    }

    fn reserved(call: u64, at: Moment) -> LogEntry {
        LogEntry::Reserved(Reservation {
            call,
            model: "browser:small".parse().unwrap(),
            purpose: Purpose::Propose { round: 0 },
            request_hash: stable_hash(b"request"),
            worst: WORST,
            at,
        })
    }

    fn failed(call: u64, at: Moment) -> LogEntry {
        let result = CallResult::Failed { reason: "no".to_owned() };
        LogEntry::Ended { call, result, spent: Spend { tokens: 40, money: 0.4, seconds: 5.0 }, at }
    }

    fn text(entries: &[LogEntry]) -> String {
        entries.iter().map(|entry| serde_json::to_string(entry).unwrap() + "\n").collect()
    }

    fn begun() -> LogEntry {
        LogEntry::Begun { version: LOG_VERSION, fingerprint: "f".to_owned() }
    }

    #[test]
    fn a_reservation_without_an_end_is_lost_in_full_wherever_it_is() {
        let log = text(&[
            begun(),
            reserved(0, moment(0.0, 0.0)),
            // Interrupted and made again, then interrupted on the next one.
            reserved(0, moment(0.0, 30.0)),
            failed(0, moment(5.0, 35.0)),
            reserved(1, moment(5.0, 36.0)),
        ]);
        let history = CallHistory::read(log.as_bytes()).unwrap();
        assert_eq!(history.calls.len(), 1);
        assert_eq!((history.lost.tokens, history.lost.money), (200, 2.0));
        assert_eq!(history.lost.seconds, 36.0 + 30.0 - 5.0);
    }

    #[test]
    fn a_half_written_last_line_is_cut_off_and_any_other_broken_line_is_named() {
        let whole = text(&[begun(), reserved(0, moment(0.0, 0.0))]);
        let ended = text(&[failed(0, moment(5.0, 5.0))]);
        for cut in 0..ended.len() {
            let history = CallHistory::read(format!("{whole}{}", &ended[..cut]).as_bytes()).unwrap();
            assert_eq!((history.whole_bytes, history.calls.len(), history.lost.tokens), (whole.len(), 0, 100));
        }
        assert!(matches!(
            CallHistory::read(format!("{whole}rubbish\n{ended}").as_bytes()).unwrap_err(),
            InvalidCallLog::Line { line: 3, .. }
        ));
        assert_eq!(CallHistory::read(ended.as_bytes()).unwrap_err(), InvalidCallLog::Order { line: 1 });
        assert!(CallHistory::read(b"").unwrap().is_empty());
    }

    #[test]
    fn calls_taken_back_stay_paid_and_are_asked_for_again() {
        let log = text(&[
            begun(),
            reserved(0, moment(0.0, 0.0)),
            failed(0, moment(5.0, 5.0)),
            reserved(1, moment(5.0, 5.0)),
            failed(1, moment(10.0, 10.0)),
            LogEntry::Retracted { from_call: 1 },
        ]);
        let history = CallHistory::read(log.as_bytes()).unwrap();
        assert_eq!(history.calls.len(), 1);
        assert_eq!(history.lost, Spend { tokens: 40, money: 0.4, seconds: 5.0 });
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // From the authors' test vectors.
        assert_eq!(stable_hash(b""), "cbf29ce484222325");
        assert_eq!(stable_hash(b"foobar"), "85944171f73967e8");
    }
}
