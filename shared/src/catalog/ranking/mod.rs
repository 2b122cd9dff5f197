//! Which models meet a person's requirements best, at all places in one list, and why the others don't.
//!
//! A model that is known to miss a requirement is ruled out with the reason; a speed that is only estimated rules nothing
//! out.
//! The others are scored: each factor from 0 to 1, weighed, averaged. What is not known counts as one half, neither for
//! nor against, and is shown as unknown. Equal scores are ordered by how much is known, then by name and place, so that
//! the list depends on nothing but what is known of the models.

mod factors;

use serde::{Deserialize, Serialize};

use super::{Candidate, DeviceLimits, DevicePeak, FactSource, Requirements};
use factors::{Comparison, assess};

/// What an unknown factor counts as.
const NEUTRAL_SCORE: f64 = 0.5;

/// The devices that models could run on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Devices {
    /// The one the browser runs on.
    pub browser: Device,
    /// The companion's, where one is connected.
    pub companion: Option<Device>,
}

/// A device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// What it can hold.
    pub limits: DeviceLimits,
    /// What it can do at best, to estimate the speed of models that have not run there.
    pub peak: Option<DevicePeak>,
}

/// All candidates, judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// Those that meet the requirements, the best first.
    pub ranked: Vec<Ranked>,
    /// Those that don't, in the order given.
    pub excluded: Vec<Excluded>,
}

/// A candidate that meets the requirements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The candidate.
    pub candidate: Candidate,
    /// How well, from 0 to 1: the weighted mean of its factors.
    pub score: f64,
    /// What the score is made of.
    pub factors: Vec<Factor>,
}

/// A candidate that does not meet the requirements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Excluded {
    /// The candidate.
    pub candidate: Candidate,
    /// Each requirement that it misses, in a sentence.
    pub reasons: Vec<String>,
}

/// One part of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// What is looked at.
    pub kind: FactorKind,
    /// What was found, in words.
    pub value: String,
    /// How good that is, from 0 to 1; `None` where it is not known.
    pub score: Option<f64>,
    /// How much it counts.
    pub weight: f64,
    /// Where it is known from.
    pub source: FactSource,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// Made for the task.
    Task,
    /// How it does on a benchmark.
    Quality,
    /// Knows the languages.
    Languages,
    /// Room for the longest request.
    Context,
    /// Can do what is required.
    Capabilities,
    /// Terms allow what is required.
    Licence,
    /// Texts stay where they must.
    Privacy,
    /// Room in the device's memory.
    Memory,
    /// How long an answer takes.
    Speed,
    /// What a month costs.
    Cost,
}

impl FactorKind {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Task => "Task",
            Self::Quality => "Quality",
            Self::Languages => "Languages",
            Self::Context => "Context",
            Self::Capabilities => "Capabilities",
            Self::Licence => "Licence",
            Self::Privacy => "Privacy",
            Self::Memory => "Memory",
            Self::Speed => "Speed",
            Self::Cost => "Cost",
        }
    }
}

/// Judges `candidates`.
pub fn rank(requirements: &Requirements, candidates: &[Candidate], devices: &Devices) -> Ranking {
    let comparison = Comparison::of(requirements, candidates);
    let mut ranking = Ranking::default();
    for candidate in candidates {
        let assessment = assess(requirements, candidate, devices, &comparison);
        let candidate = candidate.clone();
        if assessment.reasons.is_empty() {
            let score = weighted_mean(&assessment.factors);
            ranking.ranked.push(Ranked { candidate, score, factors: assessment.factors });
        } else {
            ranking.excluded.push(Excluded { candidate, reasons: assessment.reasons });
        }
    }
    ranking.ranked.sort_by(|a, b| {
        let unknown = |ranked: &Ranked| ranked.factors.iter().filter(|factor| factor.score.is_none()).count();
        b.score
            .total_cmp(&a.score)
            .then_with(|| unknown(a).cmp(&unknown(b)))
            .then_with(|| a.candidate.name.cmp(&b.candidate.name))
            .then_with(|| a.candidate.place.cmp(&b.candidate.place))
    });
    ranking
}

fn weighted_mean(factors: &[Factor]) -> f64 {
    let weights: f64 = factors.iter().map(|factor| factor.weight).sum();
    if weights <= 0.0 {
        return NEUTRAL_SCORE;
    }
    let scores = factors.iter().map(|factor| factor.weight * factor.score.unwrap_or(NEUTRAL_SCORE));
    scores.sum::<f64>() / weights
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::super::prices::tests::dollars;
    use super::super::{
        CandidatePlace, Capabilities, Capability, Catalog, LicenceRequirement, ModelFacts, ModelTask, Money,
        OwnHardware, Pricing, Privacy, QualityFloor, Speed, Workload,
    };
    use super::*;

    fn measured(prefill: f64, decode: f64) -> Speed {
        Speed {
            prefill_tokens_per_second: Some(prefill),
            time_to_first_token_seconds: None,
            decode_tokens_per_second: Some(decode),
            source: FactSource::Measured { device: "a laptop".to_owned(), on: "2026-11-26".parse().unwrap() },
        }
    }

    fn external(name: &str, pricing: Pricing) -> Candidate {
        Candidate {
            name: name.to_owned(),
            title: name.to_owned(),
            place: CandidatePlace::External { provider: "a provider".to_owned() },
            facts: ModelFacts {
                context_tokens: Some(128_000),
                capabilities: Capabilities { json: Some(true), tools: Some(true), ..Capabilities::default() },
                ..ModelFacts::default()
            },
            file: None,
            speed: None,
            pricing,
        }
    }

    fn candidates() -> Vec<Candidate> {
        let catalog = Catalog::built_in();
        let entry = |name| catalog.get(name).unwrap();
        let (smollm, gemma) = (entry("smollm2-135m-instruct-q4_1"), entry("gemma-3-270m-q4_k_m"));
        let companion = CandidatePlace::Companion { is_this_device: false };
        let hardware = OwnHardware {
            name: "the companion".to_owned(),
            price: 360.0,
            lifetime_years: 3.0,
            busy_watts: 100.0,
            idle_watts: 0.0,
            electricity_per_kilowatt_hour: 0.3,
            largest_utilization: 0.5,
            currency: "USD".to_owned(),
        };
        let in_browser = CandidatePlace::Browser;
        vec![
            Candidate::of_catalog(smollm, in_browser.clone(), true, Some(measured(400.0, 40.0)), Pricing::Nothing),
            Candidate::of_catalog(gemma, in_browser, false, None, Pricing::Nothing),
            Candidate::of_catalog(smollm, companion, false, Some(measured(2000.0, 200.0)), Pricing::Hardware(hardware)),
            external("large", Pricing::Tokens(dollars(2.0, 8.0))),
            external("small", Pricing::Tokens(dollars(0.15, 0.6))),
            external("unpriced", Pricing::Unknown),
        ]
    }

    fn devices() -> Devices {
        let device = |memory_bytes, peak| Device {
            limits: DeviceLimits { memory_bytes: Some(memory_bytes), ..DeviceLimits::default() },
            peak,
        };
        let peak = DevicePeak { memory_bytes_per_second: 10e9, operations_per_second: 1e11 };
        Devices { browser: device(2_000_000_000, Some(peak)), companion: Some(device(16_000_000_000, None)) }
    }

    fn text(ranking: &Ranking) -> String {
        let mut text = String::new();
        for Ranked { candidate, score, factors } in &ranking.ranked {
            writeln!(text, "{score:.3} {}, {}", candidate.name, candidate.place.title()).unwrap();
            for Factor { kind, value, score, weight, source } in factors {
                let score = score.map_or("?".to_owned(), |score| format!("{score:.2}"));
                writeln!(text, "  {} {score} x {weight}: {value} ({source})", kind.title()).unwrap();
            }
        }
        for Excluded { candidate, reasons } in &ranking.excluded {
            writeln!(text, "not {}, {}: {}", candidate.name, candidate.place.title(), reasons.join("; ")).unwrap();
        }
        text
    }

    #[test]
    fn every_factor_is_shown_with_its_source_and_every_exclusion_with_its_reason() {
        let requirements = Requirements {
            task: Some(ModelTask::Conversation),
            languages: vec!["en".to_owned()],
            capabilities: vec![Capability::Json],
            licence: LicenceRequirement::CommercialUse,
            first_token_seconds: Some(1.5),
            workload: Workload { input_tokens: 500, cached_share: 0.0, output_tokens: 101, requests_per_month: 10_000 },
            budget_per_month: Some(Money { amount: 15.0, currency: "USD".to_owned() }),
            ..Requirements::default()
        };
        let ranking = rank(&requirements, &candidates(), &devices());
        expect_test::expect![[r#"
            0.867 smollm2-135m-instruct-q4_1, this browser
              Task 1.00 x 2: made for conversation (stated by the catalogue)
              Quality 0.66 x 3: 66.3 % on PIQA, 0-shot (stated by https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, 2026-11-26)
              Languages 1.00 x 1: trained on en (stated by the catalogue)
              Context 1.00 x 1: 8192 tokens, of which 601 are needed (stated by the catalogue)
              Capabilities 1.00 x 1: has JSON (stated by the catalogue)
              Licence 1.00 x 1: Apache-2.0 (stated by the catalogue)
              Memory 1.00 x 1: needs about 130 MB of 2000 MB of memory (estimated from the model's dimensions and the device's limits)
              Speed 0.57 x 2: first token after 1.25 s, 40.0 tokens per second, an answer in 3.8 s (measured on a laptop, 2026-11-26)
              Cost 1.00 x 2: 0.00 USD per month (follows from where it runs)
            0.813 smollm2-135m-instruct-q4_1, the companion
              Task 1.00 x 2: made for conversation (stated by the catalogue)
              Quality 0.66 x 3: 66.3 % on PIQA, 0-shot (stated by https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, 2026-11-26)
              Languages 1.00 x 1: trained on en (stated by the catalogue)
              Context 1.00 x 1: 8192 tokens, of which 601 are needed (stated by the catalogue)
              Capabilities 1.00 x 1: has JSON (stated by the catalogue)
              Licence 1.00 x 1: Apache-2.0 (stated by the catalogue)
              Memory 1.00 x 1: needs about 130 MB of 16000 MB of memory (estimated from the model's dimensions and the device's limits)
              Speed 0.87 x 2: first token after 0.25 s, 200.0 tokens per second, an answer in 0.8 s (measured on a laptop, 2026-11-26)
              Cost 0.33 x 2: 10.06 USD per month (estimated from the price and power of the companion and its measured speed)
            0.673 gemma-3-270m-q4_k_m, this browser
              Task 0.00 x 2: made for completion, fine-tuning, not for conversation (stated by the catalogue)
              Quality 0.68 x 3: 67.7 % on PIQA, 0-shot (stated by https://huggingface.co/google/gemma-3-270m, 2026-11-26)
              Languages 1.00 x 1: trained on en, de, es, fr, hi, it, ja, ko, pt, zh (stated by the catalogue)
              Context 1.00 x 1: 32768 tokens, of which 601 are needed (stated by the catalogue)
              Capabilities 1.00 x 1: has JSON (stated by the catalogue)
              Licence 1.00 x 1: Gemma (stated by the catalogue)
              Memory 1.00 x 1: needs about 282 MB of 2000 MB of memory (estimated from the model's dimensions and the device's limits)
              Speed 0.20 x 2: first token after 3.34 s, 22.7 tokens per second, an answer in 7.7 s (estimated from the model's size and the device's memory bandwidth)
              Cost 1.00 x 2: 0.00 USD per month (follows from where it runs)
            0.666 small, a provider
              Task ? x 2: nobody says whether it is made for conversation (unknown)
              Quality ? x 3: no figure for PIQA, 0-shot (unknown)
              Languages ? x 1: nobody says which languages it knows (unknown)
              Context 1.00 x 1: 128000 tokens, of which 601 are needed (stated by the table of models, for a provider)
              Capabilities 1.00 x 1: has JSON (stated by the table of models, for a provider)
              Licence ? x 1: terms that nobody names: read whether they allow commercial use (unknown)
              Memory 1.00 x 1: takes no memory of yours (follows from where it runs)
              Speed ? x 2: nobody has measured it yet (unknown)
              Cost 0.91 x 2: 1.36 USD per month (price list https://example.com/prices, 2026-11-26)
            0.607 unpriced, a provider
              Task ? x 2: nobody says whether it is made for conversation (unknown)
              Quality ? x 3: no figure for PIQA, 0-shot (unknown)
              Languages ? x 1: nobody says which languages it knows (unknown)
              Context 1.00 x 1: 128000 tokens, of which 601 are needed (stated by the table of models, for a provider)
              Capabilities 1.00 x 1: has JSON (stated by the table of models, for a provider)
              Licence ? x 1: terms that nobody names: read whether they allow commercial use (unknown)
              Memory 1.00 x 1: takes no memory of yours (follows from where it runs)
              Speed ? x 2: nobody has measured it yet (unknown)
              Cost ? x 2: nobody says what it costs (unknown)
            not large, a provider: costs 18.08 USD per month, and the budget is 15.00 USD
        "#]].assert_eq(&text(&ranking));
    }

    #[test]
    fn what_does_not_fit_says_what_it_needs() {
        let limits = DeviceLimits { memory_bytes: Some(100_000_000), ..DeviceLimits::default() };
        let devices = Devices { browser: Device { limits, peak: None }, companion: None };
        let ranking = rank(&Requirements::default(), &candidates()[..1], &devices);
        assert_eq!(ranking.excluded[0].reasons, ["does not fit this browser: needs about 135 MB of 100 MB of memory"]);
    }

    #[test]
    fn what_must_stay_here_is_not_sent_away() {
        let requirements = Requirements {
            languages: vec!["de".to_owned()],
            quality_floor: Some(QualityFloor { benchmark: "PIQA, 0-shot".to_owned(), percent: 67.0 }),
            context_tokens: Some(30_000),
            privacy: Privacy::ThisDevice,
            ..Requirements::default()
        };
        let small = Device {
            limits: DeviceLimits { memory_bytes: Some(2_000_000_000), ..DeviceLimits::default() },
            peak: None,
        };
        let ranking = rank(&requirements, &candidates(), &Devices { browser: small, companion: None });
        expect_test::expect![[r#"
            0.821 gemma-3-270m-q4_k_m, this browser
              Quality 0.68 x 3: 67.7 % on PIQA, 0-shot (stated by https://huggingface.co/google/gemma-3-270m, 2026-11-26)
              Languages 1.00 x 1: trained on en, de, es, fr, hi, it, ja, ko, pt, zh (stated by the catalogue)
              Context 1.00 x 1: 32768 tokens, of which 30000 are needed (stated by the catalogue)
              Privacy 1.00 x 1: texts stay on this device (follows from where it runs)
              Memory 1.00 x 1: needs about 1366 MB of 2000 MB of memory (estimated from the model's dimensions and the device's limits)
              Speed ? x 2: nobody has measured it yet (unknown)
              Cost 1.00 x 2: 0.00 USD per month (follows from where it runs)
            not smollm2-135m-instruct-q4_1, this browser: reaches 66.3 % on PIQA, 0-shot, and at least 67 % is required; was not trained on de, only on en; has a context of 8192 tokens, and 30000 are required
            not smollm2-135m-instruct-q4_1, the companion: reaches 66.3 % on PIQA, 0-shot, and at least 67 % is required; was not trained on de, only on en; has a context of 8192 tokens, and 30000 are required; sends texts to the companion, and they must stay on this device; would run on the companion, and none is connected
            not large, a provider: sends texts to a provider, and they must stay on this device
            not small, a provider: sends texts to a provider, and they must stay on this device
            not unpriced, a provider: sends texts to a provider, and they must stay on this device
        "#]].assert_eq(&text(&ranking));
    }

    #[test]
    fn an_unknown_cost_is_neither_free_nor_dear() {
        let requirements = Requirements::default();
        let score = |pricing| rank(&requirements, &[external("a", pricing)], &Devices::default()).ranked[0].score;
        let unknown = score(Pricing::Unknown);
        assert!(score(Pricing::Tokens(dollars(0.0, 0.0))) > unknown);
        assert!(score(Pricing::Tokens(dollars(100.0, 500.0))) < unknown);
        let euros = super::super::TokenPrice { currency: "EUR".to_owned(), ..dollars(1.0, 1.0) };
        let both = [external("a", Pricing::Tokens(euros)), external("b", Pricing::Tokens(dollars(1.0, 1.0)))];
        let budget = Some(Money { amount: 100.0, currency: "USD".to_owned() });
        let ranking = rank(&Requirements { budget_per_month: budget, ..requirements }, &both, &Devices::default());
        let in_euros = ranking.ranked.iter().find(|ranked| ranked.candidate.name == "a").unwrap();
        let cost = in_euros.factors.iter().find(|factor| factor.kind == FactorKind::Cost).unwrap();
        assert_eq!(cost.score, None, "{}", cost.value);
    }

    #[test]
    fn an_estimate_rules_nothing_out_and_a_measurement_does() {
        let requirements = Requirements { decode_tokens_per_second: Some(1000.0), ..Requirements::default() };
        let mut candidate = candidates().remove(0);
        assert_eq!(rank(&requirements, &[candidate.clone()], &devices()).excluded.len(), 1);
        candidate.speed = None;
        let ranking = rank(&requirements, &[candidate], &devices());
        let speed = ranking.ranked[0].factors.iter().find(|factor| factor.kind == FactorKind::Speed).unwrap();
        assert!(speed.score.is_some_and(|score| score < 0.5));
        assert!(speed.source.to_string().starts_with("estimated from "));

        // 1 s and 199 / 115 s for each of a million requests a month are more than a month has.
        let workload = Workload { requests_per_month: 1_000_000, ..Requirements::default().workload };
        let requirements = Requirements { workload, ..Requirements::default() };
        let mut candidate = candidates().remove(2);
        candidate.speed = Some(measured(500.0, 115.0));
        assert_eq!(rank(&requirements, &[candidate.clone()], &devices()).excluded.len(), 1);
        candidate.speed =
            Some(Speed { source: FactSource::Estimated { from: "a guess".to_owned() }, ..measured(500.0, 115.0) });
        let ranking = rank(&requirements, &[candidate], &devices());
        let cost = ranking.ranked[0].factors.iter().find(|factor| factor.kind == FactorKind::Cost).unwrap();
        assert_eq!(cost.score, Some(0.0), "{}", cost.value);
    }

    /// The place of the candidate called `name`; those ruled out come after all others.
    fn place(ranking: &Ranking, name: &str) -> usize {
        let place = ranking.ranked.iter().position(|ranked| ranked.candidate.name == name);
        place.unwrap_or(usize::MAX)
    }

    proptest! {
        #[test]
        fn a_higher_price_never_ranks_better(
            input in 0.0_f64..50.0, output in 0.0_f64..200.0, more in 0.0_f64..50.0,
            budget in proptest::option::of(0.0_f64..500.0)
        ) {
            let budget_per_month = budget.map(|amount| Money { amount, currency: "USD".to_owned() });
            let requirements = Requirements { budget_per_month, ..Requirements::default() };
            let place_at = |price| {
                let mut candidates = candidates();
                candidates.push(external("changing", Pricing::Tokens(price)));
                place(&rank(&requirements, &candidates, &devices()), "changing")
            };
            prop_assert!(place_at(dollars(input, output)) <= place_at(dollars(input + more, output + more)));
        }

        #[test]
        fn the_order_given_does_not_matter(order in Just((0..6).collect::<Vec<usize>>()).prop_shuffle()) {
            let all = candidates();
            let shuffled: Vec<Candidate> = order.iter().map(|&index| all[index].clone()).collect();
            let requirements = Requirements::default();
            let names = |candidates: &[Candidate]| -> Vec<(String, CandidatePlace)> {
                let ranking = rank(&requirements, candidates, &devices());
                ranking.ranked.into_iter().map(|ranked| (ranked.candidate.name, ranked.candidate.place)).collect()
            };
            prop_assert_eq!(names(&all), names(&shuffled));
        }

        #[test]
        fn more_context_never_admits_more_models(context in 1_u32..200_000, more in 0_u32..200_000) {
            let admitted = |context_tokens| {
                let requirements = Requirements { context_tokens: Some(context_tokens), ..Requirements::default() };
                rank(&requirements, &candidates(), &devices()).ranked.len()
            };
            prop_assert!(admitted(context) >= admitted(context + more));
        }
    }
}
