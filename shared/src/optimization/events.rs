//! What a run tells while it goes on.

use serde::{Deserialize, Serialize};

use super::budget::Spend;
use super::candidate::Candidate;
use super::objectives::Objectives;

/// What happens during a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum OptimizationEvent {
    /// A part of the run begins.
    Phase(Phase),
    /// A candidate came up.
    Candidate {
        /// Its number.
        index: usize,
        /// What it is.
        candidate: Candidate,
    },
    /// A candidate was scored on one more case of the search.
    Scored {
        /// Its place.
        candidate: usize,
        /// On how many cases.
        cases: usize,
        /// Means over them.
        objectives: Objectives,
    },
    /// Something was called; sent after `Scored` where that was the reason.
    Progress(Progress),
}

/// The parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The starting prompt answers the search's cases.
    Start,
    /// Instructions are proposed.
    Propose {
        /// The round, from 0.
        round: u32,
    },
    /// A teacher answers cases for demonstrations.
    Demonstrate,
    /// Candidates answer cases.
    Search {
        /// The round, from 0.
        round: u32,
    },
    /// Starting prompt and winner answer held-out cases.
    Proof,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Calls so far.
    pub calls: u64,
    /// What they spent.
    pub spent: Spend,
    /// What interruptions cost beside.
    pub lost: Spend,
    /// The largest part used of any limit, from 0 to 1.
    pub used_fraction: f64,
}
