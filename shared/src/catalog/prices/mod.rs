//! What models cost per token, where each price comes from, and whether it can be right.

mod by_name;
mod litellm;
mod plausibility;
mod token_price;

pub use litellm::{ImportedPrices, InvalidPriceTable, PricedModel, RefusedPrice, import_litellm};
pub use plausibility::{ImplausiblePrice, check_price};
pub use token_price::{InvalidPrice, TokenPrice};

#[cfg(test)]
pub(super) use token_price::tests;
