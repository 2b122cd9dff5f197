//! How fast a model answers: measured where it has run, estimated until then.

use serde::{Deserialize, Serialize};

use super::{CalendarDate, FactSource, ModelDimensions};
use crate::model_call::GenerationUsage;

/// Part of a device's memory bandwidth that writing tokens reaches.
const BANDWIDTH_SHARE: f64 = 0.6;
/// Part of a device's arithmetic that reading prompts reaches.
const ARITHMETIC_SHARE: f64 = 0.3;

/// How fast a model answers; `None` where that is not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Prompt tokens read per second.
    pub prefill_tokens_per_second: Option<f64>,
    /// From a request to its first token, where it is known as such and not from the prompt's length.
    pub time_to_first_token_seconds: Option<f64>,
    /// Tokens written per second, after the first.
    pub decode_tokens_per_second: Option<f64>,
    /// Where the figures come from.
    pub source: FactSource,
}

/// What a device can do at best, from its data sheet or a small measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DevicePeak {
    /// Bytes read from memory per second.
    pub memory_bytes_per_second: f64,
    /// Multiplications and additions per second, each counted.
    pub operations_per_second: f64,
}

impl DevicePeak {
    /// The device on which a model of `weight_bytes` reaches what was measured; the inverse of [`Speed::estimated`], so
    /// that one model that has run tells what to expect of the others. `None` where a figure is missing.
    pub fn of_measured(
        dimensions: &ModelDimensions,
        weight_bytes: u64,
        context_tokens: u32,
        speed: &Speed,
    ) -> Option<Self> {
        let unit = Self { memory_bytes_per_second: 1.0, operations_per_second: 1.0 };
        let of_unit = Speed::estimated(dimensions, weight_bytes, context_tokens, &unit);
        let ratio = |measured: Option<f64>, unit: Option<f64>| Some(measured? / unit?).filter(|peak| peak.is_finite());
        Some(Self {
            memory_bytes_per_second: ratio(speed.decode_tokens_per_second, of_unit.decode_tokens_per_second)?,
            operations_per_second: ratio(speed.prefill_tokens_per_second, of_unit.prefill_tokens_per_second)?,
        })
    }
}

impl Speed {
    /// The medians of what was measured on `device`; `None` where nothing was.
    pub fn measured(usages: &[GenerationUsage], device: &str, on: CalendarDate) -> Option<Self> {
        let speed = Self {
            prefill_tokens_per_second: median(
                usages.iter().filter_map(GenerationUsage::prefill_tokens_per_second).collect(),
            ),
            time_to_first_token_seconds: median(
                usages.iter().map(|usage| usage.prefill_seconds).filter(|&seconds| seconds > 0.0).collect(),
            ),
            decode_tokens_per_second: median(
                usages.iter().filter_map(GenerationUsage::decode_tokens_per_second).collect(),
            ),
            source: FactSource::Measured { device: device.to_owned(), on },
        };
        (speed.prefill_tokens_per_second.is_some() || speed.decode_tokens_per_second.is_some()).then_some(speed)
    }

    /// What a model of `weight_bytes` should reach. Writing a token reads every active weight and the cached keys and
    /// values once, so memory bandwidth bounds it; reading a prompt takes two operations per active weight and token,
    /// so arithmetic does (Pope et al. 2022, "Efficiently Scaling Transformer Inference").
    pub fn estimated(dimensions: &ModelDimensions, weight_bytes: u64, context_tokens: u32, peak: &DevicePeak) -> Self {
        let active = dimensions.active_parameters() as f64;
        let active_bytes = weight_bytes as f64 * (active / dimensions.parameter_count() as f64).min(1.0);
        let cache_values = 2.0 * f64::from(dimensions.layers) * dimensions.key_width() as f64;
        let read_bytes = active_bytes + 2.0 * cache_values * f64::from(context_tokens);
        let in_layers = f64::from(dimensions.layers) * dimensions.layer_matrix_parameters() as f64;
        let rate = |per_second: f64, share: f64, per_token: f64| {
            let rate = per_second * share / per_token;
            (rate.is_finite() && rate > 0.0).then_some(rate)
        };
        Self {
            // Logits are computed for the last token only.
            prefill_tokens_per_second: rate(peak.operations_per_second, ARITHMETIC_SHARE, 2.0 * in_layers),
            time_to_first_token_seconds: None,
            decode_tokens_per_second: rate(peak.memory_bytes_per_second, BANDWIDTH_SHARE, read_bytes),
            source: FactSource::Estimated { from: "the model's size and the device's memory bandwidth".to_owned() },
        }
    }

    /// From a request to its first token; `None` where that is not known.
    pub fn first_token_seconds(&self, prompt_tokens: u32) -> Option<f64> {
        match self.prefill_tokens_per_second {
            Some(rate) if rate > 0.0 => Some(f64::from(prompt_tokens) / rate),
            _ => self.time_to_first_token_seconds,
        }
    }

    /// From a request to the end of its answer; `None` where that is not known.
    pub fn answer_seconds(&self, prompt_tokens: u32, answer_tokens: u32) -> Option<f64> {
        let rate = self.decode_tokens_per_second.filter(|&rate| rate > 0.0)?;
        Some(self.first_token_seconds(prompt_tokens)? + f64::from(answer_tokens.saturating_sub(1)) / rate)
    }

    /// It was measured, not computed or promised.
    pub fn is_measured(&self) -> bool {
        matches!(self.source, FactSource::Measured { .. })
    }
}

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], upper) } else { upper })
}

#[cfg(test)]
mod tests {
    use super::super::dimensions::tests::SMOLLM2_135M;
    use super::*;

    #[test]
    fn measured_speed_is_the_median_of_the_answers() {
        let usage = |prefill_seconds, decode_seconds| GenerationUsage {
            prompt_tokens: 100,
            cached_prompt_tokens: 0,
            completion_tokens: 21,
            prefill_seconds,
            decode_seconds,
        };
        let on = "2026-11-26".parse().unwrap();
        let speed = Speed::measured(&[usage(1.0, 1.0), usage(2.0, 4.0), usage(0.5, 2.0)], "a laptop", on).unwrap();
        assert_eq!(speed.prefill_tokens_per_second, Some(100.0));
        assert_eq!(speed.time_to_first_token_seconds, Some(1.0));
        assert_eq!(speed.decode_tokens_per_second, Some(10.0));
        assert_eq!(speed.source.to_string(), "measured on a laptop, 2026-11-26");
        // 200 prompt tokens at 100 a second, then 10 more tokens at 10 a second.
        assert_eq!(speed.answer_seconds(200, 11), Some(3.0));
        assert_eq!(Speed::measured(&[GenerationUsage::default()], "a laptop", on), None);
    }

    #[test]
    fn the_estimate_is_bandwidth_over_bytes_and_arithmetic_over_weights() {
        let peak = DevicePeak { memory_bytes_per_second: 10e9, operations_per_second: 1e12 };
        let speed = Speed::estimated(&SMOLLM2_135M, 98_362_432, 1000, &peak);
        // 30 layers of 3,538,944 weights.
        let prefill = speed.prefill_tokens_per_second.unwrap();
        assert!((prefill - 0.3e12 / (2.0 * 106_168_320.0)).abs() < 1e-6, "{prefill}");
        // Norms are no matrices: 134,479,872 of 134,515,008 weights. 23,040 bytes of keys and values per position.
        let decode = speed.decode_tokens_per_second.unwrap();
        let bytes = 98_362_432.0 * 134_479_872.0 / 134_515_008.0 + 23_040_000.0;
        assert!((decode - 6e9 / bytes).abs() < 1e-6, "{decode}");
        assert!(!speed.is_measured());
        // Backwards, the speed gives the device.
        let back = DevicePeak::of_measured(&SMOLLM2_135M, 98_362_432, 1000, &speed).unwrap();
        assert!((back.memory_bytes_per_second / 10e9 - 1.0).abs() < 1e-9, "{back:?}");
        assert!((back.operations_per_second / 1e12 - 1.0).abs() < 1e-9, "{back:?}");
        // A device of which nothing is known promises nothing.
        let nothing = DevicePeak { memory_bytes_per_second: 0.0, operations_per_second: f64::NAN };
        assert_eq!(Speed::estimated(&SMOLLM2_135M, 1, 1, &nothing).answer_seconds(1, 1), None);
    }
}
