//! What a run is asked to do.

use serde::{Deserialize, Serialize};

use super::budget::Budget;
use crate::evaluation::Case;
use crate::model_pool::ModelReference;
use crate::prompt::PromptTemplate;
use crate::sampling::SamplingParameters;

/// What to optimize, and how. Together with the models' answers it decides the whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Optimization {
    /// The prompt to start from.
    pub start: PromptTemplate,
    /// The task in a person's words; proposals are made from it. Can be empty.
    pub description: String,
    /// The cases, of which some are held out.
    pub cases: Vec<Case>,
    /// The model that the prompt is for.
    pub model: ModelReference,
    /// What the run may use at most.
    pub budget: Budget,
    /// How to search.
    pub settings: SearchSettings,
}

/// How to search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchSettings {
    /// Decides the split, the sets of demonstrations and what proposals are sampled.
    pub seed: u64,
    /// How the model answers cases. Greedy, so that a difference is the prompt's.
    pub sampling: SamplingParameters,
    /// Texts that end an answer.
    pub stop: Vec<String>,
    /// Who proposes instructions; `None` is the model itself.
    pub proposer: Option<ModelReference>,
    /// Who answers cases for demonstrations; `None` is the model itself, at no further cost.
    pub teacher: Option<ModelReference>,
    /// What part of the cases is held out for the proof.
    pub held_out_fraction: f64,
    /// How often to propose from failures and search again.
    pub rounds: u32,
    /// Proposals to ask for in a round; 0 tries fixed rewrites only.
    pub proposals: u32,
    /// Sets of demonstrations to try in a round.
    pub demonstration_sets: u32,
    /// Most demonstrations in a prompt; 0 tries none.
    pub most_demonstrations: u32,
    /// Most candidates in a round; fewer where the budget has no room for them.
    pub most_candidates: u32,
    /// Scores closer than this count as equal, and the shorter prompt wins.
    pub score_tolerance: f64,
    /// Most tokens of one answer.
    pub most_answer_tokens: u32,
    /// Most tokens of one prompt; `None` is twice the longest of the starting prompt and some more.
    pub most_prompt_tokens: Option<u32>,
    /// Longest time for one answer.
    pub most_seconds_per_call: f64,
    /// How many calls' worth of the budget to set aside for interruptions (a closed page, a crash), at most a quarter.
    pub interruptions: u32,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            sampling: SamplingParameters::GREEDY,
            stop: Vec::new(),
            proposer: None,
            teacher: None,
            held_out_fraction: 0.4,
            rounds: 2,
            proposals: 6,
            demonstration_sets: 6,
            most_demonstrations: 3,
            most_candidates: 27,
            score_tolerance: 0.01,
            most_answer_tokens: 256,
            most_prompt_tokens: None,
            most_seconds_per_call: 60.0,
            interruptions: 3,
        }
    }
}
