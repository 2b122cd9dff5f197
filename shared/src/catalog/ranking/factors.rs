//! Each factor of a score: what was found, how good that is, and whether it rules the model out.

use std::collections::BTreeMap;

use super::super::{
    Candidate, CandidatePlace, DeviceFit, DeviceLimits, FactSource, LicenceRequirement, Pricing, Privacy, Requirements,
    Speed,
};
use super::{Device, Devices, Factor, FactorKind};

/// An answer that takes this long scores one half.
const HALF_SCORE_SECONDS: f64 = 5.0;

/// Where there is no budget, a month that costs this many dollars, or units of a currency of about that worth, scores
/// one half.
const HALF_SCORE_COST: f64 = 10.0;

/// What was found about one candidate.
#[derive(Default)]
pub(super) struct Assessment {
    pub(super) factors: Vec<Factor>,
    /// Requirements that it misses.
    pub(super) reasons: Vec<String>,
}

/// What candidates are compared by, the same for all of them.
pub(super) struct Comparison {
    /// The benchmark that quality is compared on: the one required, or the one that most candidates have.
    benchmark: Option<String>,
    /// The currency of costs: the budget's, or the one that most candidates have.
    currency: String,
}

impl Comparison {
    pub(super) fn of(requirements: &Requirements, candidates: &[Candidate]) -> Self {
        let benchmark = requirements.quality_floor.as_ref().map(|floor| floor.benchmark.clone()).or_else(|| {
            let facts = candidates.iter().flat_map(|candidate| &candidate.facts.quality);
            most_common(facts.map(|fact| fact.benchmark.as_str()))
        });
        let currency = match &requirements.budget_per_month {
            Some(budget) => Some(budget.currency.clone()),
            None => most_common(candidates.iter().filter_map(|candidate| match &candidate.pricing {
                Pricing::Tokens(price) => Some(price.currency.as_str()),
                Pricing::Hardware(hardware) => Some(hardware.currency.as_str()),
                Pricing::Nothing | Pricing::Unknown => None,
            })),
        };
        let currency = currency.unwrap_or_else(|| "USD".to_owned());
        Self { benchmark, currency }
    }
}

/// Looks at everything that is required of `candidate`, and at what tells good from better.
pub(super) fn assess(
    requirements: &Requirements,
    candidate: &Candidate,
    devices: &Devices,
    comparison: &Comparison,
) -> Assessment {
    let device = device(candidate, devices);
    let speed = speed(requirements, candidate, device);
    let mut assessment = Assessment::default();
    assessment.task(requirements, candidate);
    assessment.quality(requirements, candidate, comparison);
    assessment.languages(requirements, candidate);
    assessment.context(requirements, candidate);
    assessment.capabilities(requirements, candidate);
    assessment.licence(requirements, candidate);
    assessment.privacy(requirements, candidate);
    assessment.memory(requirements, candidate, device.map(|device| &device.limits));
    assessment.speed(requirements, speed.as_ref());
    assessment.cost(requirements, candidate, speed.as_ref(), comparison);
    assessment.factors.retain(|factor| factor.weight > 0.0);
    assessment
}

/// Where nobody but the catalogue says so.
fn catalogue(candidate: &Candidate) -> FactSource {
    let by = match &candidate.place {
        CandidatePlace::External { provider } => format!("the table of models, for {provider}"),
        _ => "the catalogue".to_owned(),
    };
    FactSource::Stated { by, as_of: None }
}

impl Assessment {
    fn add(&mut self, kind: FactorKind, weight: f64, value: String, score: Option<f64>, source: FactSource) {
        let source = if score.is_none() && !matches!(source, FactSource::PriceList { .. }) {
            FactSource::Unknown
        } else {
            source
        };
        self.factors.push(Factor { kind, value, score: score.map(|score| score.clamp(0.0, 1.0)), weight, source });
    }

    fn task(&mut self, requirements: &Requirements, candidate: &Candidate) {
        let Some(task) = requirements.task else { return };
        let (value, score) = match &candidate.facts.tasks {
            None => (format!("nobody says whether it is made for {}", task.title()), None),
            Some(tasks) if tasks.contains(&task) => (format!("made for {}", task.title()), Some(1.0)),
            Some(tasks) => {
                let made_for: Vec<&str> = tasks.iter().map(|task| task.title()).collect();
                (format!("made for {}, not for {}", made_for.join(", "), task.title()), Some(0.0))
            }
        };
        self.add(FactorKind::Task, requirements.weights.task, value, score, catalogue(candidate));
    }

    fn quality(&mut self, requirements: &Requirements, candidate: &Candidate, comparison: &Comparison) {
        let Some(benchmark) = &comparison.benchmark else { return };
        let fact = candidate.facts.quality.iter().find(|fact| fact.benchmark == *benchmark);
        let weight = requirements.weights.quality;
        let Some(fact) = fact else {
            let value = format!("no figure for {benchmark}");
            return self.add(FactorKind::Quality, weight, value, None, FactSource::Unknown);
        };
        if let Some(floor) = requirements.quality_floor.as_ref().filter(|floor| fact.percent < floor.percent) {
            let (reached, least) = (fact.percent, floor.percent);
            self.reasons.push(format!("reaches {reached} % on {benchmark}, and at least {least} % is required"));
        }
        let value = format!("{} % on {benchmark}", fact.percent);
        self.add(FactorKind::Quality, weight, value, Some(fact.percent / 100.0), fact.fact_source());
    }

    fn languages(&mut self, requirements: &Requirements, candidate: &Candidate) {
        if requirements.languages.is_empty() {
            return;
        }
        let (value, score) = match &candidate.facts.languages {
            None => ("nobody says which languages it knows".to_owned(), None),
            Some(known) => {
                let missing: Vec<&str> = requirements
                    .languages
                    .iter()
                    .filter(|language| !known.iter().any(|known| known.eq_ignore_ascii_case(language)))
                    .map(String::as_str)
                    .collect();
                if !missing.is_empty() {
                    let (missing, known) = (missing.join(", "), known.join(", "));
                    self.reasons.push(format!("was not trained on {missing}, only on {known}"));
                }
                (format!("trained on {}", known.join(", ")), Some(1.0))
            }
        };
        self.add(FactorKind::Languages, requirements.weights.languages, value, score, catalogue(candidate));
    }

    fn context(&mut self, requirements: &Requirements, candidate: &Candidate) {
        let needed = requirements.needed_context_tokens();
        let (value, score) = match candidate.facts.context_tokens {
            None => (format!("nobody says whether {needed} tokens fit its context"), None),
            Some(context_tokens) => {
                if context_tokens < needed {
                    self.reasons.push(format!("has a context of {context_tokens} tokens, and {needed} are required"));
                }
                (format!("{context_tokens} tokens, of which {needed} are needed"), Some(1.0))
            }
        };
        self.add(FactorKind::Context, requirements.weights.context, value, score, catalogue(candidate));
    }

    fn capabilities(&mut self, requirements: &Requirements, candidate: &Candidate) {
        if requirements.capabilities.is_empty() {
            return;
        }
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for &capability in &requirements.capabilities {
            match candidate.facts.capabilities.get(capability) {
                Some(true) => known.push(capability.title()),
                Some(false) => self.reasons.push(format!("has no {}, which is required", capability.title())),
                None => unknown.push(capability.title()),
            }
        }
        let (value, score) = if unknown.is_empty() {
            (format!("has {}", known.join(", ")), Some(1.0))
        } else {
            (format!("nobody says whether it has {}", unknown.join(", ")), None)
        };
        self.add(FactorKind::Capabilities, requirements.weights.capabilities, value, score, catalogue(candidate));
    }

    fn licence(&mut self, requirements: &Requirements, candidate: &Candidate) {
        let licence = candidate.facts.licence.as_ref();
        let (is_met, wanted) = match requirements.licence {
            LicenceRequirement::Any => return,
            LicenceRequirement::Open => (licence.and_then(|licence| licence.is_open()), "an open-source licence"),
            LicenceRequirement::CommercialUse => {
                (licence.and_then(|licence| licence.allows_commercial_use()), "commercial use")
            }
        };
        let id = licence.map_or("terms that nobody names", |licence| licence.id.as_str());
        if is_met == Some(false) {
            self.reasons.push(format!("comes under {id}, and {wanted} is required"));
        }
        let value = match is_met {
            None => format!("{id}: read whether they allow {wanted}"),
            Some(_) => id.to_owned(),
        };
        self.add(FactorKind::Licence, requirements.weights.licence, value, is_met.map(|_| 1.0), catalogue(candidate));
    }

    fn privacy(&mut self, requirements: &Requirements, candidate: &Candidate) {
        let reach = candidate.place.privacy();
        if requirements.privacy == Privacy::Anywhere {
            return;
        }
        if reach > requirements.privacy {
            let allowed = match requirements.privacy {
                Privacy::ThisDevice => "they must stay on this device",
                _ => "they must stay on servers of your own",
            };
            self.reasons.push(format!("sends texts to {}, and {allowed}", candidate.place.title()));
        }
        let value = match reach {
            Privacy::ThisDevice => "texts stay on this device",
            Privacy::OwnServers => "texts stay on servers of your own",
            Privacy::Anywhere => "texts go to somebody else",
        };
        let weight = requirements.weights.privacy;
        self.add(FactorKind::Privacy, weight, value.to_owned(), Some(1.0), FactSource::Place);
    }

    fn memory(&mut self, requirements: &Requirements, candidate: &Candidate, limits: Option<&DeviceLimits>) {
        let weight = requirements.weights.memory;
        if matches!(candidate.place, CandidatePlace::External { .. }) {
            let value = "takes no memory of yours".to_owned();
            return self.add(FactorKind::Memory, weight, value, Some(1.0), FactSource::Place);
        }
        let Some(limits) = limits else {
            self.reasons.push("would run on the companion, and none is connected".to_owned());
            return;
        };
        let Some(file) = &candidate.file else {
            let value = "nobody says what it takes".to_owned();
            return self.add(FactorKind::Memory, weight, value, None, FactSource::Unknown);
        };
        let limits = DeviceLimits { storage_bytes: limits.storage_bytes.filter(|_| !file.is_stored), ..*limits };
        let context_tokens = requirements.needed_context_tokens();
        let fit = limits.place(&file.dimensions, file.size_bytes, context_tokens).fit;
        let score = match &fit {
            DeviceFit::Fits(_) => Some(1.0),
            DeviceFit::Tight(_) => Some(0.5),
            DeviceFit::Unknown(_) => None,
            DeviceFit::DoesNotFit(reason) => {
                self.reasons.push(format!("does not fit {}: {reason}", candidate.place.title()));
                return;
            }
        };
        let source = FactSource::Estimated { from: "the model's dimensions and the device's limits".to_owned() };
        self.add(FactorKind::Memory, weight, fit.reason().to_owned(), score, source);
    }

    fn speed(&mut self, requirements: &Requirements, speed: Option<&Speed>) {
        let weight = requirements.weights.speed;
        let Some(speed) = speed else {
            let value = "nobody has measured it yet".to_owned();
            return self.add(FactorKind::Speed, weight, value, None, FactSource::Unknown);
        };
        let workload = &requirements.workload;
        let first = speed.first_token_seconds(workload.input_tokens);
        let answer = speed.answer_seconds(workload.input_tokens, workload.output_tokens);
        let mut misses = Vec::new();
        if let (Some(seconds), Some(most)) = (first, requirements.first_token_seconds)
            && seconds > most
        {
            misses.push(format!("takes {seconds:.2} s to the first token, and at most {most} s are allowed"));
        }
        if let (Some(rate), Some(least)) = (speed.decode_tokens_per_second, requirements.decode_tokens_per_second)
            && rate < least
        {
            misses.push(format!("writes {rate:.1} tokens per second, and at least {least} are required"));
        }
        let value = match (first, speed.decode_tokens_per_second, answer) {
            (Some(first), Some(rate), Some(answer)) => {
                format!("first token after {first:.2} s, {rate:.1} tokens per second, an answer in {answer:.1} s")
            }
            (Some(first), _, _) => format!("first token after {first:.2} s"),
            (None, Some(rate), _) => format!("{rate:.1} tokens per second"),
            (None, None, _) => "nobody says how fast it is".to_owned(),
        };
        let score = answer.map(|seconds| {
            let score = HALF_SCORE_SECONDS / (HALF_SCORE_SECONDS + seconds);
            // An estimate rules nothing out, but it counts.
            if misses.is_empty() { score } else { score / 2.0 }
        });
        if speed.is_measured() {
            self.reasons.append(&mut misses);
        }
        self.add(FactorKind::Speed, weight, value, score, speed.source.clone());
    }

    fn cost(
        &mut self,
        requirements: &Requirements,
        candidate: &Candidate,
        speed: Option<&Speed>,
        comparison: &Comparison,
    ) {
        let weight = requirements.weights.cost;
        let requests = requests(requirements);
        let mut unknown = |value: String, source| self.add(FactorKind::Cost, weight, value, None, source);
        let cost = match candidate.cost(&requirements.workload, speed, &comparison.currency) {
            Ok(Some(cost)) => cost,
            Ok(None) => return unknown("nobody says what it costs".to_owned(), FactSource::Unknown),
            Err(error) => return unknown(error.to_string(), FactSource::Unknown),
        };
        let Some(month) = cost.per_month(requests) else {
            let most = cost.most_requests_per_month.unwrap_or_default();
            let sentence = format!("can answer {most} requests a month, and {requests} are required");
            if speed.is_some_and(Speed::is_measured) {
                self.reasons.push(sentence);
            } else {
                self.add(FactorKind::Cost, weight, sentence, Some(0.0), cost.source);
            }
            return;
        };
        let value = format!("{month} per month");
        if month.currency != comparison.currency && month.amount > 0.0 {
            let value =
                format!("{value}, which can't be compared with {} without an exchange rate", comparison.currency);
            return unknown(value, cost.source);
        }
        if let Some(budget) = requirements.budget_per_month.as_ref().filter(|budget| month.amount > budget.amount) {
            self.reasons.push(format!("costs {value}, and the budget is {budget}"));
        }
        let score = match &requirements.budget_per_month {
            Some(budget) if month.amount > 0.0 => 1.0 - month.amount / budget.amount,
            _ => HALF_SCORE_COST / (HALF_SCORE_COST + month.amount),
        };
        self.add(FactorKind::Cost, weight, value, Some(score), cost.source);
    }
}

/// Requests of a month; where none are stated, costs are compared by a single one.
fn requests(requirements: &Requirements) -> u64 {
    requirements.workload.requests_per_month.max(1)
}

/// The device that `candidate` would run on, where one knows it.
fn device<'a>(candidate: &Candidate, devices: &'a Devices) -> Option<&'a Device> {
    match candidate.place {
        CandidatePlace::Browser => Some(&devices.browser),
        CandidatePlace::Companion { .. } => devices.companion.as_ref(),
        CandidatePlace::External { .. } => None,
    }
}

/// The speed that is known, or else what it should be.
fn speed(requirements: &Requirements, candidate: &Candidate, device: Option<&Device>) -> Option<Speed> {
    candidate.speed.clone().or_else(|| {
        let (file, peak) = (candidate.file.as_ref()?, device?.peak.as_ref()?);
        let context_tokens = requirements.needed_context_tokens();
        Some(Speed::estimated(&file.dimensions, file.size_bytes, context_tokens, peak))
    })
}

/// What is there most often; of equals the first in the alphabet.
fn most_common<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    // The last of equal maximums wins, so go through the alphabet backwards.
    counts.into_iter().rev().max_by_key(|&(_, count)| count).map(|(text, _)| text.to_owned())
}
