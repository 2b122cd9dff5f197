//! An amount of money, never without its currency.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in a currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// How much.
    pub amount: f64,
    /// In what: ISO 4217, such as `USD`.
    pub currency: String,
}

impl fmt::Display for Money {
    /// With cents, and small amounts with two digits that are not 0, so that nothing dear looks free.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.amount.abs();
        let decimals =
            if magnitude > 0.0 && magnitude < 0.1 { (1.0 - magnitude.log10().floor()).min(12.0) } else { 2.0 };
        write!(formatter, "{:.*} {}", decimals as usize, self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_amounts_do_not_look_free() {
        let text = |amount| Money { amount, currency: "USD".to_owned() }.to_string();
        assert_eq!(text(0.0), "0.00 USD");
        assert_eq!(text(12.345), "12.35 USD");
        assert_eq!(text(0.001_234), "0.0012 USD");
        assert_eq!(text(0.000_015), "0.000015 USD");
    }
}
