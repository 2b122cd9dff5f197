//! A prompt made better within a hard budget, with proof: candidates are searched for on some of the cases, and the
//! winner is shown beside the starting prompt on cases that the search never saw.

mod budget;
mod call_log;
mod candidate;
mod demonstration_search;
mod events;
mod examiner;
mod instruction_edits;
mod instruction_search;
mod judge;
mod metered_calls;
mod objectives;
mod outcome;
mod plan;
mod provider_costs;
mod run;
mod scores;
mod settings;
#[cfg(test)]
mod simulation;
mod split;
mod successive_halving;
mod traces;

pub use budget::{Budget, Limit, Spend};
pub use call_log::{
    AppendFuture, CallHistory, CallLog, CallLogError, CallResult, InvalidCallLog, LogEntry, Moment, Purpose,
    Reservation,
};
pub use candidate::{Candidate, Demonstration, Instruction, Origin};
pub use events::{OptimizationEvent, Phase, Progress};
pub use instruction_edits::Edit;
pub use judge::{AssertionJudge, Judge, VerdictFuture};
pub use metered_calls::{CallCosts, most_tokens_in};
pub use objectives::Objectives;
pub use outcome::{CandidateReport, Estimate, OUTCOME_FORMAT, Outcome, Proof};
pub use provider_costs::ProviderCosts;
pub use run::{OptimizationError, Surroundings, optimize};
pub use settings::{Optimization, SearchSettings};
pub use traces::{Trace, to_chat_jsonl};
