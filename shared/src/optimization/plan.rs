//! What a run knows before its first call: the split, and the most that calls can cost.

use super::budget::{Ledger, Spend};
use super::call_log::stable_hash;
use super::metered_calls::{CallLimits, most_tokens_of};
use super::run::{OptimizationError, Surroundings};
use super::settings::Optimization;
use super::split::{FEWEST_CASES, Split};
use crate::catalog::{Money, TokenPrice};
use crate::model_call::Prompt;
use crate::model_pool::ModelReference;

/// Added to the longest starting prompt, doubled, for the longest prompt of a run: room for an instruction and examples.
const MORE_PROMPT_TOKENS: u32 = 512;

/// The same for a run whose judge asks models: their questions quote the answer and what is expected.
const MORE_PROMPT_TOKENS_WITH_JUDGE: u32 = 2048;

/// Most tokens of what a judge's model answers.
const JUDGE_ANSWER_TOKENS: u32 = 1024;

/// What is fixed before the first call.
pub(crate) struct Plan<'a> {
    pub(crate) optimization: &'a Optimization,
    pub(crate) split: Split,
    pub(crate) limits: CallLimits,
    /// The most that any one call can spend.
    pub(crate) worst_call: Spend,
    /// The most calls that the proof needs.
    pub(crate) proof_calls: u32,
    /// The most calls that answering and judging takes, by case.
    pub(crate) calls_by_case: Vec<u32>,
}

impl<'a> Plan<'a> {
    /// Makes the plan, or says why the run can't begin.
    pub(crate) fn new(
        optimization: &'a Optimization,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, OptimizationError> {
        let Optimization { start, cases, model, budget, settings, .. } = optimization;
        let cannot_begin = |reason: String| Err(OptimizationError::CannotBegin(reason));
        let Some(split) = Split::new(cases, settings.held_out_fraction, settings.seed) else {
            return cannot_begin(format!(
                "there are {} cases; optimizing needs {FEWEST_CASES} at least, and 30 or more to prove anything. \
                 Add cases",
                cases.len()
            ));
        };
        if !(budget.most_seconds > 0.0 && settings.most_seconds_per_call > 0.0) {
            return cannot_begin("the time for the run and for one answer must be more than 0 seconds".to_owned());
        }
        let mut longest_prompt = 0;
        for (index, case) in cases.iter().enumerate() {
            let messages = match case.messages(start) {
                Ok(messages) => messages,
                Err(error) => {
                    return cannot_begin(format!("the starting prompt does not work for case {}: {error}", index + 1));
                }
            };
            let tokens = surroundings.costs.most_prompt_tokens(model, &Prompt::Chat(messages));
            longest_prompt = longest_prompt.max(tokens.saturating_add(most_tokens_of(start.output.as_ref())));
        }
        let calls_by_case: Vec<u32> = cases.iter().map(|case| 1 + surroundings.judge.most_calls(case)).collect();
        let has_model_judge = calls_by_case.iter().any(|&calls| calls > 1);
        let more = if has_model_judge { MORE_PROMPT_TOKENS_WITH_JUDGE } else { MORE_PROMPT_TOKENS };
        let prompt_tokens =
            settings.most_prompt_tokens.unwrap_or_else(|| longest_prompt.saturating_mul(2).saturating_add(more));
        let mut limits = CallLimits {
            prompt_tokens,
            answer_tokens: settings.most_answer_tokens.max(if has_model_judge { JUDGE_ANSWER_TOKENS } else { 0 }),
            seconds: settings.most_seconds_per_call,
        };
        let others = [settings.proposer.clone(), settings.teacher.clone()];
        let models = others.into_iter().flatten().chain(surroundings.judge.models()).chain([model.clone()]);
        let mut prices = Vec::new();
        for model in models {
            let price = surroundings.costs.price(&model);
            if let Some(Err(error)) = price.as_ref().map(TokenPrice::validate) {
                return cannot_begin(format!("the price of {model} is unusable: {error}"));
            }
            check_price(&model, price.as_ref().map(|price| price.currency.as_str()), budget.most_money.as_ref())?;
            // Beyond this length the price is another one, which nobody knows.
            let most = price.as_ref().and_then(|price| price.valid_up_to_input_tokens);
            limits.prompt_tokens = limits.prompt_tokens.min(most.unwrap_or(u32::MAX));
            prices.extend(price);
        }
        let money = prices.iter().map(|price| limits.worst(Some(price)).money).fold(0.0, f64::max);
        let worst_call = Spend { money, ..limits.worst(None) };
        let proof_calls = split.held_out.iter().map(|&case| 2 * calls_by_case[case]).sum();
        Ok(Self { optimization, split, limits, worst_call, proof_calls, calls_by_case })
    }

    /// Checks that the proof and one call more are within the budget even at their worst.
    pub(crate) fn check_budget(&self, ledger: &Ledger) -> Result<(), OptimizationError> {
        let proof = self.worst_call.times(self.proof_calls);
        let needed = proof.plus(self.worst_call);
        let limit = ledger.logical_limit();
        if needed.tokens <= limit.tokens && needed.money <= limit.money {
            return Ok(());
        }
        let money = match &self.optimization.budget.most_money {
            Some(Money { currency, .. }) => format!(" and {:.4} {currency}", needed.money),
            None => String::new(),
        };
        Err(OptimizationError::CannotBegin(format!(
            "the budget is too small: proving a winner on {} held-out cases can take {} tokens{money}, and after what is \
             set aside for interruptions there are {} tokens. Raise the budget, hold out fewer cases, or lower the most \
             tokens of a prompt ({}) or an answer ({})",
            self.split.held_out.len(),
            needed.tokens,
            limit.tokens,
            self.limits.prompt_tokens,
            self.limits.answer_tokens,
        )))
    }

    /// A hash of everything that decides what the run does.
    pub(crate) fn fingerprint(&self) -> Result<String, OptimizationError> {
        let json = serde_json::to_string(&(self.optimization, self.limits))
            .map_err(|error| OptimizationError::CannotBegin(format!("the run can't be written down: {error}")))?;
        Ok(stable_hash(json.as_bytes()))
    }
}

fn check_price(model: &ModelReference, currency: Option<&str>, limit: Option<&Money>) -> Result<(), OptimizationError> {
    let reason = match (currency, limit) {
        (None, Some(_)) => {
            format!(
                "no price is known for {model}, so a limit in money can't be kept. Give its price, or drop the limit"
            )
        }
        (Some(currency), Some(limit)) if currency != limit.currency => format!(
            "the price of {model} is in {currency}, the limit in {}. Give the limit in {currency}",
            limit.currency
        ),
        _ => return Ok(()),
    };
    Err(OptimizationError::CannotBegin(reason))
}
