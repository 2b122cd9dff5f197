//! An amount of money, never without its currency.

use serde::{Deserialize, Serialize};

/// An amount in a currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// How much.
    pub amount: f64,
    /// In what: ISO 4217, such as `USD`.
    pub currency: String,
}
