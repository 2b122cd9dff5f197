//! The run itself: score the starting prompt, search in rounds of proposing and halving, prove the winner.

use std::ops::ControlFlow;

use super::budget::{Ledger, Limit, Spend};
use super::call_log::{CallHistory, CallLog, CallResult, Purpose};
use super::candidate::{Candidate, Demonstration, Instruction, Origin, combine, expected_answer, starting_instruction};
use super::demonstration_search::demonstration_sets;
use super::events::{OptimizationEvent, Phase, Progress};
use super::examiner::Examiner;
use super::instruction_edits::{EditInput, edits, labels};
use super::instruction_search::{ProposalInput, ShownCase, instruction_in, proposal_question};
use super::judge::Judge;
use super::metered_calls::{CallCosts, MeteredCalls, Outside, Stop};
use super::objectives::{Objectives, best, pareto_front};
use super::outcome::{CandidateReport, OUTCOME_FORMAT, Outcome, Proof};
use super::plan::Plan;
use super::scores::Scores;
use super::settings::Optimization;
use super::successive_halving::{affordable, rungs};
use super::traces::Trace;
use crate::model_call::{ChatMessage, GenerationLimits, GenerationRequest, Prompt};
use crate::model_pool::{ModelPool, ModelReference, Timer};
use crate::prompt::Example;
use crate::sampling::SamplingParameters;

/// Failures and samples shown in one question for a new instruction; fewer where the prompt has no room.
const SHOWN_CASES: usize = 4;

/// Instructions with scores shown there.
const SHOWN_INSTRUCTIONS: usize = 5;

/// What a run needs from outside.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Where models are.
    pub models: &'a dyn ModelPool,
    /// What they cost.
    pub costs: &'a dyn CallCosts,
    /// What time it is.
    pub timer: &'a dyn Timer,
    /// Where calls are written down.
    pub log: &'a dyn CallLog,
    /// What a good answer is.
    pub judge: &'a dyn Judge,
}

/// Why a run has no outcome, in words for a person. Where it was stopped it can be resumed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OptimizationError {
    /// It can't begin.
    #[error("{0}")]
    CannotBegin(String),
    /// It stopped before its end.
    #[error("{0}")]
    Stopped(String),
}

/// Makes a prompt better. `history` is what the log has of an earlier, interrupted run of the same optimization; its
/// calls are not made again, and the outcome is the one that run would have had. `on_event` can end the run, which then
/// stops before the next call and can be resumed at no cost; dropping the future interrupts a call, which costs.
///
/// # Errors
/// The run can't begin, or was stopped. A budget that ends the search is no error.
pub async fn optimize(
    optimization: &Optimization,
    surroundings: Surroundings<'_>,
    history: CallHistory,
    on_event: &mut dyn FnMut(OptimizationEvent) -> ControlFlow<()>,
) -> Result<Outcome, OptimizationError> {
    let plan = Plan::new(optimization, surroundings)?;
    let Surroundings { models, costs, timer, log, .. } = surroundings;
    let ledger = Ledger::new(&optimization.budget, plan.worst_call, optimization.settings.interruptions);
    plan.check_budget(&ledger)?;
    let outside = Outside { models, costs, timer, log };
    let fingerprint = plan.fingerprint()?;
    let stopped = |stop: Stop| match stop {
        Stop::AnotherRun => OptimizationError::CannotBegin(stop.to_string()),
        stop => OptimizationError::Stopped(stop.to_string()),
    };
    let calls = MeteredCalls::begin(outside, plan.limits, ledger, fingerprint, history).await.map_err(stopped)?;
    let examiner = Examiner { plan: &plan, judge: surroundings.judge, calls, longest_answer_seconds: None };
    let run = Run { plan: &plan, examiner, on_event, candidates: Vec::new(), scores: Scores::default() };
    run.run().await.map_err(stopped)
}

struct Run<'a, 'b> {
    plan: &'a Plan<'a>,
    examiner: Examiner<'a>,
    on_event: &'b mut dyn FnMut(OptimizationEvent) -> ControlFlow<()>,
    candidates: Vec<Candidate>,
    scores: Scores,
}

impl Run<'_, '_> {
    async fn run(mut self) -> Result<Outcome, Stop> {
        let search_ended_by = match self.search().await {
            Ok(()) => None,
            Err(Stop::Spent(limit)) => Some(limit),
            Err(stop) => return Err(stop),
        };
        let winner = self.winner();
        let (start_scores, winner_scores) = self.prove(winner).await?;
        Ok(self.outcome(winner, &start_scores, &winner_scores, search_ended_by))
    }

    async fn search(&mut self) -> Result<(), Stop> {
        self.phase(Phase::Start)?;
        self.add_candidate(Candidate::default())?;
        let search = self.plan.split.search.clone();
        for &case in &search {
            self.score(0, case).await?;
        }
        let demonstrations = self.demonstrations().await?;
        let settings = &self.plan.optimization.settings;
        for round in 0..settings.rounds {
            self.phase(Phase::Propose { round })?;
            let instructions = self.instructions(round).await?;
            let sets = demonstration_sets(
                &demonstrations,
                settings.most_demonstrations as usize,
                settings.demonstration_sets as usize,
                settings.seed.wrapping_add(u64::from(round)),
            );
            let mut new = combine(&self.candidates[self.best_so_far()], &instructions, &sets);
            new.retain(|candidate| !self.candidates.contains(candidate));
            new.truncate(settings.most_candidates as usize);
            let first = self.candidates.len();
            for candidate in new {
                self.add_candidate(candidate)?;
            }
            self.phase(Phase::Search { round })?;
            let among = (first..self.candidates.len()).collect();
            self.halve(among, settings.rounds - round).await?;
        }
        Ok(())
    }

    /// Scores candidates on more and more cases and drops the worse ones.
    async fn halve(&mut self, mut alive: Vec<usize>, rounds_left: u32) -> Result<(), Stop> {
        let search = self.plan.split.search.clone();
        let count = affordable(alive.len(), search.len(), self.affordable_answers() / rounds_left as usize);
        alive.truncate(count.max(1));
        for rung in rungs(alive.len(), search.len()) {
            alive.sort_by(|&a, &b| self.scores.objectives(a).compare(&self.scores.objectives(b)).then(a.cmp(&b)));
            alive.truncate(rung.candidates);
            for &case in &search[..rung.cases] {
                for &candidate in &alive {
                    self.score(candidate, case).await?;
                }
            }
        }
        Ok(())
    }

    /// How many more answers the search can afford if they cost what answers have cost so far.
    fn affordable_answers(&self) -> usize {
        let left = self.examiner.calls.ledger().left_beside(self.examiner.set_aside());
        let mean = self.scores.mean_spend();
        let fits = |left: f64, each: f64| if each > 0.0 { left / each } else { f64::INFINITY };
        let answers = fits(left.tokens as f64, mean.tokens as f64)
            .min(fits(left.money, mean.money))
            .min(fits(left.seconds, mean.seconds));
        // Saturates.
        answers as usize
    }

    /// Answers of the model itself, or a teacher, that passed, and expected answers.
    async fn demonstrations(&mut self) -> Result<Vec<Demonstration>, Stop> {
        if self.plan.optimization.settings.most_demonstrations == 0 {
            return Ok(Vec::new());
        }
        let mut demonstrations = Vec::new();
        if self.plan.optimization.settings.teacher.is_some() {
            self.phase(Phase::Demonstrate)?;
        }
        for case_index in self.plan.split.search.clone() {
            let case = &self.plan.optimization.cases[case_index];
            let demonstration = |answer: String, is_bootstrapped| Demonstration {
                case: case_index,
                example: Example { variables: case.variables.clone(), answer },
                is_bootstrapped,
            };
            if let Some(expected) = expected_answer(case) {
                demonstrations.push(demonstration(expected, false));
                continue;
            }
            let answer = match self.plan.optimization.settings.teacher.clone() {
                Some(teacher) => {
                    self.examiner
                        .answer(&teacher, &Candidate::default(), case_index, Purpose::Demonstrate { case: case_index })
                        .await?
                }
                None => match self.scores.of(0, case_index) {
                    Some(score) => score.clone(),
                    None => continue,
                },
            };
            if answer.is_passed {
                demonstrations.push(demonstration(answer.answer, true));
            }
        }
        Ok(demonstrations)
    }

    /// Rewrites in the first round, and proposals of a model.
    async fn instructions(&mut self, round: u32) -> Result<Vec<Instruction>, Stop> {
        let Optimization { start, description, cases, model, settings, .. } = self.plan.optimization;
        let search = self.plan.split.search.clone();
        let expected: Vec<String> = search.iter().filter_map(|&case| expected_answer(&cases[case])).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let starting = starting_instruction(start);
        let mut found: Vec<Instruction> = Vec::new();
        if round == 0 {
            let rewrites = edits(&EditInput { instruction: starting, description, expected: &expected });
            found.extend(rewrites.into_iter().map(|(edit, text)| Instruction { text, origin: Origin::Edited(edit) }));
        }
        let base = self.best_so_far();
        let base_instruction = self.candidates[base].instruction.as_ref().map_or(starting, |it| &it.text).to_owned();
        let labels = labels(&expected).unwrap_or_default();
        let mut secrets: Vec<String> =
            expected.iter().filter(|answer| !labels.contains(answer)).map(|answer| (*answer).to_owned()).collect();
        let values = search.iter().flat_map(|&case| cases[case].variables.values());
        secrets.extend(values.filter_map(|value| value.as_str()).filter(|value| value.len() > 20).map(str::to_owned));
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let proposer = settings.proposer.clone().unwrap_or_else(|| model.clone());
        for number in 0..settings.proposals as usize {
            let sampling = SamplingParameters {
                temperature: 0.7,
                top_p: 0.95,
                seed: settings.seed.wrapping_add((u64::from(round) << 32) + number as u64),
                ..SamplingParameters::GREEDY
            };
            let question = self.question(base, &base_instruction, number, &proposer);
            let request = GenerationRequest::new(
                Prompt::Chat(question),
                sampling,
                GenerationLimits { max_tokens: Some(settings.most_answer_tokens), ..GenerationLimits::default() },
            );
            let set_aside = self.examiner.set_aside();
            let outcome =
                self.examiner.calls.generate(&proposer, Purpose::Propose { round }, request, set_aside).await?;
            self.progress()?;
            if let CallResult::Answered { text, .. } = outcome.result {
                let tried = self.candidates.iter().filter_map(|candidate| candidate.instruction.as_ref());
                let known: Vec<&str> =
                    tried.chain(&found).map(|instruction| instruction.text.as_str()).chain([starting]).collect();
                if let Some(text) = instruction_in(&text, &known, &secrets) {
                    found.push(Instruction { text, origin: Origin::Proposed });
                }
            }
        }
        Ok(found)
    }

    /// A question for a new instruction, with as many cases as there is room for.
    fn question(&self, base: usize, instruction: &str, number: usize, proposer: &ModelReference) -> Vec<ChatMessage> {
        let Optimization { description, cases, .. } = self.plan.optimization;
        let mut tried: Vec<(&str, f64)> = Vec::new();
        for (index, candidate) in self.candidates.iter().enumerate() {
            if let Some(instruction) = &candidate.instruction
                && candidate.demonstrations.is_empty()
                && self.scores.count(index) > 0
            {
                tried.push((&instruction.text, self.scores.objectives(index).score));
            }
        }
        tried.sort_by(|a, b| b.1.total_cmp(&a.1));
        tried.truncate(SHOWN_INSTRUCTIONS);

        let (mut failed, mut passed): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for &case in &self.plan.split.search {
            match self.scores.of(base, case) {
                Some(score) if !score.is_passed => failed.push(case),
                _ => passed.push(case),
            }
        }
        // Each question shows others.
        let turn = |list: &mut Vec<usize>| {
            if !list.is_empty() {
                let turned = (number * SHOWN_CASES / 2) % list.len();
                list.rotate_left(turned);
            }
        };
        turn(&mut failed);
        turn(&mut passed);
        let shown: Vec<ShownCase<'_>> = failed
            .iter()
            .take(SHOWN_CASES - 1)
            .chain(&passed)
            .take(SHOWN_CASES)
            .map(|&case| ShownCase {
                variables: &cases[case].variables,
                expected: expected_answer(&cases[case]),
                failure: self
                    .scores
                    .of(base, case)
                    .filter(|score| !score.is_passed)
                    .map(|score| (score.answer.as_str(), score.reason.as_str())),
            })
            .collect();
        let mut shown = shown.as_slice();
        loop {
            let input = ProposalInput { description, instruction, tried: &tried, cases: shown };
            let question = proposal_question(&input, number);
            let Some((_, fewer)) = shown.split_last() else { return question };
            if self.examiner.calls.most_prompt_tokens(proposer, &Prompt::Chat(question.clone()))
                <= self.plan.limits.prompt_tokens
            {
                return question;
            }
            shown = fewer;
        }
    }

    /// Scores a candidate on a case, once.
    async fn score(&mut self, candidate: usize, case: usize) -> Result<(), Stop> {
        if self.scores.of(candidate, case).is_some() {
            return Ok(());
        }
        let model = self.plan.optimization.model.clone();
        let tested = self.candidates[candidate].clone();
        let score = self.examiner.answer(&model, &tested, case, Purpose::Answer { candidate, case }).await?;
        self.scores.insert(candidate, case, score);
        let (cases, objectives) = (self.scores.count(candidate), self.scores.objectives(candidate));
        self.tell(OptimizationEvent::Scored { candidate, cases, objectives })?;
        self.progress()
    }
    /// Scores the starting prompt and the winner on held-out cases, pair by pair. Gives the scores of both on those
    /// cases that both answered.
    async fn prove(&mut self, winner: usize) -> Result<(Vec<f64>, Vec<f64>), Stop> {
        self.phase(Phase::Proof)?;
        let mut start_scores = Vec::new();
        let mut winner_scores = Vec::new();
        let mut calls_left = self.plan.proof_calls;
        for case in self.plan.split.held_out.clone() {
            let calls = self.plan.calls_by_case[case];
            let mut pair = Vec::new();
            for candidate in [0, winner] {
                calls_left = calls_left.saturating_sub(calls);
                if candidate == 0 && !pair.is_empty() {
                    // The starting prompt has won; it is asked once.
                    pair.extend(pair.first().copied());
                    continue;
                }
                // Of the time, all that is left may be used: there is nothing to come but this.
                let set_aside = Spend { seconds: 0.0, ..self.plan.worst_call.times(calls_left) };
                let tested = self.candidates.get(candidate).cloned().unwrap_or_default();
                let model = self.plan.optimization.model.clone();
                let answered = self
                    .examiner
                    .answer_beside(&model, &tested, case, Purpose::Answer { candidate, case }, set_aside)
                    .await;
                match answered {
                    Ok(score) => pair.push(score.objectives.score),
                    Err(Stop::Spent(_)) => return Ok((start_scores, winner_scores)),
                    Err(stop) => return Err(stop),
                }
                self.progress()?;
            }
            if let [start, winner] = pair[..] {
                start_scores.push(start);
                winner_scores.push(winner);
            }
        }
        Ok((start_scores, winner_scores))
    }

    /// The best of those scored on as many cases as any.
    fn best_so_far(&self) -> usize {
        let candidates = self.scores.most_scored(self.candidates.len());
        let objectives: Vec<Objectives> = candidates.iter().map(|&index| self.scores.objectives(index)).collect();
        best(&objectives, self.plan.optimization.settings.score_tolerance).map_or(0, |index| candidates[index])
    }

    /// The winner of the search: as [`best_so_far`](Self::best_so_far), but the starting prompt where even that was not
    /// scored on all cases, because then nothing can be compared.
    fn winner(&self) -> usize {
        if self.scores.count(0) < self.plan.split.search.len() { 0 } else { self.best_so_far() }
    }

    fn outcome(
        self,
        winner: usize,
        start_scores: &[f64],
        winner_scores: &[f64],
        search_ended_by: Option<Limit>,
    ) -> Outcome {
        let Optimization { start, settings, .. } = self.plan.optimization;
        let held_out_cases = self.plan.split.held_out.len();
        let proof = Proof::new(start_scores, winner_scores, held_out_cases, settings.seed);
        let whole = self.scores.most_scored(self.candidates.len());
        let objectives: Vec<Objectives> = whole.iter().map(|&index| self.scores.objectives(index)).collect();
        let traces = self.plan.split.search.iter().filter_map(|&case| {
            let score = self.scores.of(winner, case).filter(|score| score.is_passed)?;
            Some(Trace { case, messages: score.messages.clone(), answer: score.answer.clone() })
        });
        Outcome {
            format: OUTCOME_FORMAT,
            winner: self.candidates.get(winner).map_or_else(|| start.clone(), |it| it.template(start, None)),
            winner_candidate: winner,
            conclusion: proof.conclusion(winner == 0),
            proof,
            pareto_front: pareto_front(&objectives).into_iter().map(|index| whole[index]).collect(),
            search_ended_by,
            calls: self.examiner.calls.calls(),
            spent: self.examiner.calls.ledger().logical(),
            search_cases: self.plan.split.search.clone(),
            held_out_cases: self.plan.split.held_out.clone(),
            traces: traces.collect(),
            candidates: self
                .candidates
                .iter()
                .enumerate()
                .filter(|(index, _)| *index == 0 || self.scores.count(*index) > 0)
                .map(|(index, candidate)| CandidateReport {
                    index,
                    candidate: candidate.clone(),
                    cases: self.scores.count(index),
                    objectives: self.scores.objectives(index),
                })
                .collect(),
        }
    }

    fn add_candidate(&mut self, candidate: Candidate) -> Result<(), Stop> {
        let index = self.candidates.len();
        self.candidates.push(candidate.clone());
        self.tell(OptimizationEvent::Candidate { index, candidate })
    }

    fn phase(&mut self, phase: Phase) -> Result<(), Stop> {
        self.tell(OptimizationEvent::Phase(phase))
    }

    fn progress(&mut self) -> Result<(), Stop> {
        let ledger = self.examiner.calls.ledger();
        let progress = Progress {
            calls: self.examiner.calls.calls(),
            spent: ledger.logical(),
            lost: ledger.lost(),
            used_fraction: ledger.used_fraction(),
        };
        self.tell(OptimizationEvent::Progress(progress))
    }

    fn tell(&mut self, event: OptimizationEvent) -> Result<(), Stop> {
        match (self.on_event)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Asked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budget;
    use super::super::simulation::{FAULTS, ParityJudge, Simulation, World, parity};
    use super::*;
    use crate::catalog::Money;
    use crate::evaluation::assertions::Assertion;
    use crate::evaluation::{Case, Check, WeightedAssertion};
    use crate::prompt::{MessageTemplate, PromptTemplate, Variable, VariableKind, Variables};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use std::collections::BTreeSet;

    fn case(number: u64) -> Case {
        let mut variables = Variables::new();
        variables.insert("number".to_owned(), number.into());
        let assertion = Assertion::Equals { value: parity(number).into() };
        let check = Check::One(WeightedAssertion { assertion, is_negated: false, weight: 1.0, metric: None });
        Case { variables, checks: vec![check], ..Case::default() }
    }

    fn message(role: &str, text: &str) -> MessageTemplate {
        MessageTemplate { role: role.to_owned(), text: text.to_owned() }
    }

    fn optimization(cases: u64, budget: Budget) -> Optimization {
        let messages = vec![message("system", "Say it. Be good."), message("user", "word {{ number }}")];
        let number = Variable {
            name: "number".to_owned(),
            kind: VariableKind::Integer,
            default: None,
            required: true,
            description: String::new(),
        };
        Optimization {
            start: PromptTemplate { messages, variables: vec![number], ..PromptTemplate::default() },
            description: "Tell whether the number of the word is even or odd.".to_owned(),
            cases: (0..cases).map(case).collect(),
            model: "browser:small".parse().unwrap(),
            budget,
            settings: super::super::SearchSettings {
                most_answer_tokens: 16,
                most_seconds_per_call: 20.0,
                ..Default::default()
            },
        }
    }

    fn budget(most_tokens: u64, most_money: f64, most_seconds: f64) -> Budget {
        Budget { most_tokens, most_money: Some(Money { amount: most_money, currency: "USD".to_owned() }), most_seconds }
    }

    fn ample() -> Budget {
        budget(10_000_000, 1000.0, 100_000.0)
    }

    /// One life of a process: reads the log, cuts off what is torn, goes on. `None` where it died.
    fn live(
        simulation: &Simulation,
        optimization: &Optimization,
        asks_a_model: bool,
        on_event: &mut dyn FnMut(OptimizationEvent) -> ControlFlow<()>,
    ) -> Option<Result<Outcome, OptimizationError>> {
        let history = {
            let mut world = simulation.world();
            let history = CallHistory::read(&world.log).unwrap();
            world.log.truncate(history.whole_bytes);
            history
        };
        let judge = ParityJudge { asks_a_model };
        let surroundings =
            Surroundings { models: simulation, costs: simulation, timer: simulation, log: simulation, judge: &judge };
        simulation.run(optimize(optimization, surroundings, history, on_event))
    }

    fn live_quietly(simulation: &Simulation, optimization: &Optimization) -> Result<Outcome, OptimizationError> {
        live(simulation, optimization, false, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    #[test]
    fn a_better_prompt_is_found_and_proved_on_cases_that_the_search_never_saw() {
        let simulation = Simulation::new(World { can_improve: true, ..World::default() });
        let mut seen = Vec::new();
        let optimization = optimization(60, ample());
        let outcome = live(&simulation, &optimization, false, &mut |event| {
            seen.push(event);
            ControlFlow::Continue(())
        });
        let outcome = outcome.unwrap().unwrap();
        assert!(outcome.proof.is_significant, "{}", outcome.conclusion);
        assert!(outcome.winner.messages[0].text.contains("exactly one of these"));
        assert!(outcome.proof.winner.mean > 0.85 && outcome.proof.start.mean < 0.7, "{}", outcome.conclusion);
        assert_eq!((outcome.proof.comparison.pairs, outcome.search_cases.len()), (24, 36));
        assert!(outcome.pareto_front.contains(&outcome.winner_candidate));
        assert_eq!(outcome.search_ended_by, None);
        let traced: BTreeSet<usize> = outcome.traces.iter().map(|trace| trace.case).collect();
        assert!(traced.len() > 25 && traced.iter().all(|case| outcome.search_cases.contains(case)));
        assert!(matches!(seen.last(), Some(OptimizationEvent::Progress(progress)) if progress.calls == outcome.calls));
        // No prompt before the proof shows a held-out case.
        let proof = seen.iter().position(|event| *event == OptimizationEvent::Phase(Phase::Proof)).unwrap();
        let calls_before = seen[..proof].iter().rev().find_map(|event| match event {
            OptimizationEvent::Progress(progress) => Some(progress.calls),
            _ => None,
        });
        for call in &CallHistory::read(&simulation.world().log).unwrap().calls[..calls_before.unwrap() as usize] {
            if let Purpose::Answer { case, .. } = call.reservation.purpose {
                assert!(!outcome.held_out_cases.contains(&case));
            }
        }
    }

    #[test]
    fn where_nothing_helps_the_outcome_says_so() {
        let simulation = Simulation::new(World::default());
        let outcome = live_quietly(&simulation, &optimization(60, ample())).unwrap();
        assert!(!outcome.proof.is_significant);
        let admits =
            ["not significantly better", "Nothing did better"].iter().any(|it| outcome.conclusion.contains(it));
        assert!(admits, "{}", outcome.conclusion);
    }

    #[test]
    fn whatever_the_provider_does_and_whenever_the_process_dies_no_limit_is_exceeded() {
        let (mut finished, mut ended_by, mut faults) = (0, BTreeSet::new(), BTreeSet::new());
        for seed in 0..200 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let limits = budget(
                random.random_range(5_000..150_000),
                random.random_range(0.01..0.2),
                random.random_range(30.0..1500.0),
            );
            let mut optimization = optimization(random.random_range(4..30), limits.clone());
            optimization.settings.seed = seed;
            optimization.settings.teacher = random.random::<bool>().then(|| "companion:large".parse().unwrap());
            let asks_a_model = random.random_range(0..4) == 0;
            let faults_per_hundred = random.random_range(0..60);
            let simulation = Simulation::new(World { faults_per_hundred, can_improve: true, ..World::default() });
            for life in 0..8 {
                let dies = life < 7 && random.random_range(0..3) == 0;
                simulation.world().steps_to_death = dies.then(|| random.random_range(1..2000));
                let end = live(&simulation, &optimization, asks_a_model, &mut |_| ControlFlow::Continue(()));
                let world = simulation.world();
                assert!(world.prompt_tokens + world.answer_tokens <= limits.most_tokens, "tokens, seed {seed}");
                assert!(world.true_money() <= limits.most_money.as_ref().unwrap().amount, "money, seed {seed}");
                assert!(world.now_microseconds as f64 / 1e6 <= limits.most_seconds, "time, seed {seed}");
                match end {
                    None => continue,
                    Some(Ok(outcome)) => {
                        finished += 1;
                        ended_by.insert(format!("{:?}", outcome.search_ended_by));
                    }
                    Some(Err(error)) => {
                        ended_by.insert(error.to_string().chars().take(24).collect());
                    }
                }
                break;
            }
            faults.append(&mut simulation.world().faults);
        }
        // The test means something: all faults came up, and each limit ended runs.
        assert_eq!(faults.len(), FAULTS.len());
        assert!(finished > 50, "{finished} of 200 finished: {ended_by:?}");
        for limit in ["None", "Some(Tokens)", "Some(Money)", "Some(Time)"] {
            assert!(ended_by.contains(limit), "{limit} is not among {ended_by:?}");
        }
    }

    /// How many interruptions are paid for, even where each loses the longest and dearest call: those that the settings
    /// name, but no more than a quarter of the budget.
    fn paid_interruptions(simulation: &Simulation, optimization: &Optimization, asks_a_model: bool) -> u32 {
        let judge = ParityJudge { asks_a_model };
        let surroundings =
            Surroundings { models: simulation, costs: simulation, timer: simulation, log: simulation, judge: &judge };
        let worst = Plan::new(optimization, surroundings).unwrap().worst_call;
        let Budget { most_tokens, most_money, most_seconds } = &optimization.budget;
        let fits = (*most_tokens as f64 / worst.tokens as f64)
            .min(most_money.as_ref().unwrap().amount / worst.money)
            .min(most_seconds / worst.seconds);
        optimization.settings.interruptions.min((fits / 4.0) as u32)
    }

    #[test]
    fn a_run_that_is_killed_and_resumed_has_the_outcome_of_an_uninterrupted_one() {
        let (mut compared, mut kills_in_all, mut ended_by) = (0, 0, BTreeSet::new());
        for seed in 0..100 {
            let mut random = ChaCha8Rng::seed_from_u64(1000 + seed);
            let asks_a_model = random.random_range(0..4) == 0;
            // The proof of a run whose judge asks models takes more to be set aside.
            let more = if asks_a_model { 250_000 } else { 0 };
            let limits = budget(
                more + random.random_range(12_000..60_000),
                more as f64 * 2e-6 + random.random_range(0.02..0.1),
                random.random_range(100.0..1000.0),
            );
            let mut optimization = optimization(random.random_range(8..24), limits);
            optimization.settings.seed = seed;
            let faults_per_hundred = random.random_range(0..15);
            let world = World { faults_per_hundred, can_improve: true, ..World::default() };
            let go = |simulation: &Simulation| {
                live(simulation, &optimization, asks_a_model, &mut |_| ControlFlow::Continue(()))
            };
            let undisturbed = Simulation::new(world.clone());
            let expected = go(&undisturbed).unwrap();
            let steps = undisturbed.world().steps;
            if matches!(expected, Err(OptimizationError::CannotBegin(_))) {
                continue;
            }

            let simulation = Simulation::new(world);
            let paid = paid_interruptions(&simulation, &optimization, asks_a_model);
            kills_in_all += paid;
            let mut kills = 0;
            let outcome = loop {
                let dies = kills < paid;
                simulation.world().steps_to_death = dies.then(|| random.random_range(1..=steps));
                match go(&simulation) {
                    Some(outcome) => break outcome,
                    None => kills += 1,
                }
            };
            let bytes = |outcome: &Result<Outcome, OptimizationError>| match outcome {
                Ok(outcome) => serde_json::to_string(outcome).unwrap(),
                Err(error) => error.to_string(),
            };
            assert_eq!(bytes(&outcome), bytes(&expected), "seed {seed}, {kills} kills");
            compared += 1;
            ended_by.insert(outcome.map_or_else(|error| error.to_string(), |it| format!("{:?}", it.search_ended_by)));
        }
        assert!(compared > 70 && kills_in_all > compared, "{compared} runs, {kills_in_all} kills");
        for limit in ["None", "Some(Tokens)", "Some(Money)", "Some(Time)"] {
            assert!(ended_by.contains(limit), "{limit} is not among {ended_by:?}");
        }
    }

    #[test]
    fn more_interruptions_than_were_set_aside_for_end_the_run_with_its_reason() {
        let simulation = Simulation::new(World::default());
        let optimization = optimization(8, budget(8_000, 10.0, 10_000.0));
        let error = (0..200).find_map(|_| {
            // Dies in its first live call, again and again.
            simulation.world().steps_to_death = Some(3);
            live(&simulation, &optimization, false, &mut |_| ControlFlow::Continue(())).map(Result::unwrap_err)
        });
        assert!(error.unwrap().to_string().contains("interruptions have used"));
    }

    #[test]
    fn a_run_that_is_asked_to_stop_goes_on_later_at_no_cost() {
        let optimization = optimization(12, ample());
        let expected = live_quietly(&Simulation::default(), &optimization).unwrap();
        let simulation = Simulation::default();
        let mut left = 40;
        let stopped = live(&simulation, &optimization, false, &mut |_| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(stopped.unwrap().unwrap_err().to_string().contains("resume it"));
        assert_eq!(live_quietly(&simulation, &optimization).unwrap(), expected);
        assert_eq!(simulation.world().calls, expected.calls);
    }

    #[test]
    fn a_model_that_is_down_stops_the_run_and_its_answers_are_asked_for_again() {
        let optimization = optimization(12, ample());
        let simulation = Simulation::new(World { is_down: true, ..World::default() });
        let error = live_quietly(&simulation, &optimization).unwrap_err();
        assert!(error.to_string().contains("the provider is not there"), "{error}");
        simulation.world().is_down = false;
        let outcome = live_quietly(&simulation, &optimization).unwrap();
        assert_eq!(outcome, live_quietly(&Simulation::default(), &optimization).unwrap());
    }

    #[test]
    fn what_can_not_work_is_refused_before_anything_is_spent() {
        let simulation = Simulation::default();
        let reason = |optimization: &Optimization| live_quietly(&simulation, optimization).unwrap_err().to_string();
        assert!(reason(&optimization(3, ample())).contains("there are 3 cases"));
        assert!(reason(&optimization(20, budget(2000, 1.0, 100.0))).contains("the budget is too small"));
        let mut other = optimization(20, ample());
        other.budget.most_money = Some(Money { amount: 1.0, currency: "EUR".to_owned() });
        assert!(reason(&other).contains("is in USD, the limit in EUR"));
        other = optimization(20, ample());
        other.start.messages[1].text = "{{ number".to_owned();
        assert!(reason(&other).contains("does not work for case 1"));
        assert_eq!(simulation.world().calls, 0);

        live_quietly(&simulation, &optimization(12, ample())).unwrap();
        assert!(reason(&optimization(13, ample())).contains("belongs to another run"));
    }
}
