//! The limit of a run, and the ledger that keeps it.
//!
//! Nothing is called before its worst case is reserved, so what comes in the end, whatever a provider does, is at most
//! what was reserved. The ledger counts twice. *Logical* spend is what the run would have spent had nobody interrupted
//! it: the search decides by this, so a resumed run decides as an uninterrupted one. *Lost* spend is what
//! interruptions cost; it is paid from an allowance that is set aside at the start.

use serde::{Deserialize, Serialize};

use crate::catalog::Money;

/// What a run may use at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Tokens read and written, of all models together.
    pub most_tokens: u64,
    /// Money; without a limit, prices need not be known.
    pub most_money: Option<Money>,
    /// Seconds of work; time during which the run is stopped does not count.
    pub most_seconds: f64,
}

/// An amount of all that a budget limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spend {
    /// Tokens read and written.
    pub tokens: u64,
    /// Money, in the currency of the run's prices; 0 where no price is known.
    pub money: f64,
    /// Seconds.
    pub seconds: f64,
}

impl Spend {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            money: self.money + other.money,
            seconds: self.seconds + other.seconds,
        }
    }

    /// So many times as much.
    pub fn times(self, factor: u32) -> Self {
        Self {
            tokens: self.tokens.saturating_mul(u64::from(factor)),
            money: self.money * f64::from(factor),
            seconds: self.seconds * f64::from(factor),
        }
    }

    /// What is left of it after `other`, nothing being less than 0.
    pub fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            money: (self.money - other.money).max(0.0),
            seconds: (self.seconds - other.seconds).max(0.0),
        }
    }

    /// The smaller of each.
    pub fn at_most(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.min(other.tokens),
            money: self.money.min(other.money),
            seconds: self.seconds.min(other.seconds),
        }
    }

    /// The first limit that this is above.
    fn first_above(self, limit: Self) -> Option<Limit> {
        if self.tokens > limit.tokens {
            Some(Limit::Tokens)
        } else if self.money > limit.money {
            Some(Limit::Money)
        } else if self.seconds > limit.seconds {
            Some(Limit::Time)
        } else {
            None
        }
    }
}

/// One of a budget's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Tokens.
    Tokens,
    /// Money.
    Money,
    /// Time.
    Time,
}

/// Why a call is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The search has used what it may: an ordinary end.
    Spent(Limit),
    /// Interruptions have used more than was set aside for them.
    LostToInterruptions(Limit),
}

/// What was spent and what may still be.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    limit: Spend,
    logical_limit: Spend,
    logical: Spend,
    lost: Spend,
}

impl Ledger {
    /// A ledger over `budget` that sets aside `interruptions` calls of `worst_call` each, but no more than a quarter.
    pub(crate) fn new(budget: &Budget, worst_call: Spend, interruptions: u32) -> Self {
        let limit = Spend {
            tokens: budget.most_tokens,
            money: budget.most_money.as_ref().map_or(f64::INFINITY, |money| money.amount),
            seconds: budget.most_seconds,
        };
        let quarter = Spend { tokens: limit.tokens / 4, money: limit.money / 4.0, seconds: limit.seconds / 4.0 };
        let allowance = worst_call.times(interruptions).at_most(quarter);
        // Where money has no limit, infinity minus the allowance is still infinity.
        Self { limit, logical_limit: limit.minus(allowance), logical: Spend::default(), lost: Spend::default() }
    }

    /// What the run would have spent without interruptions.
    pub(crate) fn logical(&self) -> Spend {
        self.logical
    }

    /// What interruptions cost.
    pub(crate) fn lost(&self) -> Spend {
        self.lost
    }

    /// What the search may spend in all.
    pub(crate) fn logical_limit(&self) -> Spend {
        self.logical_limit
    }

    /// What is left for the search beside `set_aside`.
    pub(crate) fn left_beside(&self, set_aside: Spend) -> Spend {
        self.logical_limit.minus(self.logical).minus(set_aside)
    }

    /// The largest part of any limit that the search has used, from 0 to 1.
    pub(crate) fn used_fraction(&self) -> f64 {
        let (used, limit) = (self.logical, self.logical_limit);
        let fraction = |used: f64, limit: f64| if limit > 0.0 { used / limit } else { 1.0 };
        let money = if limit.money.is_finite() { fraction(used.money, limit.money) } else { 0.0 };
        let tokens = fraction(used.tokens as f64, limit.tokens as f64);
        tokens.max(money).max(fraction(used.seconds, limit.seconds)).min(1.0)
    }

    /// Whether a call may start that spends up to `worst`, so that `set_aside` is left. Looks at logical spend only.
    pub(crate) fn admit(&self, worst: Spend, set_aside: Spend) -> Result<(), Refusal> {
        let after = self.logical.plus(worst).plus(set_aside);
        match after.first_above(self.logical_limit) {
            Some(limit) => Err(Refusal::Spent(limit)),
            None => Ok(()),
        }
    }

    /// Whether a call of up to `worst`, started at `logical_seconds`, keeps the whole budget, lost spend included.
    pub(crate) fn admit_hard(&self, worst: Spend, logical_seconds: f64) -> Result<(), Refusal> {
        let so_far = Spend { seconds: logical_seconds, ..self.logical };
        match so_far.plus(self.lost).plus(worst).first_above(self.limit) {
            Some(limit) => Err(Refusal::LostToInterruptions(limit)),
            None => Ok(()),
        }
    }

    /// Notes a call's end: what it spent, and the logical time at which it ended.
    pub(crate) fn settle(&mut self, spent: Spend, logical_seconds: f64) {
        self.logical = Spend { seconds: logical_seconds, ..self.logical.plus(spent) };
    }

    /// Notes what an interruption cost.
    pub(crate) fn lose(&mut self, spent: Spend) {
        self.lost = self.lost.plus(spent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Spend = Spend { tokens: 100, money: 0.5, seconds: 10.0 };

    fn ledger(tokens: u64, money: Option<f64>, seconds: f64, interruptions: u32) -> Ledger {
        let most_money = money.map(|amount| Money { amount, currency: "USD".to_owned() });
        Ledger::new(&Budget { most_tokens: tokens, most_money, most_seconds: seconds }, CALL, interruptions)
    }

    #[test]
    fn each_limit_refuses_on_its_own_and_without_a_limit_money_never_does() {
        let refusal = |ledger: &Ledger| ledger.admit(CALL, CALL).unwrap_err();
        assert_eq!(refusal(&ledger(199, None, 1000.0, 0)), Refusal::Spent(Limit::Tokens));
        assert_eq!(refusal(&ledger(1000, Some(0.99), 1000.0, 0)), Refusal::Spent(Limit::Money));
        assert_eq!(refusal(&ledger(1000, None, 19.0, 0)), Refusal::Spent(Limit::Time));
        assert_eq!(ledger(200, None, 20.0, 0).admit(CALL, CALL), Ok(()));
    }

    #[test]
    fn an_interruption_is_paid_from_the_allowance_and_leaves_the_search_what_it_had() {
        let mut ledger = ledger(400, Some(100.0), 1000.0, 1);
        ledger.settle(Spend { tokens: 200, ..CALL }, 10.0);
        let before = ledger.left_beside(Spend::default());
        ledger.lose(CALL);
        assert_eq!(ledger.left_beside(Spend::default()), before);
        assert_eq!(ledger.admit(CALL, Spend::default()), Ok(()));
        assert_eq!(ledger.admit_hard(CALL, 10.0), Ok(()));
        ledger.lose(Spend { tokens: 1, ..Spend::default() });
        assert_eq!(ledger.admit(CALL, Spend::default()), Ok(()), "the search's own account is untouched");
        assert_eq!(ledger.admit_hard(CALL, 10.0), Err(Refusal::LostToInterruptions(Limit::Tokens)));
    }
}
