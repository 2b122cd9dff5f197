//! Whether a price can be right. Tables of prices have been off by a thousand and more, because one page states prices
//! per token, the next per thousand, another per million.

use super::TokenPrice;

/// Bounds of what a million tokens have cost anywhere, in dollars or a currency of about that worth.
const INPUT_BOUNDS: (f64, f64) = (0.004, 250.0);
const OUTPUT_BOUNDS: (f64, f64) = (0.004, 1000.0);
/// Bounds of the output's price in input prices. Known ones lie between 1/4 and 30.
const OUTPUT_PER_INPUT_BOUNDS: (f64, f64) = (0.1, 100.0);
/// What a cached token costs at least, in prices of one that is not.
const LEAST_CACHED_SHARE: f64 = 0.005;
/// The most that a model whose name states its billions of parameters costs per million tokens and billion.
const MOST_PER_BILLION: f64 = 1.0;
/// What such a model may cost however small it is.
const MOST_FOR_SMALL: f64 = 5.0;
/// Input dearer than this is so rare (one entry of a hundred) that another entry of the model must confirm it.
const RARELY_DEARER_THAN: f64 = 40.0;
/// How far from the median of its family a price may be. Providers differ by ten, units by a thousand.
const MOST_FROM_FAMILY: f64 = 50.0;

/// A price that can't be right.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImplausiblePrice {
    /// No model has ever cost that.
    #[error(
        "{amount} {currency} per million {kind} tokens is outside {least} to {most}, between which every known price \
         lies. Is it per token or per thousand?"
    )]
    OutOfBounds {
        /// `input` or `output`.
        kind: &'static str,
        /// What was stated.
        amount: f64,
        /// In what.
        currency: String,
        /// The least plausible.
        least: f64,
        /// The most plausible.
        most: f64,
    },
    /// The two prices don't belong together.
    #[error(
        "output costs {ratio} times as much as input ({output} and {input} {currency} per million tokens); known models \
         lie between {least} and {most} times. Is one of the two in another unit?"
    )]
    Ratio {
        /// Output's price in input prices.
        ratio: f64,
        /// Input's price.
        input: f64,
        /// Output's price.
        output: f64,
        /// In what.
        currency: String,
        /// The least plausible.
        least: f64,
        /// The most plausible.
        most: f64,
    },
    /// Cached tokens cost more than others, or nearly nothing.
    #[error(
        "cached input costs {cached} {currency} per million tokens and input {input}; cached tokens cost no more than \
         others, and no less than {least} times as much"
    )]
    Cached {
        /// The price of cached tokens.
        cached: f64,
        /// Input's price.
        input: f64,
        /// In what.
        currency: String,
        /// The least plausible share.
        least: f64,
    },
    /// Too dear for its size.
    #[error(
        "{amount} {currency} per million input tokens is too much for a model of {billions} billion parameters; at most \
         {most} is plausible. Is it per token or per thousand?"
    )]
    Size {
        /// What was stated.
        amount: f64,
        /// In what.
        currency: String,
        /// What the name states.
        billions: f64,
        /// The most plausible.
        most: f64,
    },
    /// Hardly any model costs that, and nobody else says so.
    #[error(
        "{amount} {currency} per million input tokens is more than nearly every model costs, and no other entry of this \
         model confirms it. Is it per token or per thousand?"
    )]
    Unconfirmed {
        /// What was stated.
        amount: f64,
        /// In what.
        currency: String,
    },
    /// Other entries of the same model say something else.
    #[error(
        "{amount} {currency} per million {kind} tokens is {factor} times {median}, the median of {entries} other entries \
         of this model. Is it in another unit?"
    )]
    Family {
        /// `input` or `output`.
        kind: &'static str,
        /// What was stated.
        amount: f64,
        /// In what.
        currency: String,
        /// `amount` in medians.
        factor: f64,
        /// What others state.
        median: f64,
        /// How many others.
        entries: usize,
    },
}

/// Refuses a price that is off by about a thousand: by what any model costs, by its own parts, by the size that the
/// model's `name` states, and by `family`, the prices of other entries of the same model. A price stated to be free
/// passes.
///
/// # Errors
/// Why it can't be right.
pub fn check_price(name: &str, price: &TokenPrice, family: &[&TokenPrice]) -> Result<(), ImplausiblePrice> {
    if price.is_free() {
        return Ok(());
    }
    let (input, output, currency) = (price.input_per_million, price.output_per_million, price.currency.clone());
    for (kind, amount, (least, most)) in [("input", input, INPUT_BOUNDS), ("output", output, OUTPUT_BOUNDS)] {
        if !(least..=most).contains(&amount) {
            return Err(ImplausiblePrice::OutOfBounds { kind, amount: rounded(amount), currency, least, most });
        }
    }
    let ratio = output / input;
    let (least, most) = OUTPUT_PER_INPUT_BOUNDS;
    if !(least..=most).contains(&ratio) {
        let (input, output) = (rounded(input), rounded(output));
        return Err(ImplausiblePrice::Ratio { ratio: rounded(ratio), input, output, currency, least, most });
    }
    if let Some(cached) = price.cached_input_per_million
        && !(LEAST_CACHED_SHARE..=1.0 + 1e-9).contains(&(cached / input))
    {
        let (cached, input) = (rounded(cached), rounded(input));
        return Err(ImplausiblePrice::Cached { cached, input, currency, least: LEAST_CACHED_SHARE });
    }
    if let Some(billions) = stated_billions(name) {
        let most = (billions * MOST_PER_BILLION).max(MOST_FOR_SMALL);
        if input > most {
            return Err(ImplausiblePrice::Size { amount: rounded(input), currency, billions, most });
        }
    }
    type Part = fn(&TokenPrice) -> f64;
    let parts: [(&str, Part); 2] =
        [("input", |price| price.input_per_million), ("output", |price| price.output_per_million)];
    for (kind, part) in parts {
        let same_currency = family.iter().filter(|other| other.currency == price.currency);
        let mut others: Vec<f64> = same_currency.map(|other| part(other)).filter(|&amount| amount > 0.0).collect();
        others.sort_by(f64::total_cmp);
        if others.is_empty() {
            continue;
        }
        let (amount, median) = (part(price), others[others.len() / 2]);
        let factor = amount / median;
        let is_far = !(1.0 / MOST_FROM_FAMILY..=MOST_FROM_FAMILY).contains(&factor);
        // Of two that disagree, the one further from a common price (about 1) is the wrong one.
        if is_far && (others.len() > 1 || amount.ln().abs() > median.ln().abs()) {
            let (amount, median, factor) = (rounded(amount), rounded(median), rounded(factor));
            return Err(ImplausiblePrice::Family { kind, amount, currency, factor, median, entries: others.len() });
        }
    }
    if input > RARELY_DEARER_THAN && !family.iter().any(|other| other.currency == price.currency && !other.is_free()) {
        return Err(ImplausiblePrice::Unconfirmed { amount: rounded(input), currency });
    }
    Ok(())
}

/// What entries of one model have in common: the last part of the name, without dates, versions of the entry and words
/// for the platform. `us.anthropic.claude-3-5-haiku-20241022-v1:0` and `claude-3-5-haiku-latest` are one family.
pub(super) fn family(name: &str) -> String {
    const NOT_THE_MODEL: [&str; 16] = [
        "latest",
        "preview",
        "exp",
        "us",
        "eu",
        "apac",
        "instruct",
        "chat",
        "meta",
        "anthropic",
        "amazon",
        "google",
        "maas",
        "v1",
        "v2",
        "ft",
    ];
    let last = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    // A version of the entry, as in `-v1:0`, says nothing.
    let last = last.split(':').next().filter(|head| head.len() > 2).unwrap_or(&last).to_owned();
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let mut date_words = 0; // month and day may follow a year
    last.split(|c: char| !c.is_alphanumeric())
        .filter(|word| {
            let is_of_date = date_words > 0 && word.len() == 2 && is_number(word);
            let is_date = word.len() >= 3 && is_number(word);
            date_words = if is_date {
                2
            } else if is_of_date {
                date_words - 1
            } else {
                0
            };
            !word.is_empty() && !is_date && !is_of_date && !NOT_THE_MODEL.contains(word)
        })
        .collect::<Vec<_>>()
        .join("-")
}

/// The billions of parameters that a name states: 8 in `llama-3.1-8b-instruct`, 56 in `mixtral-8x7b`.
fn stated_billions(name: &str) -> Option<f64> {
    let name = name.to_lowercase();
    name.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').find_map(|word| {
        let number = word.strip_suffix('b')?;
        let (experts, size) = number.split_once('x').unwrap_or(("1", number));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !is_number(experts) || !is_number(size) {
            return None;
        }
        Some(experts.parse::<f64>().ok()? * size.parse::<f64>().ok()?).filter(|&billions| billions > 0.0)
    })
}

/// Four significant digits, for sentences.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::token_price::tests::dollars;
    use super::*;

    #[test]
    fn prices_off_by_a_thousand_are_refused() {
        let message = |name, price: TokenPrice| check_price(name, &price, &[]).unwrap_err().to_string();
        assert_eq!(
            message("some-model", dollars(3200.0, 9710.0)),
            "3200 USD per million input tokens is outside 0.004 to 250, between which every known price lies. Is it per \
             token or per thousand?"
        );
        assert_eq!(
            message("some-model", dollars(3.0, 0.15)),
            "output costs 0.05 times as much as input (0.15 and 3 USD per million tokens); known models lie between 0.1 and \
             100 times. Is one of the two in another unit?"
        );
        assert_eq!(
            message("granite-3-8b-instruct", dollars(200.0, 200.0)),
            "200 USD per million input tokens is too much for a model of 8 billion parameters; at most 8 is plausible. Is \
             it per token or per thousand?"
        );
        let cached = TokenPrice { cached_input_per_million: Some(500.0), ..dollars(5.0, 10.0) };
        assert!(matches!(check_price("some-model", &cached, &[]), Err(ImplausiblePrice::Cached { .. })));
        // Within all bounds, but not what others say.
        let (one, other) = (dollars(0.15, 0.6), dollars(0.165, 0.66));
        let wrong = check_price("gpt-4o-mini", &dollars(150.0, 600.0), &[&one, &other]).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "150 USD per million input tokens is 909.1 times 0.165, the median of 2 other entries of this model. Is it in \
             another unit?"
        );
        // Two that disagree: the strange one is wrong.
        assert!(check_price("gemini-2.5-flash-lite", &dollars(100.0, 400.0), &[&dollars(0.1, 0.4)]).is_err());
        assert_eq!(check_price("gemini-2.5-flash-lite", &dollars(0.1, 0.4), &[&dollars(100.0, 400.0)]), Ok(()));
        // Dear, free and cheap models are real.
        assert!(matches!(
            check_price("o1-pro", &dollars(150.0, 600.0), &[]),
            Err(ImplausiblePrice::Unconfirmed { .. })
        ));
        assert_eq!(check_price("o1-pro", &dollars(150.0, 600.0), &[&dollars(150.0, 600.0)]), Ok(()));
        assert_eq!(check_price("llama-3.2-1b-instruct", &dollars(0.005, 0.01), &[]), Ok(()));
        assert_eq!(check_price("gemma:free", &dollars(0.0, 0.0), &[]), Ok(()));
    }

    #[test]
    fn entries_of_one_model_are_a_family() {
        for (one, other) in [
            ("us.anthropic.claude-3-5-haiku-20241022-v1:0", "claude-3-5-haiku-latest"),
            ("azure/gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
            ("deepinfra/meta-llama/Llama-3.2-1B-Instruct", "lambda_ai/llama-3.2-1b-instruct"),
        ] {
            assert_eq!(family(one), family(other));
        }
        assert_ne!(family("gpt-4o-mini"), family("gpt-4o"));
        assert_ne!(family("llama-3.2-1b"), family("llama-3.2-3b"));
        assert_eq!(stated_billions("mistralai/Mixtral-8x7B-v0.1"), Some(56.0));
        assert_eq!(stated_billions("qwen2.5-0.5b"), Some(0.5));
        assert_eq!(stated_billions("gpt-4-turbo"), None);
    }

    proptest! {
        #[test]
        fn a_thousandfold_price_beside_right_ones_never_passes(
            input in 0.01_f64..20.0, ratio in 1.0_f64..8.0, spread in 0.5_f64..2.0
        ) {
            let right = dollars(input, input * ratio);
            let others = [dollars(input * spread, input * ratio * spread), right.clone()];
            let family: Vec<&TokenPrice> = others.iter().collect();
            prop_assert!(check_price("a-model", &right, &family).is_ok());
            for factor in [1000.0, 0.001, 100_000.0] {
                let wrong = dollars(input * factor, input * ratio * factor);
                prop_assert!(check_price("a-model", &wrong, &family).is_err());
                let half_wrong = dollars(input, input * ratio * factor);
                prop_assert!(check_price("a-model", &half_wrong, &family).is_err());
            }
        }
    }
}
