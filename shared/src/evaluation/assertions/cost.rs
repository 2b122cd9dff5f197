//! `cost`: the answer was cheap enough.

use super::observation::{JudgeError, Observation};
use crate::catalog::Money;
use crate::evaluation::Answer;

pub(super) fn observe(answer: &Answer, most: &Money) -> Result<Observation, JudgeError> {
    let cost = answer.cost.as_ref().ok_or_else(|| {
        JudgeError::new("the price of this model is unknown, so the answer's cost is too; give the model a price")
    })?;
    if cost.currency != most.currency {
        return Err(JudgeError::new(format!(
            "the answer's cost is in {}, but the check's limit in {}; write the limit in {0}",
            cost.currency, most.currency
        )));
    }
    let shown = |money: &Money| format!("{} {}", money.amount, money.currency);
    Ok(Observation::at_most("the cost", (cost.amount, shown(cost)), (most.amount, shown(most))))
}
