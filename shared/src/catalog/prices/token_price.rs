//! A price per token, never without its currency, source and date.

use serde::{Deserialize, Serialize};

use super::super::{CalendarDate, FactSource, Money};
use crate::model_call::GenerationUsage;

/// What a model's tokens cost. Where a price is not known there is no `TokenPrice`; 0 means that somebody states it to
/// be free.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenPrice {
    /// A million prompt tokens.
    pub input_per_million: f64,
    /// A million answer tokens.
    pub output_per_million: f64,
    /// A million prompt tokens that the provider still had from an earlier request; `None` where they cost what others
    /// do.
    pub cached_input_per_million: Option<f64>,
    /// Prompts longer than this cost more, how much is not known here.
    pub valid_up_to_input_tokens: Option<u32>,
    /// ISO 4217, such as `USD`.
    pub currency: String,
    /// Whose price it is, or the address where it was read.
    pub source: String,
    /// When it was read.
    pub as_of: CalendarDate,
}

/// A price that is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrice {
    /// Negative, infinite or no number.
    #[error("the {field} price is {value}; a price is a number from 0 up")]
    NotAnAmount {
        /// Which.
        field: &'static str,
        /// What was there.
        value: String,
    },
    /// Not three capital letters.
    #[error("{0:?} is no currency; write three capital letters, such as USD")]
    Currency(String),
}

impl TokenPrice {
    /// The price of one's own models where everything is counted in `currency`: nothing.
    pub fn of_own_models(currency: impl Into<String>, as_of: CalendarDate) -> Self {
        Self {
            input_per_million: 0.0,
            output_per_million: 0.0,
            cached_input_per_million: None,
            valid_up_to_input_tokens: None,
            currency: currency.into(),
            source: "a model of one's own".to_owned(),
            as_of,
        }
    }

    /// Checks that it is a price at all; [`super::check_price`] tells whether it can be right.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate(&self) -> Result<(), InvalidPrice> {
        let fields = [
            ("input", Some(self.input_per_million)),
            ("output", Some(self.output_per_million)),
            ("cached input", self.cached_input_per_million),
        ];
        for (field, value) in fields {
            if let Some(value) = value
                && !(value.is_finite() && value >= 0.0)
            {
                return Err(InvalidPrice::NotAnAmount { field, value: value.to_string() });
            }
        }
        if self.currency.len() != 3 || !self.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(InvalidPrice::Currency(self.currency.clone()));
        }
        Ok(())
    }

    /// What a request costs; `None` for prompts so long that the price is another one. `cached_tokens` of the
    /// `input_tokens` were cached.
    pub fn cost(&self, input_tokens: u64, cached_tokens: u64, output_tokens: u64) -> Option<Money> {
        if self.valid_up_to_input_tokens.is_some_and(|most| input_tokens > u64::from(most)) {
            return None;
        }
        let cached_tokens = cached_tokens.min(input_tokens);
        let cached_price = self.cached_input_per_million.unwrap_or(self.input_per_million);
        let amount = (input_tokens - cached_tokens) as f64 * self.input_per_million
            + cached_tokens as f64 * cached_price
            + output_tokens as f64 * self.output_per_million;
        Some(Money { amount: amount / 1e6, currency: self.currency.clone() })
    }

    /// What an answer cost; `None` where nobody told how many tokens there were: no prompt has none.
    pub fn cost_of(&self, usage: &GenerationUsage) -> Option<Money> {
        let GenerationUsage { prompt_tokens, cached_prompt_tokens, completion_tokens, .. } = *usage;
        if prompt_tokens == 0 && !self.is_free() {
            return None;
        }
        self.cost(u64::from(prompt_tokens), u64::from(cached_prompt_tokens), u64::from(completion_tokens))
    }

    /// Somebody states that it is free.
    pub fn is_free(&self) -> bool {
        self.input_per_million == 0.0 && self.output_per_million == 0.0
    }

    /// Where the price comes from.
    pub fn fact_source(&self) -> FactSource {
        FactSource::PriceList { source: self.source.clone(), as_of: self.as_of }
    }
}

#[cfg(test)]
pub(in crate::catalog) mod tests {
    use super::*;
    use crate::api::streamed_answer::StreamedAnswer;
    use crate::model_call::GenerationEvent;

    pub(in crate::catalog) fn dollars(input_per_million: f64, output_per_million: f64) -> TokenPrice {
        TokenPrice {
            input_per_million,
            output_per_million,
            cached_input_per_million: None,
            valid_up_to_input_tokens: None,
            currency: "USD".to_owned(),
            source: "https://example.com/prices".to_owned(),
            as_of: "2026-11-26".parse().unwrap(),
        }
    }

    #[test]
    fn cached_tokens_cost_their_own_price_and_long_prompts_an_unknown_one() {
        let mut price = dollars(2.0, 8.0);
        let amount = |price: &TokenPrice, input, cached, output| {
            price.cost(input, cached, output).map(|money| (money.amount * 1e9).round() / 1e9)
        };
        // 1000 * 2 + 500 * 8 = 6000 millionths.
        assert_eq!(amount(&price, 1000, 400, 500), Some(0.006));
        price.cached_input_per_million = Some(0.5);
        // 600 * 2 + 400 * 0.5 + 500 * 8 = 5400 millionths.
        assert_eq!(amount(&price, 1000, 400, 500), Some(0.0054));
        assert_eq!(amount(&price, 1000, 4000, 0), Some(0.0005));
        price.valid_up_to_input_tokens = Some(1000);
        assert_eq!(amount(&price, 1001, 0, 0), None);
    }

    #[test]
    fn what_an_answer_without_usage_cost_is_unknown_unless_all_is_free() {
        let cost = |price: TokenPrice, usage: &str| {
            let mut answer = StreamedAnswer::new("router", 0.0);
            let chunk = format!(r#"{{"choices":[{{"delta":{{"content":"a"}},"finish_reason":"stop"}}]{usage}}}"#);
            answer.take(&chunk, 1.0).unwrap();
            let GenerationEvent::Finished { usage, .. } = answer.finish().unwrap() else { panic!("it has ended") };
            price.cost_of(&usage).map(|money| money.amount)
        };
        assert_eq!(cost(dollars(2.0, 8.0), ""), None);
        assert_eq!(cost(dollars(2.0, 8.0), r#","usage":null"#), None);
        let usage = r#","usage":{"prompt_tokens":1000000,"completion_tokens":1000000}"#;
        assert_eq!(cost(dollars(2.0, 8.0), usage), Some(10.0));
        assert_eq!(cost(dollars(0.0, 0.0), ""), Some(0.0));
    }

    #[test]
    fn what_is_no_price_is_refused() {
        assert_eq!(
            dollars(-1.0, 1.0).validate().unwrap_err().to_string(),
            "the input price is -1; a price is a number from 0 up"
        );
        assert!(dollars(1.0, f64::NAN).validate().is_err());
        let currency = "dollars".to_owned();
        assert!(TokenPrice { currency, ..dollars(1.0, 1.0) }.validate().is_err());
        assert_eq!(dollars(0.0, 0.0).validate(), Ok(()));
    }
}
