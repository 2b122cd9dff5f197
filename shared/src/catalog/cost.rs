//! What answering costs: per request and per month, from a provider, on hardware of one's own, or in the browser.

use serde::{Deserialize, Serialize};

use super::{FactSource, Money, Speed, TokenPrice};

/// Hours of a month: a twelfth of 365.25 days.
const HOURS_PER_MONTH: f64 = 730.5;

/// What is asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Prompt tokens of a request.
    pub input_tokens: u32,
    /// How many of them, from 0 to 1, the provider still has from an earlier request.
    pub cached_share: f64,
    /// Answer tokens of a request.
    pub output_tokens: u32,
    /// Requests of a month.
    pub requests_per_month: u64,
}

/// Hardware of one's own. Amounts are in one currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnHardware {
    /// What it is, for people.
    pub name: String,
    /// What it cost; 0 where it would stand there anyway.
    pub price: f64,
    /// Years over which that is spread.
    pub lifetime_years: f64,
    /// Watts while it computes.
    pub busy_watts: f64,
    /// Watts while it waits for requests; 0 where it is on anyway.
    pub idle_watts: f64,
    /// A kilowatt hour.
    pub electricity_per_kilowatt_hour: f64,
    /// The largest part of the time, from 0 to 1, that it can compute: requests don't come evenly.
    pub largest_utilization: f64,
    /// ISO 4217, such as `USD`.
    pub currency: String,
}

/// What a way of answering costs: an amount per month, an amount per request, and how many requests it can take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostModel {
    /// Each month, whatever is asked.
    pub fixed_per_month: f64,
    /// Each request.
    pub per_request: f64,
    /// ISO 4217, such as `USD`.
    pub currency: String,
    /// The most requests of a month that it can answer, where it has a limit that is known.
    pub most_requests_per_month: Option<u64>,
    /// Where the amounts come from.
    pub source: FactSource,
}

/// A figure that no cost can be computed from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}; expected {expected}")]
pub struct InvalidCostFigure {
    /// Which figure, in words.
    pub field: &'static str,
    /// What was given.
    pub value: f64,
    /// What would do, in words.
    pub expected: &'static str,
}

impl Workload {
    /// Prompt tokens of a request that are cached.
    fn cached_tokens(&self) -> u64 {
        (f64::from(self.input_tokens) * self.cached_share.clamp(0.0, 1.0)) as u64
    }
}

impl OwnHardware {
    /// Checks every figure's range.
    ///
    /// # Errors
    /// The first figure out of range.
    pub fn validate(&self) -> Result<(), InvalidCostFigure> {
        let amounts = [
            ("the price", self.price),
            ("the power while computing", self.busy_watts),
            ("the power while waiting", self.idle_watts),
            ("the price of electricity", self.electricity_per_kilowatt_hour),
        ];
        for (field, value) in amounts {
            if !(value.is_finite() && value >= 0.0) {
                return Err(InvalidCostFigure { field, value, expected: "a number from 0 up" });
            }
        }
        if !(self.lifetime_years.is_finite() && self.lifetime_years > 0.0) {
            let (field, value) = ("the lifetime in years", self.lifetime_years);
            return Err(InvalidCostFigure { field, value, expected: "a number above 0" });
        }
        if !(self.largest_utilization > 0.0 && self.largest_utilization <= 1.0) {
            let (field, value) = ("the largest utilization", self.largest_utilization);
            return Err(InvalidCostFigure { field, value, expected: "a number above 0 and at most 1" });
        }
        Ok(())
    }
}

impl CostModel {
    /// What a provider asks; `None` where it has another price for prompts that long.
    pub fn of_provider(price: &TokenPrice, workload: &Workload) -> Option<Self> {
        let (input, output) = (u64::from(workload.input_tokens), u64::from(workload.output_tokens));
        Some(Self {
            fixed_per_month: 0.0,
            per_request: price.cost(input, workload.cached_tokens(), output)?.amount,
            currency: price.currency.clone(),
            most_requests_per_month: None,
            source: price.fact_source(),
        })
    }

    /// What own hardware takes, answering one request after another: its price spread over its lifetime, electricity
    /// while it waits, and more of it while it computes. `None` where the speed is not known.
    ///
    /// # Errors
    /// A figure of the hardware is out of its range.
    pub fn of_hardware(
        hardware: &OwnHardware,
        speed: &Speed,
        workload: &Workload,
    ) -> Result<Option<Self>, InvalidCostFigure> {
        hardware.validate()?;
        let Some(seconds) = speed.answer_seconds(workload.input_tokens, workload.output_tokens) else {
            return Ok(None);
        };
        let per_watt_hour = hardware.electricity_per_kilowatt_hour / 1000.0;
        let more_watts = (hardware.busy_watts - hardware.idle_watts).max(0.0);
        let speed_source = if speed.is_measured() { "measured" } else { "estimated" };
        Ok(Some(Self {
            fixed_per_month: hardware.price / (hardware.lifetime_years * 12.0)
                + hardware.idle_watts * HOURS_PER_MONTH * per_watt_hour,
            per_request: more_watts * seconds / 3600.0 * per_watt_hour,
            currency: hardware.currency.clone(),
            most_requests_per_month: (seconds > 0.0)
                .then(|| (HOURS_PER_MONTH * 3600.0 * hardware.largest_utilization / seconds) as u64),
            source: FactSource::Estimated {
                from: format!("the price and power of {} and its {speed_source} speed", hardware.name),
            },
        }))
    }

    /// Nobody asks for money: the model runs on a device that is there anyway, whose electricity is not counted.
    pub fn nothing(currency: &str) -> Self {
        Self {
            fixed_per_month: 0.0,
            per_request: 0.0,
            currency: currency.to_owned(),
            most_requests_per_month: None,
            source: FactSource::Place,
        }
    }

    /// What `requests` of a month cost; `None` where they are more than it can answer.
    pub fn per_month(&self, requests: u64) -> Option<Money> {
        if self.most_requests_per_month.is_some_and(|most| requests > most) {
            return None;
        }
        let amount = self.fixed_per_month + self.per_request * requests as f64;
        Some(Money { amount, currency: self.currency.clone() })
    }

    /// What one of `requests` of a month costs, its share of the fixed amount included; `None` where there are none, or
    /// more than it can answer.
    pub fn per_request(&self, requests: u64) -> Option<Money> {
        let Money { amount, currency } = self.per_month(requests).filter(|_| requests > 0)?;
        Some(Money { amount: amount / requests as f64, currency })
    }

    /// The fewest requests of a month from which on `self` costs no more than `other`; `None` where it never does, within
    /// what it can answer, or the currencies differ.
    pub fn break_even(&self, other: &Self) -> Option<u64> {
        if self.currency != other.currency {
            return None;
        }
        let more_fixed = self.fixed_per_month - other.fixed_per_month;
        let less_per_request = other.per_request - self.per_request;
        let requests = if more_fixed <= 0.0 {
            // From the first request on, if it does not lose that again later.
            (less_per_request >= 0.0).then_some(0)
        } else {
            (less_per_request > 0.0).then(|| (more_fixed / less_per_request).ceil() as u64)
        }?;
        self.most_requests_per_month.is_none_or(|most| requests <= most).then_some(requests)
    }
}

/// One way of answering, in a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostLine {
    /// What it is, for people.
    pub name: String,
    /// Its costs; `None` where they are not known.
    pub cost: Option<CostModel>,
    /// A month's requests; `None` where that is not known, or more than it can answer.
    pub per_month: Option<Money>,
    /// One request.
    pub per_request: Option<Money>,
}

/// What `workload` costs each way: the cheapest first within each currency, those of unknown cost last, ties in the order
/// given.
pub fn compare_costs(ways: Vec<(String, Option<CostModel>)>, requests_per_month: u64) -> Vec<CostLine> {
    let mut lines: Vec<CostLine> = ways
        .into_iter()
        .map(|(name, cost)| CostLine {
            per_month: cost.as_ref().and_then(|cost| cost.per_month(requests_per_month)),
            per_request: cost.as_ref().and_then(|cost| cost.per_request(requests_per_month)),
            name,
            cost,
        })
        .collect();
    lines.sort_by(|a, b| match (&a.per_month, &b.per_month) {
        (Some(a), Some(b)) => a.currency.cmp(&b.currency).then(a.amount.total_cmp(&b.amount)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::prices::tests::dollars;
    use super::*;

    const WORKLOAD: Workload =
        Workload { input_tokens: 1000, cached_share: 0.0, output_tokens: 101, requests_per_month: 10_000 };

    fn graphics_card() -> OwnHardware {
        OwnHardware {
            name: "a graphics card".to_owned(),
            price: 3600.0,
            lifetime_years: 3.0,
            busy_watts: 360.0,
            idle_watts: 0.0,
            electricity_per_kilowatt_hour: 0.5,
            largest_utilization: 0.5,
            currency: "USD".to_owned(),
        }
    }

    fn speed(prefill: f64, decode: f64) -> Speed {
        Speed {
            prefill_tokens_per_second: Some(prefill),
            time_to_first_token_seconds: None,
            decode_tokens_per_second: Some(decode),
            source: FactSource::Estimated { from: "a test".to_owned() },
        }
    }

    #[test]
    fn a_month_is_fixed_costs_and_requests() {
        // 1000 * 2 + 101 * 8 = 2808 millionths a request.
        let provider = CostModel::of_provider(&dollars(2.0, 8.0), &WORKLOAD).unwrap();
        assert!((provider.per_month(10_000).unwrap().amount - 28.08).abs() < 1e-9);

        // 1000 tokens at 1000 a second and 100 more at 100 a second: 2 seconds at 360 W are 0.2 Wh, 0.0001 dollars.
        let own = CostModel::of_hardware(&graphics_card(), &speed(1000.0, 100.0), &WORKLOAD).unwrap().unwrap();
        assert!((own.fixed_per_month - 100.0).abs() < 1e-9);
        assert!((own.per_request - 0.0001).abs() < 1e-12);
        assert!((own.per_request(10_000).unwrap().amount - 0.0101).abs() < 1e-9);
        // Half of 730.5 hours in steps of 2 seconds.
        assert_eq!(own.most_requests_per_month, Some(657_450));
        assert_eq!(own.per_month(657_451), None);

        // 100 / (0.002808 - 0.0001) = 36,927.6
        assert_eq!(own.break_even(&provider), Some(36_928));
        assert_eq!(provider.break_even(&own), None, "the provider is cheaper before, not after");
        let idle = OwnHardware { idle_watts: 20.0, ..graphics_card() };
        let idle = CostModel::of_hardware(&idle, &speed(1000.0, 100.0), &WORKLOAD).unwrap().unwrap();
        assert!((idle.fixed_per_month - (100.0 + 0.02 * 730.5 * 0.5)).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_known_has_no_cost() {
        let unknown = Speed { decode_tokens_per_second: None, ..speed(1.0, 1.0) };
        assert_eq!(CostModel::of_hardware(&graphics_card(), &unknown, &WORKLOAD), Ok(None));
        let wrong = OwnHardware { lifetime_years: 0.0, ..graphics_card() };
        assert_eq!(
            CostModel::of_hardware(&wrong, &speed(1.0, 1.0), &WORKLOAD).unwrap_err().to_string(),
            "the lifetime in years is 0; expected a number above 0"
        );
        let price = TokenPrice { valid_up_to_input_tokens: Some(999), ..dollars(1.0, 1.0) };
        assert_eq!(CostModel::of_provider(&price, &WORKLOAD), None);
        let euros = TokenPrice { currency: "EUR".to_owned(), ..dollars(1.0, 1.0) };
        let (euros, dollars) =
            (CostModel::of_provider(&euros, &WORKLOAD).unwrap(), CostModel::of_provider(&dollars(2.0, 2.0), &WORKLOAD));
        assert_eq!(euros.break_even(&dollars.clone().unwrap()), None, "nobody states an exchange rate");

        let ways = vec![
            ("unknown".to_owned(), None),
            ("dear".to_owned(), dollars),
            ("this browser".to_owned(), Some(CostModel::nothing("USD"))),
        ];
        let names: Vec<String> = compare_costs(ways, 100).into_iter().map(|line| line.name).collect();
        assert_eq!(names, ["this browser", "dear", "unknown"]);
    }

    proptest! {
        #[test]
        fn from_the_break_even_on_it_is_no_dearer(
            fixed in 0.0_f64..1000.0, per_request in 0.0_f64..0.01, other_fixed in 0.0_f64..1000.0,
            other_per_request in 0.0_f64..0.01, later in 0_u64..1_000_000
        ) {
            let way = |fixed_per_month, per_request| CostModel {
                fixed_per_month, per_request, ..CostModel::nothing("USD")
            };
            let (one, other) = (way(fixed, per_request), way(other_fixed, other_per_request));
            let cost = |way: &CostModel, requests| way.per_month(requests).unwrap().amount;
            if let Some(requests) = one.break_even(&other) {
                prop_assert!(cost(&one, requests + later) <= cost(&other, requests + later) + 1e-6);
                prop_assert!(requests == 0 || cost(&one, requests - 1) > cost(&other, requests - 1) - 1e-6);
            } else {
                prop_assert!(cost(&one, 1_000_000_000_000) >= cost(&other, 1_000_000_000_000) - 1e-6);
            }
        }
    }
}
