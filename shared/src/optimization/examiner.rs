//! Candidates put to the test: a case is answered with a candidate's prompt, and the answer is judged.

use super::budget::Spend;
use super::call_log::{CallResult, Purpose};
use super::candidate::Candidate;
use super::judge::{Judge, judge_metered};
use super::metered_calls::{MeteredCalls, Stop};
use super::objectives::Objectives;
use super::plan::Plan;
use super::scores::CaseScore;
use super::settings::Optimization;
use crate::evaluation::Answer;
use crate::model_call::{GenerationLimits, GenerationRequest, Prompt};
use crate::model_pool::ModelReference;

/// A call that fails is made once more: a connection that broke says nothing about a prompt.
const ATTEMPTS: usize = 2;

/// The proof is given the time of the longest answer so far for each of its answers, and a quarter more.
const TIME_MARGIN: f64 = 1.25;

/// Answers cases and has the answers judged, within the budget.
pub(crate) struct Examiner<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) judge: &'a dyn Judge,
    pub(crate) calls: MeteredCalls<'a>,
    /// The longest that answering and judging one case took so far.
    pub(crate) longest_answer_seconds: Option<f64>,
}

impl Examiner<'_> {
    /// Has a model answer a case with a candidate's prompt, and the answer judged, so that the proof stays affordable.
    pub(crate) async fn answer(
        &mut self,
        model: &ModelReference,
        candidate: &Candidate,
        case: usize,
        purpose: Purpose,
    ) -> Result<CaseScore, Stop> {
        let set_aside = self.set_aside();
        let score = self.answer_beside(model, candidate, case, purpose, set_aside).await?;
        let longest =
            self.longest_answer_seconds.map_or(score.spent.seconds, |longest| longest.max(score.spent.seconds));
        self.longest_answer_seconds = Some(longest);
        Ok(score)
    }

    /// The same, so that `set_aside` is left.
    pub(crate) async fn answer_beside(
        &mut self,
        model: &ModelReference,
        candidate: &Candidate,
        case_index: usize,
        purpose: Purpose,
        set_aside: Spend,
    ) -> Result<CaseScore, Stop> {
        let Optimization { start, cases, settings, .. } = self.plan.optimization;
        let case = &cases[case_index];
        let template = candidate.template(start, Some(case_index));
        let messages = match case.messages(&template) {
            Ok(messages) => messages,
            Err(error) => return Ok(CaseScore::failed(error.to_string(), Spend::default())),
        };
        let limits = GenerationLimits {
            max_tokens: Some(settings.most_answer_tokens),
            stop: settings.stop.clone(),
            ignore_end_of_sequence: false,
        };
        let mut request = GenerationRequest::new(Prompt::Chat(messages.clone()), settings.sampling, limits);
        request.constraint = template.output.clone();

        let mut spent = Spend::default();
        let mut problem = String::new();
        for attempt in 0..ATTEMPTS {
            let outcome = match self.calls.generate(model, purpose, request.clone(), set_aside).await {
                // What is set aside for others is not for trying again.
                Err(Stop::Spent(_)) if attempt > 0 => break,
                outcome => outcome?,
            };
            spent = spent.plus(outcome.spent);
            match outcome.result {
                CallResult::Answered { text, finish_reason, usage } => {
                    let objectives = Objectives {
                        score: 0.0,
                        tokens: f64::from(usage.prompt_tokens) + f64::from(usage.completion_tokens),
                        seconds: outcome.spent.seconds,
                    };
                    let cost = self.calls.cost(model, outcome.spent.money);
                    let answer = Answer { prompt: messages, text, finish_reason, usage, cost, log_probabilities: None };
                    let judging = match purpose {
                        Purpose::Answer { candidate, case } => Purpose::Judge { candidate, case },
                        other => other,
                    };
                    let (verdict, judged) =
                        judge_metered(self.judge, (case, &answer), &mut self.calls, judging, set_aside).await?;
                    return Ok(CaseScore {
                        objectives: Objectives { score: verdict.score.clamp(0.0, 1.0), ..objectives },
                        is_passed: verdict.is_passed,
                        reason: verdict.reason,
                        answer: answer.text,
                        messages: answer.prompt,
                        spent: spent.plus(judged),
                    });
                }
                CallResult::Failed { reason } => problem = reason,
                CallResult::Embedded(_) => problem = "vectors came where text was asked for".to_owned(),
            }
        }
        Ok(CaseScore::failed(problem, spent))
    }

    /// What must be left for the proof.
    pub(crate) fn set_aside(&self) -> Spend {
        let half_seconds = self.calls.ledger().logical_limit().seconds / 2.0;
        // A call can take as long as it may, but planning with that would leave no time for the search.
        let answers = 2.0 * self.plan.split.held_out.len() as f64;
        let seconds = self.longest_answer_seconds.map(|longest| longest * answers * TIME_MARGIN);
        Spend {
            seconds: seconds.unwrap_or(half_seconds).min(half_seconds),
            ..self.plan.worst_call.times(self.plan.proof_calls)
        }
    }
}
